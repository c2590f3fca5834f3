//! What a client gets: what a service answered, as a message of the version that it was asked in.

use super::Endpoint;
use crate::respond;
use bytes::Bytes;
use caisson_capability::{Cid, Error, ErrorKind, Fault, Field, Response};
use caisson_soap::answer::{Answer, Body, respond as write};
use caisson_soap::{Envelope, Limits, Value, Version};
use http::header::CONTENT_TYPE;

/// Most bytes of an answer that comes in pieces. One that comes whole has the service's own limit behind it.
const MAX_PIECES: u64 = 64 * 1024 * 1024;

/// What an answer takes over from the request.
#[derive(Debug)]
pub(super) struct Asked {
    version: Version,
    operation: String,
    namespace: Option<String>,
}

impl Asked {
    pub(super) fn of(envelope: &Envelope, endpoint: &Endpoint) -> Self {
        let own = || envelope.operation.namespace.as_deref().map(str::to_owned);
        Self {
            version: envelope.version,
            operation: envelope.operation.name.clone(),
            namespace: endpoint.namespace.clone().or_else(own),
        }
    }
}

/// The answer as a message.
pub(super) async fn reply(response: Response, asked: &Asked, cid: &Cid) -> Result<Response, Error> {
    let Response { status, mut headers, body, .. } = response;
    let told = |error: Error| {
        // The service thinks that it has answered, so nobody but this has seen what is wrong.
        tracing::error!(%cid, detail = error.detail.as_deref(), "{}", error.message);
        error
    };
    let body = body.collect(MAX_PIECES).await.map_err(|error| told(unusable(error.message)))?;
    respond::check(status, &headers).map_err(told)?;
    if body.is_empty() && status != 200 {
        return Ok(Response { status, headers, body: body.into(), ..Response::default() });
    }
    let answer = written(&body, is_json(&headers), asked).map_err(|why| told(unusable(why)))?;
    headers.retain(|(name, _)| !name.eq_ignore_ascii_case(CONTENT_TYPE.as_str()));
    headers.push((CONTENT_TYPE.as_str().to_owned(), answer.content_type.to_owned()));
    let status = if status == 200 { status_of(&answer, asked.version) } else { status };
    Ok(Response { status, headers, body: answer.bytes.into(), ..Response::default() })
}

fn unusable(detail: String) -> Error {
    let text = "the service gave an answer that cannot be sent as SOAP";
    Error::new(ErrorKind::Internal, text).fault(Fault::Service).detail(detail)
}

fn is_json(headers: &[Field]) -> bool {
    let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(CONTENT_TYPE.as_str()));
    let essence = found.map_or("", |(_, value)| value.split(';').next().unwrap_or_default().trim());
    let essence = essence.to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

fn written(body: &Bytes, is_json: bool, asked: &Asked) -> Result<Answer, String> {
    let Asked { version, operation, namespace } = asked;
    let write = |body: Body<'_>| {
        write(*version, operation, namespace.as_deref(), body).map_err(|error| error.to_string())
    };
    let text = std::str::from_utf8(body).map_err(|_error| {
        "the answer is bytes that are not UTF-8; answer a dictionary, a text or XML".to_owned()
    })?;
    if text.trim_start_matches('\u{feff}').trim_start().starts_with('<') {
        return write(Body::Xml(text));
    }
    let value = if is_json {
        serde_json::from_str(text)
            .map_err(|error| format!("the answer says that it is JSON, and is not: {error}"))?
    } else if text.is_empty() {
        Value::Null
    } else {
        Value::String(text.to_owned())
    };
    write(Body::Value(&value))
}

/// 200, but for a fault that the service has written itself.
fn status_of(answer: &Answer, version: Version) -> u16 {
    let looks_like = answer.bytes.windows(6).any(|window| window == b"Fault>" || window == b"Fault ");
    if !looks_like {
        return 200;
    }
    let limits = Limits { max_bytes: usize::MAX, ..Limits::default() };
    let envelope = Envelope::parse(&answer.bytes, None, &limits).ok();
    envelope.and_then(|envelope| envelope.fault()).map_or(200, |fault| fault.status(version))
}
