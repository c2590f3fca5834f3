//! The only place that turns what a service answered, or an error, into HTTP; `fault` says errors to callers of SOAP.

mod fault;

mod pieces;

use crate::layers::{Failure, Outcome};
use axum::body::Body;
use bytes::Bytes;
use caisson_capability::{Cid, Error, ErrorKind, Fault, Field, Response};
use http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use std::error::Error as StdError;
use std::time::Duration;

pub(crate) use fault::Form;

/// Carries the correlation id of every answer.
pub const CID_HEADER: HeaderName = HeaderName::from_static("x-caisson-cid");

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// What services say to services that call them: that the answer is a Model.
const MODEL: HeaderName = HeaderName::from_static("x-caisson-model");

/// Headers that belong to the connection, the length, which follows from the body, and what is said between services only. None of them
/// is sent as a service set it.
const NOT_SENT: [HeaderName; 9] = [
    CONNECTION,
    KEEP_ALIVE,
    PROXY_CONNECTION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    CONTENT_LENGTH,
    MODEL,
];

/// The caller gave up. Not in the registry of statuses, but known from nginx.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// Most bytes of a wrong header name that are logged.
const MAX_LOGGED_NAME: usize = 64;

/// The answer to a request.
pub(crate) fn respond(outcome: Outcome, cid: &Cid, is_head: bool) -> http::Response<Body> {
    let (status, mut headers, body) = outcome
        .and_then(|response| answered(response).map_err(|error| not_sayable(error, cid)))
        .unwrap_or_else(|failure| failed(&failure, cid));
    if let Ok(value) = HeaderValue::from_str(cid.as_str()) {
        headers.insert(CID_HEADER, value);
    }
    let body =
        if matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED) {
            Body::empty()
        } else if is_head {
            if let Some(bytes) = body.whole() {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            }
            Body::empty()
        } else {
            match body {
                caisson_capability::Body::Whole(bytes) => Body::from(bytes),
                caisson_capability::Body::Stream(pieces) => pieces::body(pieces),
            }
        };
    let mut answer = http::Response::new(body);
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    answer
}

/// The service thinks that it has answered, so nobody but this has seen the error.
fn not_sayable(error: Error, cid: &Cid) -> Failure {
    tracing::error!(%cid, detail = error.detail.as_deref(), "{}", error.message);
    Failure::from(error)
}

type Parts = (StatusCode, HeaderMap, caisson_capability::Body);

/// What the service answered, if it can be said in HTTP.
fn answered(response: Response) -> Result<Parts, Error> {
    let Some(status) = final_status(response.status) else {
        return Err(refused(format!("the service answered with status {}, which is none", response.status)));
    };
    // One more for the id.
    let mut headers = HeaderMap::with_capacity(response.headers.len() + 1);
    for field in response.headers {
        append(&mut headers, field).map_err(refused)?;
    }
    Ok((status, headers, response.body))
}

/// Whether an answer can be said in HTTP: asked by those who would say an error in another form than `not_sayable`.
pub(crate) fn check(status: u16, fields: &[Field]) -> Result<(), Error> {
    let headers = fields.to_vec();
    answered(Response { status, headers, ..Response::default() }).map(drop)
}

/// A status that ends an exchange: 1xx would not.
fn final_status(status: u16) -> Option<StatusCode> {
    StatusCode::from_u16(status).ok().filter(|status| !status.is_informational())
}

fn refused(detail: String) -> Error {
    Error::new(ErrorKind::Internal, "the service gave an invalid answer").fault(Fault::Service).detail(detail)
}

/// Adds a header that a service set. The error names the header; its value may be a secret.
fn append(headers: &mut HeaderMap, (name, value): Field) -> Result<(), String> {
    let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
        let shown = name.get(..name.floor_char_boundary(MAX_LOGGED_NAME)).unwrap_or_default();
        return Err(format!("the service set a header whose name is invalid: {shown:?}"));
    };
    if NOT_SENT.contains(&parsed) {
        return Ok(());
    }
    let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(value)) else {
        return Err(format!("the service set the header {parsed} to an invalid value"));
    };
    headers.append(parsed, value);
    Ok(())
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    result: &'static str,
    cid: &'a str,
    details: &'a str,
}

fn failed(failure: &Failure, cid: &Cid) -> Parts {
    let error = &*failure.error;
    let status = error.status.and_then(final_status).unwrap_or_else(|| status_of(error.kind, error.fault));
    log(failure, cid, status);
    let mut headers = HeaderMap::with_capacity(error.headers.len() + 3);
    for field in &error.headers {
        if let Err(detail) = append(&mut headers, field.clone()) {
            // The error itself matters more.
            tracing::warn!(%cid, service = failure.service.as_deref(), "{detail}");
        }
    }
    let retry_after =
        error.retry_after.or((status == StatusCode::SERVICE_UNAVAILABLE).then_some(Duration::ZERO));
    if let Some(after) = retry_after
        && !headers.contains_key(RETRY_AFTER)
    {
        headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(after)));
    }
    if let Some((status, content_type, body)) = fault::write(&failure.form, error, status, cid) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        return (status, headers, body.into());
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = ErrorBody { result: "Error", cid: cid.as_str(), details: &error.message };
    // Strings can always be written as JSON.
    (status, headers, serde_json::to_vec(&body).unwrap_or_default().into())
}

/// Rounded up, and at least one: a client told to wait 0 seconds would hammer.
fn whole_seconds(duration: Duration) -> u64 {
    let up = u64::from(duration.subsec_nanos() > 0);
    duration.as_secs().saturating_add(up).max(1)
}

fn status_of(kind: ErrorKind, fault: Fault) -> StatusCode {
    match kind {
        ErrorKind::InvalidInput => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::AccessDenied => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        // 429 tells a caller to slow down. A service that ran into a limit of its own has failed.
        ErrorKind::QuotaExceeded if fault == Fault::Service => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorKind::QuotaExceeded => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Cancelled => final_status(CLIENT_CLOSED_REQUEST).unwrap_or(StatusCode::BAD_REQUEST),
        // `ErrorKind` may grow; what is new is not the caller's business until it is listed here.
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Says it once, as loud as whoever has to act needs it.
fn log(failure: &Failure, cid: &Cid, status: StatusCode) {
    let error = &*failure.error;
    let (kind, status, service) = (error.kind.as_str(), status.as_u16(), failure.service.as_deref());
    macro_rules! say {
        ($level:ident) => {
            tracing::$level!(
                %cid, service, kind, status,
                detail = error.detail.as_deref(),
                cause = causes(error),
                "{}", error.message
            )
        };
    }
    match error.fault {
        Fault::Caller => say!(debug),
        // Passes by itself, or is somebody else's.
        Fault::Remote => say!(warn),
        Fault::Host if error.retryable => say!(warn),
        Fault::Host => say!(error),
        // In the log of the service already: that is where its developer looks.
        Fault::Service => say!(debug),
    }
}

/// The chain of sources, or nothing.
fn causes(error: &Error) -> Option<String> {
    let mut cause = error.source();
    let mut text = String::new();
    while let Some(current) = cause {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&current.to_string());
        cause = current.source();
    }
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests;
