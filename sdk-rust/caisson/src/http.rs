//! Outgoing HTTP over connections that an operator has defined. A service names the connection and never sees its address or its
//! credentials.
//!
//! ```
//! # use caisson::{Error, http};
//! # use serde_json::{Value, json};
//! # async fn handle() -> Result<(), Error> {
//! let crm = http::Connection::named("crm");
//! let customer: Value = crm.get("/customers/{id}").param("id", 1).send().await?.success()?.json()?;
//! crm.post("/orders").json(&json!({"customer": customer["id"]})).send().await?.success()?;
//! # Ok(())
//! # }
//! ```

use crate::bindings::caisson::http::client as wit;
use crate::request::find;
use crate::{Error, ErrorKind, Field, Result, host};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::fmt::{self, Display};
use std::time::Duration;

/// A connection of the operator's, by its name.
#[derive(Clone, Debug)]
pub struct Connection(Cow<'static, str>);

impl Connection {
    /// The connection of this name. Whether there is one, and whether this service may use it, shows when it is used.
    #[must_use]
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        Self(name.into())
    }

    /// A request of any method. `path` is appended to the connection's own; `{name}` in it is filled by [`Request::param`].
    pub fn request(&self, method: &str, path: impl Into<String>) -> Request {
        Request {
            connection: self.0.clone(),
            inner: wit::Request {
                method: method.to_owned(),
                path: path.into(),
                params: Vec::new(),
                headers: Vec::new(),
                body: None,
                timeout_ms: None,
            },
            failed: None,
        }
    }

    /// A `GET` request.
    pub fn get(&self, path: impl Into<String>) -> Request {
        self.request("GET", path)
    }

    /// A `POST` request.
    pub fn post(&self, path: impl Into<String>) -> Request {
        self.request("POST", path)
    }

    /// A `PUT` request.
    pub fn put(&self, path: impl Into<String>) -> Request {
        self.request("PUT", path)
    }

    /// A `PATCH` request.
    pub fn patch(&self, path: impl Into<String>) -> Request {
        self.request("PATCH", path)
    }

    /// A `DELETE` request.
    pub fn delete(&self, path: impl Into<String>) -> Request {
        self.request("DELETE", path)
    }
}

/// A request that is still put together.
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    connection: Cow<'static, str>,
    inner: wit::Request,
    /// What went wrong while it was put together, told when it is sent.
    failed: Option<Error>,
}

impl Request {
    /// A value for `{name}` in the path. One that the path does not name becomes part of the query.
    pub fn param(mut self, name: impl Into<String>, value: impl Display) -> Self {
        self.inner.params.push((name.into(), value.to_string()));
        self
    }

    /// A header, in addition to the connection's own.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.inner.headers.push((name.into(), value.into()));
        self
    }

    /// The body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.inner.body = Some(body.into());
        self
    }

    /// A body of JSON. A value that cannot be written as JSON is an error of [`Request::send`].
    pub fn json(mut self, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.header("content-type", "application/json").body(body),
            Err(error) => {
                self.failed = Some(error.into());
                self
            }
        }
    }

    /// A shorter limit than the connection's own.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.inner.timeout_ms = Some(u32::try_from(limit.as_millis()).unwrap_or(u32::MAX));
        self
    }

    /// Sends it and waits for the whole answer. Any status is an answer; see [`Response::success`].
    ///
    /// # Errors
    ///
    /// `access-denied`: a grant is missing, which the message names; `not-found`: there is no such connection; `timeout`,
    /// `unavailable` and others: what the capability says.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future breaks the request off.
    pub async fn send(self) -> Result<Response> {
        let (connection, request) = self.ready()?;
        let wit::Response { status, headers, body } =
            host::http::send(connection.clone(), request).await.map_err(Error::of_capability)?;
        Ok(Response { connection, status, headers, body })
    }

    /// Sends it and waits for the head of the answer.
    ///
    /// # Errors
    ///
    /// As [`Request::send`].
    pub async fn open(self) -> Result<Incoming> {
        let (connection, request) = self.ready()?;
        host::http::open(connection, request).await.map(Incoming::new).map_err(Error::of_capability)
    }

    /// Begins a request whose body comes in pieces.
    ///
    /// # Errors
    ///
    /// As [`Request::send`]; `invalid-input`: it has a body already.
    pub async fn begin(self) -> Result<Upload> {
        let (connection, request) = self.ready()?;
        host::http::begin(connection, request).await.map(Upload).map_err(Error::of_capability)
    }

    fn ready(self) -> Result<(String, wit::Request)> {
        match self.failed {
            Some(error) => Err(error),
            None => Ok((self.connection.into_owned(), self.inner)),
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("connection", &self.connection).field("inner", &self.inner).finish()
    }
}

