//! A message on its way to a service, and what comes back.

use crate::{Cid, Deadline, Error, ErrorKind};
use bytes::Bytes;
use std::sync::Arc;

/// A name and its value; names may repeat and order is kept (headers, query parameters).
pub type Field = (String, String);

/// How deep services may call each other in one chain. Deeper than any sane design, and shallow enough that a
/// service that calls itself in a circle ends soon.
pub const MAX_DEPTH: u8 = 32;

/// One call of one service. Every kind of channel makes one of these and gives it to the
/// [`Invoker`](crate::Invoker).
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Correlation id, inherited by nested calls and by every log record.
    pub cid: Cid,
    /// Name of the service that is called.
    pub service: Arc<str>,
    /// Name of the channel that the message came through: `dev`, `admin`, `invoke`, later the operator's own names.
    pub channel: Arc<str>,
    /// Who calls, when the channel has authenticated anyone.
    pub principal: Option<Arc<str>>,
    /// When the host stops this invocation, waiting included. Services may have a shorter limit of their own.
    pub deadline: Deadline,
    /// 1 for the first delivery, 2 for the first retry.
    pub attempt: u32,
    /// W3C Trace Context.
    pub trace: Trace,
    /// 0 for a message from outside, 1 for a call by a service that answers such a message, and so on.
    pub depth: u8,
    /// The message.
    pub request: Request,
}

impl Invocation {
    /// The invocation of another service from within this one: same correlation id, principal, deadline and trace.
    ///
    /// # Errors
    ///
    /// `quota-exceeded` when the chain of calls has reached [`MAX_DEPTH`].
    pub fn nested(&self, service: &str, request: Request) -> Result<Self, Error> {
        if self.depth >= MAX_DEPTH {
            return Err(Error::new(
                ErrorKind::QuotaExceeded,
                format!(
                    "services call each other more than {MAX_DEPTH} deep (limit depth); last wanted: {service}"
                ),
            ));
        }
        Ok(Self {
            cid: self.cid.clone(),
            service: service.into(),
            channel: "invoke".into(),
            principal: self.principal.clone(),
            deadline: self.deadline,
            attempt: 1,
            trace: self.trace.clone(),
            depth: self.depth + 1,
            request,
        })
    }
}

/// W3C Trace Context (<https://www.w3.org/TR/trace-context/>), carried as received.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The `traceparent` value.
    pub traceparent: Option<Arc<str>>,
    /// The `tracestate` value.
    pub tracestate: Option<Arc<str>>,
}

/// The message itself.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The HTTP side, when it came by HTTP.
    pub http: Option<Http>,
    /// Media type of the body, when known.
    pub content_type: Option<String>,
    /// The body, as received.
    pub body: Bytes,
}

/// The HTTP side of a message.
#[derive(Clone, Debug, Default)]
pub struct Http {
    /// Upper case.
    pub method: String,
    /// As received, percent-encoded, without the query.
    pub path: String,
    /// As received, without the `?`; empty when there is none.
    pub query: String,
    /// What the channel's path template captured, decoded.
    pub params: Vec<Field>,
    /// Names in lower case.
    pub headers: Vec<Field>,
}

/// What a service answered.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// An HTTP status.
    pub status: u16,
    /// As the service set them. The channel refuses what is not a valid header.
    pub headers: Vec<Field>,
    /// The body.
    pub body: Bytes,
}
