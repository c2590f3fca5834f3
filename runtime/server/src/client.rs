//! A small client of the admin API: one request at a time over HTTP/1.1.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use std::path::PathBuf;
use std::time::Duration;

/// Largest answer that is read into memory: twice the largest upload.
const MAX_ANSWER_BYTES: usize = 128 << 20;

/// A server on the same machine or network accepts within this, or it is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Marks the admin API's own 401, so that a service's 401 is not taken for it.
const ADMIN_REALM: &str = "caisson-admin";

/// Why a request to the admin API brought no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// The address is not one that can be called.
    #[error("{url:?} is not the address of an admin API: {reason}; write for example http://127.0.0.1:8183")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing listens there.
    #[error("no Caisson server at {url}: start one with `caisson serve --dev --services ./services`")]
    Unreachable {
        /// The base address.
        url: String,
    },
    /// The connection ended before the answer did.
    #[error("the connection to {url} broke before the answer was complete: {reason}")]
    Lost {
        /// The base address.
        url: String,
        /// What the transport said.
        reason: String,
    },
    /// The token is missing or wrong.
    #[error(
        "{message}\nset CAISSON_TOKEN, or CAISSON_TOKEN_FILE to a file that holds it (default: .caisson/admin.token)"
    )]
    Refused {
        /// What the server said.
        message: String,
    },
    /// The file that should hold the token cannot be read.
    #[error("the admin token cannot be read from {}: {reason}", path.display())]
    TokenFile {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// The server answered with an error.
    #[error("{}", describe(*status, body))]
    Answer {
        /// The HTTP status.
        status: StatusCode,
        /// The body as JSON.
        body: serde_json::Value,
    },
    /// Something answered, but it does not speak like an admin API.
    #[error("{url} answered, but not like a Caisson admin API ({reason}); is it the right port?")]
    Foreign {
        /// The base address.
        url: String,
        /// What was odd.
        reason: String,
    },
}

/// The text of an error answer: its details as they are when they are a text.
fn describe(status: StatusCode, body: &serde_json::Value) -> String {
    match body.get("details") {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => format!("the server answered {status}"),
    }
}

/// What is sent.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    /// More headers.
    pub(crate) headers: HeaderMap,
    /// Media type of the body.
    pub(crate) content_type: Option<String>,
    /// The body.
    pub(crate) body: Bytes,
}

/// What came back, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Bytes,
}

/// A client of one server.
#[derive(Debug)]
pub(crate) struct AdminClient {
    base: String,
    token: Option<HeaderValue>,
    http: Client<HttpConnector, Full<Bytes>>,
}

impl AdminClient {
    /// A client of the admin API at `base`, with a token when there is one.
    ///
    /// # Errors
    ///
    /// An address that is not `http://host[:port]`, a token that cannot stand in a header.
    pub(crate) fn new(base: &str, token: Option<&str>) -> Result<Self, ClientError> {
        let base = checked_base(base)?;
        let token = token.map(bearer).transpose()?;
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        Ok(Self { base, token, http: Client::builder(TokioExecutor::new()).build(connector) })
    }

    /// The address that this client talks to.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Asks and takes the answer as JSON of a known shape.
    ///
    /// # Errors
    ///
    /// Everything in [`ClientError`]; an error status is [`ClientError::Answer`].
    pub(crate) async fn json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
    ) -> Result<T, ClientError> {
        self.send_for_json(method, path, Outgoing::default()).await
    }

    /// As [`json`](Self::json), with something to send.
    ///
    /// # Errors
    ///
    /// As [`json`](Self::json).
    pub(crate) async fn send_for_json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        outgoing: Outgoing,
    ) -> Result<T, ClientError> {
        let answer = self.send(method, path, outgoing).await?;
        if !answer.status.is_success() {
            return Err(self.error_of(answer.status, &answer.body));
        }
        serde_json::from_slice(&answer.body).map_err(|error| self.foreign(error))
    }

    /// Asks for something that has no answer but that it is done.
    ///
    /// # Errors
    ///
    /// As [`json`](Self::json).
    pub(crate) async fn done(&self, method: Method, path: &str) -> Result<(), ClientError> {
        let answer = self.send(method, path, Outgoing::default()).await?;
        if answer.status.is_success() { Ok(()) } else { Err(self.error_of(answer.status, &answer.body)) }
    }

    /// Asks and takes whatever is answered.
    ///
    /// # Errors
    ///
    /// No answer, or a refused token. An error status is an answer here.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        outgoing: Outgoing,
    ) -> Result<Answer, ClientError> {
        let response = self.request(method, path, outgoing).await?;
        let (head, body) = response.into_parts();
        let body = self.collect(body).await?;
        Ok(Answer { status: head.status, headers: head.headers, body })
    }

    /// Asks and takes the body piece by piece as it comes.
    ///
    /// # Errors
    ///
    /// As [`json`](Self::json).
    pub(crate) async fn stream(&self, path: &str) -> Result<Incoming, ClientError> {
        let response = self.request(Method::GET, path, Outgoing::default()).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response.into_body());
        }
        let body = self.collect(response.into_body()).await?;
        Err(self.error_of(status, &body))
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        outgoing: Outgoing,
    ) -> Result<http::Response<Incoming>, ClientError> {
        let mut request = Request::new(Full::new(outgoing.body));
        *request.method_mut() = method;
        *request.uri_mut() =
            format!("{}{path}", self.base).parse().map_err(|error| url_error(&self.base, error))?;
        *request.headers_mut() = outgoing.headers;
        if let Some(media_type) = outgoing.content_type {
            let value = HeaderValue::try_from(media_type).map_err(|error| self.foreign(error))?;
            request.headers_mut().insert(CONTENT_TYPE, value);
        }
        if let Some(token) = &self.token {
            request.headers_mut().insert(AUTHORIZATION, token.clone());
        }
        let response = self.http.request(request).await.map_err(|error| self.no_answer(&error))?;
        if is_admin_refusal(response.status(), response.headers()) {
            let body = self.collect(response.into_body()).await?;
            let value = serde_json::from_slice(&body).unwrap_or_default();
            return Err(ClientError::Refused { message: describe(StatusCode::UNAUTHORIZED, &value) });
        }
        Ok(response)
    }

    async fn collect(&self, body: Incoming) -> Result<Bytes, ClientError> {
        let collected = Limited::new(body, MAX_ANSWER_BYTES).collect().await;
        collected.map(http_body_util::Collected::to_bytes).map_err(|error| self.lost(error))
    }

    /// The connection broke while a body was read.
    pub(crate) fn lost(&self, reason: impl std::fmt::Display) -> ClientError {
        ClientError::Lost { url: self.base.clone(), reason: reason.to_string() }
    }

    fn foreign(&self, reason: impl std::fmt::Display) -> ClientError {
        ClientError::Foreign { url: self.base.clone(), reason: reason.to_string() }
    }

    fn error_of(&self, status: StatusCode, body: &[u8]) -> ClientError {
        match serde_json::from_slice::<serde_json::Value>(body) {
            Ok(value) if value.get("result").is_some() => ClientError::Answer { status, body: value },
            Ok(_) | Err(_) => self.foreign(status),
        }
    }

    fn no_answer(&self, error: &hyper_util::client::legacy::Error) -> ClientError {
        if error.is_connect() {
            return ClientError::Unreachable { url: self.base.clone() };
        }
        let mut reason = error.to_string();
        if let Some(source) = std::error::Error::source(error) {
            reason = source.to_string();
        }
        self.lost(reason)
    }
}