/// An answer as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    connection: String,
    /// Its HTTP status.
    pub status: u16,
    /// Its headers, with names in lower case.
    pub headers: Vec<Field>,
    /// Its body, decompressed.
    pub body: Vec<u8>,
}

impl Response {
    /// A header; the first of that name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, |one| one.eq_ignore_ascii_case(name))
    }

    /// Itself, if the status is 200 to 299.
    ///
    /// # Errors
    ///
    /// A kind that follows from the status, with the status as its code: 404 `not-found`, 409 `conflict`, 408 and 504 `timeout`, 429
    /// `quota-exceeded`, other 5xx `unavailable`, all others `internal`, since the service that sent the request is at fault.
    pub fn success(self) -> Result<Self> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let kind = match self.status {
            404 | 410 => ErrorKind::NotFound,
            409 => ErrorKind::Conflict,
            408 | 504 => ErrorKind::Timeout,
            429 => ErrorKind::QuotaExceeded,
            500.. => ErrorKind::Unavailable,
            _ => ErrorKind::Internal,
        };
        let shown: String = String::from_utf8_lossy(&self.body).chars().take(500).collect();
        let text = format!("`{}` answered with status {}", self.connection, self.status);
        Err(Error::new(kind, text).with_code(self.status.to_string()).detail(shown))
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    ///
    /// `internal`: it is no JSON, or not of this form.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let text = format!("`{}` did not answer the JSON that is expected", self.connection);
            Error::internal(text).detail(error)
        })
    }

    /// The body as text.
    ///
    /// # Errors
    ///
    /// `internal`: it is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.body).map_err(|error| {
            Error::internal(format!("`{}` did not answer text", self.connection)).detail(error)
        })
    }
}

/// An answer whose body is still to come. Dropping it gives up the rest.
pub struct Incoming {
    /// Its HTTP status.
    pub status: u16,
    /// Its headers, with names in lower case.
    pub headers: Vec<Field>,
    body: host::http::Body,
}

impl Incoming {
    fn new(incoming: host::http::Incoming) -> Self {
        let host::http::Incoming { status, headers, body } = incoming;
        Self { status, headers, body }
    }

    /// The next piece, of at most `most` bytes; nothing at the end.
    ///
    /// # Errors
    ///
    /// The answer broke off.
    pub async fn read(&mut self, most: u32) -> Result<Option<Vec<u8>>> {
        self.body.read(most).await.map_err(Error::of_capability)
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("status", &self.status).finish_non_exhaustive()
    }
}

/// A request whose body is still made. Dropping it breaks the request off.
pub struct Upload(host::http::Upload);

impl Upload {
    /// Sends a piece, and waits while the other side is slow.
    ///
    /// # Errors
    ///
    /// The other side broke off.
    pub async fn write(&mut self, piece: impl Into<Vec<u8>>) -> Result<()> {
        self.0.write(piece.into()).await.map_err(Error::of_capability)
    }

    /// Ends the body and waits for the head of the answer.
    ///
    /// # Errors
    ///
    /// As [`Request::send`].
    pub async fn finish(self) -> Result<Incoming> {
        self.0.finish().await.map(Incoming::new).map_err(Error::of_capability)
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").finish_non_exhaustive()
    }
}
