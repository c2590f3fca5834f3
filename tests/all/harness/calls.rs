//! Well-formed HTTP requests, and what is expected of every error.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// The header that carries the correlation id.
const CID_HEADER: &str = "x-caisson-cid";

/// A client that keeps connections.
pub(crate) type Http = Client<HttpConnector, Full<Bytes>>;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }

    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The correlation id.
    pub(crate) fn cid(&self) -> &str {
        self.header(CID_HEADER)
    }

    /// The text of a 200.
    #[track_caller]
    pub(crate) fn good(&self) -> String {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        self.text()
    }
}

/// A client for HTTP/1.1.
pub(crate) fn http1_client() -> Http {
    Client::builder(TokioExecutor::new()).build_http()
}

/// A client for HTTP/2 without TLS and without asking first.
pub(crate) fn http2_client() -> Http {
    Client::builder(TokioExecutor::new()).http2_only(true).build_http()
}

/// Sends a request.
pub(crate) async fn send(client: &Http, request: Request<Full<Bytes>>) -> Result<Answer, String> {
    let response = client.request(request).await.map_err(|error| format!("{error:?}"))?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| format!("{error:?}"))?.to_bytes();
    Ok(Answer { status: head.status, headers: head.headers, body })
}

/// Sends a request without a body.
pub(crate) async fn call(client: &Http, method: Method, url: &str) -> Result<Answer, String> {
    let request = Request::builder().method(method).uri(url).body(Full::default());
    send(client, request.map_err(|error| error.to_string())?).await
}

/// Posts a body.
pub(crate) async fn post(client: &Http, url: &str, body: impl Into<Bytes>) -> Result<Answer, String> {
    let request = Request::builder().method(Method::POST).uri(url).body(Full::new(body.into()));
    send(client, request.map_err(|error| error.to_string())?).await
}

/// Texts that are for the operator and never for a caller.
const SECRETS: [&str; 6] = ["Traceback", "File \\\"", ".py", "wasm backtrace", "panicked", "/tmp"];

/// What is wrong with an error: it must have the documented shape, say this, and nothing that belongs to the operator.
pub(crate) fn check_problem(answer: &Answer, status: u16, says: &str) -> Result<(), String> {
    let text = answer.text();
    let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let details = problem["details"].as_str().unwrap_or_default();
    let secret = SECRETS.iter().find(|secret| text.contains(**secret));
    let wrong = if answer.status.as_u16() != status {
        format!("the status is {} and not {status}", answer.status)
    } else if answer.header("content-type") != "application/json" || problem["result"] != "Error" {
        "it has not the shape of an error".to_owned()
    } else if answer.cid().is_empty() || problem["cid"] != answer.cid() {
        format!("the correlation id is {:?}", answer.cid())
    } else if !details.contains(says) {
        format!("it does not say {says:?}")
    } else if let Some(secret) = secret {
        format!("it says {secret:?}")
    } else {
        return Ok(());
    };
    let shown: String = text.chars().take(300).collect();
    Err(format!("{wrong}: {shown}"))
}

/// An error is as [`check_problem`] wants it.
#[track_caller]
pub(crate) fn assert_problem(answer: &Answer, status: u16, says: &str) {
    assert_eq!(check_problem(answer, status, says), Ok(()));
}
