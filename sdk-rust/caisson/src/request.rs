//! A message for a service.

use crate::bindings::caisson::service::types as wit;
use crate::{Error, Field, Result, query};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The HTTP side of a message. `path` and `query` are as received; `params` are what the channel's path template captured.
pub use crate::bindings::caisson::service::types::Http;

/// The messaging side of a message: what its broker says of it.
pub use crate::bindings::caisson::service::types::Message;

/// The SOAP side of a message; the body is then what is within the operation, as JSON.
pub use crate::bindings::caisson::service::types::Soap;

/// A header block of a SOAP message.
pub use crate::bindings::caisson::service::types::SoapHeader;

/// A message for a service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// The HTTP side, when it came by HTTP.
    pub http: Option<Http>,
    /// The messaging side, when a broker delivered it.
    pub message: Option<Message>,
    /// The SOAP side, when it is a SOAP message.
    pub soap: Option<Soap>,
    /// Media type of the body, when known.
    pub content_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A message of these bytes.
    #[must_use]
    pub fn new(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// A message of JSON.
    ///
    /// # Errors
    ///
    /// `internal`: the value cannot be written as JSON.
    pub fn of_json(value: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(value)?;
        Ok(Self { content_type: Some("application/json".to_owned()), ..Self::new(body) })
    }

    /// Adds a query and a path as HTTP would bring them; for tests and for calls of services that read them.
    #[must_use]
    pub fn over_http(mut self, method: &str, path_and_query: &str) -> Self {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        self.http = Some(Http {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            params: Vec::new(),
            headers: Vec::new(),
        });
        self
    }

    /// The body, read as JSON. An empty one is read as `{}`, so that a struct whose fields are all optional needs no body, and
    /// one whose fields are not says which is missing.
    ///
    /// # Errors
    ///
    /// `invalid-input`: it is no JSON, or not of this form.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let body = if self.body.is_empty() { b"{}" } else { self.body.as_slice() };
        serde_json::from_slice(body)
            .map_err(|error| Error::invalid(format!("the message is not the JSON that is expected: {error}")))
    }

    /// The body as text.
    ///
    /// # Errors
    ///
    /// `invalid-input`: it is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.body)
            .map_err(|error| Error::invalid(format!("the message is no text: {error}")))
    }

    /// `GET`, `POST`, ...; nothing when it did not come by HTTP.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        self.http.as_ref().map(|http| http.method.as_str())
    }

    /// The path as received; empty when it did not come by HTTP.
    #[must_use]
    pub fn path(&self) -> &str {
        self.http.as_ref().map_or("", |http| http.path.as_str())
    }

    /// A parameter that the channel's path template captured.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        find(&self.http.as_ref()?.params, |one| one == name)
    }

    /// A parameter of the query; the first of that name.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        self.queries().find_map(|(found, value)| (found == name).then_some(value))
    }

    /// All parameters of the query, in their order.
    pub fn queries(&self) -> impl Iterator<Item = Field> + '_ {
        query::parse(self.http.as_ref().map_or("", |http| http.query.as_str()))
    }

    /// A header of HTTP or of a broker's message; the first of that name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let of = |headers| find(headers, |one: &str| one.eq_ignore_ascii_case(name));
        let http = self.http.as_ref().and_then(|http| of(&http.headers));
        http.or_else(|| self.message.as_ref().and_then(|message| of(&message.headers)))
    }

    pub(crate) fn from_wit(request: wit::Request) -> Self {
        let wit::Request { http, message, soap, content_type, body } = request;
        Self { http, message, soap, content_type, body }
    }

    pub(crate) fn into_wit(self) -> wit::Request {
        let Self { http, message, soap, content_type, body } = self;
        wit::Request { http, message, soap, content_type, body }
    }
}

pub(crate) fn find(fields: &[Field], is: impl Fn(&str) -> bool) -> Option<&str> {
    fields.iter().find_map(|(name, value)| is(name).then_some(value.as_str()))
}
