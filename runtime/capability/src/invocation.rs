//! A message on its way to a service, and what comes back.

use crate::{Chain, Cid, Deadline, Error, ErrorKind};
use bytes::Bytes;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

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
    /// The channel that the message came through.
    pub channel: Arc<ChannelInfo>,
    /// Who calls, when the channel has authenticated anyone.
    pub principal: Option<Arc<Principal>>,
    /// The network address that the message came from, when there is one.
    pub peer: Option<IpAddr>,
    /// When the host stops this invocation, waiting included. Services may have a shorter limit of their own.
    pub deadline: Deadline,
    /// 1 for the first delivery, 2 for the first retry.
    pub attempt: u32,
    /// W3C Trace Context.
    pub trace: Trace,
    /// 0 for a message from outside, 1 for a call by a service that answers such a message, and so on.
    pub depth: u8,
    /// What it has from those that it follows.
    pub chain: Chain,
    /// The message.
    pub request: Request,
}

impl Invocation {
    /// The invocation of another service from within this one: same correlation id, principal, deadline and trace.
    ///
    /// # Errors
    ///
    /// `quota-exceeded` when the chain of calls has reached [`MAX_DEPTH`], or the message has set in motion
    /// [`MAX_CALLS`](crate::chain::MAX_CALLS).
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
            channel: ChannelInfo::plain("invoke"),
            principal: self.principal.clone(),
            peer: self.peer,
            deadline: self.deadline,
            attempt: 1,
            trace: self.trace.clone(),
            depth: self.depth + 1,
            chain: self.chain.next(service)?,
            request,
        })
    }
}

/// What a service may know about the channel that its message came through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelInfo {
    /// Its name: the operator's, or `dev`, `admin`, `invoke`.
    pub name: Arc<str>,
    /// `rest`, `soap`, `dev`, `admin`, `invoke`, and those of calls in the background.
    pub kind: &'static str,
    /// What bodies are, when the operator said so: `json`, `form`, `raw`, `soap`.
    pub data_format: Option<&'static str>,
    /// Of a query parameter and a path parameter of one name, the path's counts. Otherwise the query's.
    pub path_over_query: bool,
    /// Of a URL parameter and a field of the body of one name: `Some(true)` if the URL's counts, `Some(false)` if the body's
    /// does, nothing if it follows from what the service declares.
    pub url_over_body: Option<bool>,
}

impl ChannelInfo {
    /// A channel of the host's own, whose name is its kind.
    #[must_use]
    pub fn plain(kind: &'static str) -> Arc<Self> {
        Arc::new(Self {
            name: kind.into(),
            kind,
            data_format: None,
            path_over_query: false,
            url_over_body: None,
        })
    }
}

/// An authenticated caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Principal {
    /// Who it is: a user name, a subject, the name of a key.
    pub name: Arc<str>,
    /// The security definition that vouches for it.
    pub definition: Arc<str>,
    /// The definition's type: `basic-auth`, `api-key`, `jwt`, `mtls`, `wss`, `admin`.
    pub kind: &'static str,
    /// The claims of its token, a JSON object.
    pub claims: Option<Arc<str>>,
}

impl Principal {
    /// A caller without claims.
    pub fn new(name: impl Into<Arc<str>>, definition: impl Into<Arc<str>>, kind: &'static str) -> Self {
        Self { name: name.into(), definition: definition.into(), kind, claims: None }
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
    /// The SOAP side, when it is a SOAP message.
    pub soap: Option<Box<Soap>>,
    /// The messaging side, when a broker delivered it.
    pub message: Option<Box<Message>>,
    /// Media type of the body, when known.
    pub content_type: Option<String>,
    /// The body, as received; of a SOAP message, what is within the operation, as JSON.
    pub body: Bytes,
}

/// The messaging side of a message: what its broker says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The queue, topic or stream that it came from.
    pub source: String,
    /// The broker's or the sender's name for it.
    pub id: Option<String>,
    /// What it was routed or ordered by.
    pub key: Option<String>,
    /// The broker says that it was delivered before.
    pub redelivered: bool,
    /// The sender's headers; values that are no text are JSON.
    pub headers: Vec<Field>,
    /// What else the protocol says, by its own names.
    pub properties: Vec<Field>,
}

