//! The description of REST channels, at `/openapi.json`: an OpenAPI 3.1 document of those that their operators publish, and in
//! development mode of all services.
//!
//! * `document`: routes and what services declare become the document. `operation`: one method of a path.
//! * `schema`: what services declare becomes components of the document.
//!
//! Whoever reaches the port may read it: it says what may be called and how callers prove who they are, but not who they are. It is
//! made again when routes or services have changed, and not for each request.

mod document;
mod operation;
mod schema;
#[cfg(test)]
mod tests;

pub(crate) use document::make;

use crate::answer::Known;
use bytes::Bytes;
use caisson_capability::Response;
use caisson_definition::RestChannel;
use caisson_definition::model::DataFormat;
use caisson_security::{Credentials, Guard};
use http::HeaderMap;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};

/// Where it is, unless an operator's channel is there.
pub(crate) const PATH: &str = "/openapi.json";

/// A channel as the document shows it.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    /// The channel's name.
    pub(crate) channel: String,
    /// The path with its parameters in braces.
    pub(crate) path: String,
    /// In upper case, at least one.
    pub(crate) methods: Vec<&'static str>,
    pub(crate) service: String,
    pub(crate) data_format: Option<DataFormat>,
    /// How callers prove who they are: in any of these ways. Empty where everybody may call.
    pub(crate) credentials: Vec<Credentials>,
    /// Not everybody may call, for one reason or another.
    pub(crate) is_guarded: bool,
}

impl Published {
    /// Nothing for a channel that its operator does not publish.
    pub(crate) fn of(channel: &RestChannel, methods: Vec<&'static str>, guard: &Guard) -> Option<Self> {
        channel.openapi.then(|| Self {
            channel: channel.name.clone(),
            path: channel.path.clone(),
            methods,
            service: channel.service.clone(),
            data_format: channel.data_format,
            credentials: guard.credentials(),
            is_guarded: !guard.is_open() || !channel.allow_from.is_empty(),
        })
    }
}

/// The document.
#[derive(Debug)]
pub(crate) struct Document {
    body: Bytes,
    tag: String,
}

impl Document {
    /// The answer to a request for it.
    pub(crate) fn answer(&self, headers: &HeaderMap) -> Response {
        let header = |name: http::HeaderName, value: &str| (name.as_str().to_owned(), value.to_owned());
        let mut response = Response {
            status: 200,
            headers: vec![
                header(CONTENT_TYPE, "application/json"),
                header(CACHE_CONTROL, "no-cache"),
                header(ETAG, &self.tag),
            ],
            body: self.body.clone().into(),
            ..Response::default()
        };
        Known::of(headers).tag(&mut response);
        response
    }
}
