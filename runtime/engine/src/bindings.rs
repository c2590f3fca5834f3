//! Generated from `wit/`: the types that cross the boundary, and their conversion from and to the runtime's own.

#[allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::all,
    reason = "generated code; its documentation is in wit/"
)]
mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "caisson:service/engine",
        with: { "caisson:capability/types": caisson_host::types },
    });
}

pub(crate) use generated::caisson::service::{answer, background, cache, grants, invoker, lock, log, types};
pub(crate) use generated::exports::caisson::service::loader;

use caisson_capability::{
    ChannelInfo, Error, ErrorKind, Fault, Invocation, Message, Principal, Request, Response, Settlement,
    Soap, SoapHeader,
};

use std::time::Duration;

/// Name of the interface that every service exports.
pub(crate) const HANDLER: &str = "caisson:service/handler@0.1.0";

/// Name of the interface that an interpreter exports.
pub(crate) const LOADER: &str = "caisson:service/loader@0.1.0";

/// The facts of an invocation for the guest, apart from the message.
pub(crate) fn context(invocation: &Invocation, version: u32) -> types::Context {
    types::Context {
        cid: invocation.cid.as_str().to_owned(),
        service: invocation.service.as_ref().to_owned(),
        version,
        channel: channel(&invocation.channel),
        principal: invocation.principal.as_deref().map(principal),
        peer: invocation.peer.map(|peer| peer.to_string()),
        deadline_ms: invocation.deadline.unix_millis(),
        attempt: invocation.attempt,
        traceparent: invocation.trace.traceparent.as_deref().map(str::to_owned),
        tracestate: invocation.trace.tracestate.as_deref().map(str::to_owned),
        in_reply_to: invocation.chain.in_reply_to.as_deref().map(str::to_owned),
        environ: invocation.chain.environ.as_deref().map(str::to_owned),
    }
}

fn channel(channel: &ChannelInfo) -> types::Channel {
    types::Channel {
        name: channel.name.as_ref().to_owned(),
        kind: channel.kind.to_owned(),
        data_format: channel.data_format.map(str::to_owned),
        path_over_query: channel.path_over_query,
        url_over_body: channel.url_over_body,
    }
}

fn principal(principal: &Principal) -> types::Principal {
    types::Principal {
        name: principal.name.as_ref().to_owned(),
        definition: principal.definition.as_ref().to_owned(),
        kind: principal.kind.to_owned(),
        claims: principal.claims.as_deref().map(str::to_owned),
    }
}

/// The message for the guest.
pub(crate) fn request(request: Request) -> types::Request {
    types::Request {
        http: request.http.map(|http| types::Http {
            method: http.method,
            path: http.path,
            query: http.query,
            params: http.params,
            headers: http.headers,
        }),
        soap: request.soap.map(|soap| for_guest(*soap)),
        message: request.message.map(|message| message_for_guest(*message)),
        content_type: request.content_type,
        body: request.body.into(),
    }
}

fn message_for_guest(message: Message) -> types::Message {
    types::Message {
        source: message.source,
        id: message.id,
        key: message.key,
        redelivered: message.redelivered,
        headers: message.headers,
        properties: message.properties,
    }
}

fn message_from_guest(message: types::Message) -> Message {
    Message {
        source: message.source,
        id: message.id,
        key: message.key,
        redelivered: message.redelivered,
        headers: message.headers,
        properties: message.properties,
    }
}

fn for_guest(soap: Soap) -> types::Soap {
    let header = |one: SoapHeader| types::SoapHeader {
        name: one.name,
        namespace: one.namespace,
        content: one.content,
    };
    types::Soap {
        version: soap.version,
        action: soap.action,
        operation: soap.operation,
        namespace: soap.namespace,
        headers: soap.headers.into_iter().map(header).collect(),
    }
}

fn from_guest(soap: types::Soap) -> Soap {
    let header = |one: types::SoapHeader| SoapHeader {
        name: one.name,
        namespace: one.namespace,
        content: one.content,
    };
    Soap {
        version: soap.version,
        action: soap.action,
        operation: soap.operation,
        namespace: soap.namespace,
        headers: soap.headers.into_iter().map(header).collect(),
    }
}

/// A message from a guest for another service.
pub(crate) fn request_from_guest(request: types::Request) -> Request {
    Request {
        http: request.http.map(|http| caisson_capability::Http {
            method: http.method,
            path: http.path,
            query: http.query,
            params: http.params,
            headers: http.headers,
        }),
        soap: request.soap.map(|soap| Box::new(from_guest(soap))),
        message: request.message.map(|message| Box::new(message_from_guest(message))),
        content_type: request.content_type,
        body: request.body.into(),
    }
}

/// The guest's answer.
pub(crate) fn response(response: types::Response) -> Response {
    Response {
        status: response.status,
        headers: response.headers,
        body: bytes::Bytes::from(response.body).into(),
        settlement: response.settlement.map(settlement),
    }
}

fn settlement(settlement: types::Settlement) -> Settlement {
    match settlement {
        types::Settlement::Acknowledge => Settlement::Acknowledge,
        types::Settlement::Retry(after) => {
            Settlement::Retry(after.map(|millis| Duration::from_millis(u64::from(millis))))
        }
        types::Settlement::Reject => Settlement::Reject,
    }
}

/// An answer for a guest.
pub(crate) fn response_for_guest(response: Response) -> types::Response {
    let body = response.body.whole().map(|bytes| bytes.to_vec()).unwrap_or_default();
    // What is called by a service settles nothing: its caller answers for the message.
    types::Response { status: response.status, headers: response.headers, body, settlement: None }
}

/// An error that a guest raised. A guest that says `internal` means itself, not the host.
pub(crate) fn error(error: types::Error) -> Error {
    let kind = kind(error.kind);
    let mut converted = Error::new(kind, error.message);
    match kind {
        ErrorKind::Internal | ErrorKind::Unavailable => converted.fault = Fault::Service,
        // A service that says so means its caller; limits of its own are reached in the engine.
        ErrorKind::QuotaExceeded => converted.fault = Fault::Caller,
        _ => {}
    }
    converted.retryable = error.retryable;
    converted.detail = error.detail;
    converted.status = error.status;
    converted.headers = error.headers;
    converted
}

/// An error for a guest: what its own caller would be told, nothing more.
pub(crate) fn error_for_guest(error: Error) -> types::Error {
    types::Error {
        kind: caisson_host::kind(error.kind),
        status: error.status,
        message: error.message,
        detail: None,
        retryable: error.retryable,
        headers: error.headers,
    }
}

fn kind(kind: types::ErrorKind) -> ErrorKind {
    match kind {
        types::ErrorKind::InvalidInput => ErrorKind::InvalidInput,
        types::ErrorKind::Unauthenticated => ErrorKind::Unauthenticated,
        types::ErrorKind::AccessDenied => ErrorKind::AccessDenied,
        types::ErrorKind::NotFound => ErrorKind::NotFound,
        types::ErrorKind::MethodNotAllowed => ErrorKind::MethodNotAllowed,
        types::ErrorKind::Conflict => ErrorKind::Conflict,
        types::ErrorKind::Timeout => ErrorKind::Timeout,
        types::ErrorKind::QuotaExceeded => ErrorKind::QuotaExceeded,
        types::ErrorKind::Unavailable => ErrorKind::Unavailable,
        types::ErrorKind::Cancelled => ErrorKind::Cancelled,
        types::ErrorKind::Internal => ErrorKind::Internal,
    }
}