/// What becomes of a message of a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It is done.
    Acknowledge,
    /// It is delivered again, after this time if given.
    Retry(Option<Duration>),
    /// It goes to the dead letters, if there are any.
    Reject,
}

/// The SOAP side of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Soap {
    /// `1.1` or `1.2`.
    pub version: String,
    /// What the client says that it wants (`SOAPAction`).
    pub action: Option<String>,
    /// Name of the operation, which is the first element of the body.
    pub operation: String,
    /// Its namespace.
    pub namespace: Option<String>,
    /// The header blocks, but for those of WS-Security: they hold credentials.
    pub headers: Vec<SoapHeader>,
}

/// A header block of a SOAP message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SoapHeader {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: Option<String>,
    /// What is within, as JSON by the rules of the body.
    pub content: String,
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
#[derive(Debug, Default)]
pub struct Response {
    /// An HTTP status.
    pub status: u16,
    /// As the service set them. The channel refuses what is not a valid header.
    pub headers: Vec<Field>,
    /// The body.
    pub body: Body,
    /// What becomes of the message, when the service says so; for messages of brokers only.
    pub settlement: Option<Settlement>,
}

/// The body of an answer.
pub enum Body {
    /// All of it.
    Whole(Bytes),
    /// Piece by piece, while the service still runs; dropping it stops the service. An error ends it early: what was sent
    /// until then cannot be taken back, so the connection is cut.
    Stream(BodyStream),
}

/// The pieces of a body.
pub type BodyStream = std::pin::Pin<Box<dyn futures_util::Stream<Item = Result<Bytes, Error>> + Send>>;

impl Body {
    /// The bytes, when it is whole.
    #[must_use]
    pub fn whole(&self) -> Option<&Bytes> {
        match self {
            Self::Whole(bytes) => Some(bytes),
            Self::Stream(_) => None,
        }
    }
}

impl Body {
    /// All of it, waiting for the pieces when it comes in pieces.
    ///
    /// # Errors
    ///
    /// What ended the stream early; `quota-exceeded` when there is more than `limit` bytes.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the stream, which stops the service.
    pub async fn collect(self, limit: u64) -> Result<Bytes, Error> {
        use futures_util::StreamExt as _;
        let mut pieces = match self {
            Self::Whole(bytes) => return Ok(bytes),
            Self::Stream(pieces) => pieces,
        };
        let mut all = Vec::new();
        while let Some(piece) = pieces.next().await {
            all.extend_from_slice(&piece?);
            if all.len() as u64 > limit {
                let text = format!("the answer is larger than {limit} bytes");
                return Err(Error::new(ErrorKind::QuotaExceeded, text));
            }
        }
        Ok(all.into())
    }
}

impl Body {
    /// The same body, which tells when it has ended and how: at once when it is whole. What is dropped before its end drops `ended`
    /// without a call.
    #[must_use]
    pub fn observed(self, ended: impl FnOnce(Result<(), &Error>) + Send + 'static) -> Self {
        use futures_util::StreamExt as _;
        let mut pieces = match self {
            Self::Whole(bytes) => {
                ended(Ok(()));
                return Self::Whole(bytes);
            }
            Self::Stream(pieces) => pieces,
        };
        let mut ended = Some(ended);
        Self::Stream(Box::pin(futures_util::stream::poll_fn(move |context| {
            let piece = std::task::ready!(pieces.poll_next_unpin(context));
            let end = match &piece {
                Some(Ok(_)) => None,
                Some(Err(error)) => Some(Err(error)),
                None => Some(Ok(())),
            };
            if let Some((end, ended)) = end.and_then(|end| Some((end, ended.take()?))) {
                ended(end);
            }
            std::task::Poll::Ready(piece)
        })))
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::Whole(Bytes::new())
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self::Whole(bytes.into())
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(bytes) => f.debug_tuple("Whole").field(bytes).finish(),
            Self::Stream(_) => f.write_str("Stream(..)"),
        }
    }
}
