//! What a service answers.

use crate::bindings::caisson::service::types as wit;
use crate::request::find;
use crate::{Error, Field, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// What a service answers. By default: status 200, nothing in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Response(wit::Response);

impl Default for Response {
    fn default() -> Self {
        Self(wit::Response { status: 200, headers: Vec::new(), body: Vec::new(), settlement: None })
    }
}

impl Response {
    /// An answer of these bytes.
    #[must_use]
    pub fn new(body: impl Into<Vec<u8>>) -> Self {
        let mut made = Self::default();
        made.0.body = body.into();
        made
    }

    /// An answer of JSON.
    ///
    /// # Errors
    ///
    /// `internal`: the value cannot be written as JSON.
    pub fn json(value: &impl Serialize) -> Result<Self> {
        Ok(Self::new(serde_json::to_vec(value)?).header("content-type", "application/json"))
    }

    /// An answer of text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(text.into()).header("content-type", "text/plain; charset=utf-8")
    }

    /// An answer without a body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self::default().status(status)
    }

    /// Sets the HTTP status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.0.status = status;
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.headers.push((name.into(), value.into()));
        self
    }

    /// Acknowledges the message of a broker, which is what an answer does anyway.
    #[must_use]
    pub fn acknowledge(mut self) -> Self {
        self.0.settlement = Some(wit::Settlement::Acknowledge);
        self
    }

    /// Has the message of a broker delivered again, after this time if given.
    #[must_use]
    pub fn retry(mut self, after: Option<Duration>) -> Self {
        let millis = after.map(|after| u32::try_from(after.as_millis()).unwrap_or(u32::MAX));
        self.0.settlement = Some(wit::Settlement::Retry(millis));
        self
    }

    /// Sends the message of a broker to the dead letters, if there are any.
    #[must_use]
    pub fn reject(mut self) -> Self {
        self.0.settlement = Some(wit::Settlement::Reject);
        self
    }

    /// Its HTTP status.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.0.status
    }

    /// Its headers, in their order.
    #[must_use]
    pub fn headers(&self) -> &[Field] {
        &self.0.headers
    }

    /// A header; the first of that name, in any case.
    #[must_use]
    pub fn get_header(&self, name: &str) -> Option<&str> {
        find(&self.0.headers, |one| one.eq_ignore_ascii_case(name))
    }

    /// Its body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }

    /// Its body, taken out.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.0.body
    }

    /// The body as text.
    ///
    /// # Errors
    ///
    /// `internal`: it is not UTF-8.
    pub fn read_text(&self) -> Result<&str> {
        std::str::from_utf8(&self.0.body)
            .map_err(|error| Error::internal("what was answered is no text").detail(error))
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    ///
    /// `internal`: it is no JSON, or not of this form.
    pub fn read_json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.0.body).map_err(|error| {
            Error::internal("what was answered is not the JSON that is expected").detail(error)
        })
    }

    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.0.body.extend_from_slice(piece);
    }

    pub(crate) fn from_wit(response: wit::Response) -> Self {
        Self(response)
    }

    pub(crate) fn into_wit(self) -> wit::Response {
        self.0
    }
}