fn is_admin_refusal(status: StatusCode, headers: &HeaderMap) -> bool {
    let challenge = headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    status == StatusCode::UNAUTHORIZED && challenge.contains(ADMIN_REALM)
}

fn bearer(token: &str) -> Result<HeaderValue, ClientError> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_error| {
        ClientError::Refused { message: "the admin token has characters that cannot be sent".to_owned() }
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn url_error(url: &str, reason: impl std::fmt::Display) -> ClientError {
    ClientError::Url { url: url.to_owned(), reason: reason.to_string() }
}

/// `base` without a slash at its end, when it is an address that can be called.
fn checked_base(base: &str) -> Result<String, ClientError> {
    let trimmed = base.trim().trim_end_matches('/');
    let uri: http::Uri = trimmed.parse().map_err(|error: http::uri::InvalidUri| url_error(base, error))?;
    match uri.scheme_str() {
        Some("http") if uri.query().is_none() => Ok(trimmed.to_owned()),
        Some("http") => Err(url_error(base, "it has a query")),
        Some("https") => {
            Err(url_error(base, "this client speaks plain http; use a tunnel to the server's own machine"))
        }
        _ => Err(url_error(base, "it does not start with http://")),
    }
}

/// One segment of a path, with everything percent-encoded that could be taken for something else.
pub(crate) fn segment(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_before_anything_is_sent() {
        assert_eq!(checked_base("http://127.0.0.1:8183/").unwrap(), "http://127.0.0.1:8183");
        assert_eq!(checked_base(" http://a/prefix/ ").unwrap(), "http://a/prefix");
        for bad in ["127.0.0.1:8183", "ftp://a", "https://a", "", "http://a b", "http://a/?q=1"] {
            let text = checked_base(bad).unwrap_err().to_string();
            assert!(text.contains("http://127.0.0.1:8183"), "{bad}: {text}");
        }
    }

    #[test]
    fn a_segment_cannot_break_out() {
        assert_eq!(segment("hello.hello-world"), "hello.hello-world");
        assert_eq!(segment("a/b?c#d%e \u{e9}"), "a%2Fb%3Fc%23d%25e%20%C3%A9");
    }

    #[test]
    fn the_token_is_not_shown() {
        let client = AdminClient::new("http://a", Some("s3cret")).unwrap();
        assert!(!format!("{client:?}").contains("s3cret"));
        assert!(AdminClient::new("http://a", Some("line\nbreak")).is_err());
    }

    #[tokio::test]
    async fn nobody_there_says_how_to_start_one() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let client = AdminClient::new(&format!("http://127.0.0.1:{port}"), None).unwrap();
        let error = client.json::<serde_json::Value>(Method::GET, "/").await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "no Caisson server at http://127.0.0.1:{port}: start one with `caisson serve --dev --services ./services`"
            )
        );
    }

    #[test]
    fn a_services_own_401_is_not_taken_for_the_admin_apis() {
        let mut headers = HeaderMap::new();
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        assert!(!is_admin_refusal(StatusCode::UNAUTHORIZED, &headers));
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"caisson-admin\""));
        assert!(is_admin_refusal(StatusCode::UNAUTHORIZED, &headers));
    }
}
