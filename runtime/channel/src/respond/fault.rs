//! Errors as SOAP faults.

use caisson_capability::{Cid, Error};
use caisson_soap::fault::{Fault, UNEXPLAINED};
use caisson_soap::{Code, Version};
use http::StatusCode;

/// How an error is said.
#[derive(Debug, Default)]
pub(crate) enum Form {
    /// As JSON.
    #[default]
    Json,
    /// As a fault of this version.
    Soap(Version),
    /// As this fault.
    Fault(Box<Fault>),
}

impl Form {
    /// This, or the other if this is the usual one.
    pub(crate) fn or(self, other: Self) -> Self {
        if matches!(self, Self::Json) { other } else { self }
    }
}

/// Statuses that say something to HTTP itself, to proxies and to those who wait. All others of the 400s are 500 in SOAP 1.1 and
/// 400 in SOAP 1.2: what was wrong is said by the fault.
const KEPT: [u16; 10] = [401, 403, 404, 405, 408, 413, 414, 429, 431, 499];

/// Status, content type and body; nothing if the error is said as JSON.
pub(super) fn write(
    form: &Form,
    error: &Error,
    status: StatusCode,
    cid: &Cid,
) -> Option<(StatusCode, &'static str, Vec<u8>)> {
    let answer = match form {
        Form::Json => return None,
        Form::Soap(version) => fault(error, status, cid).respond(*version),
        Form::Fault(fault) => fault.respond(Version::default()),
    };
    let status = if status.is_server_error() || KEPT.contains(&status.as_u16()) {
        status
    } else {
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    };
    Some((status, answer.content_type, answer.bytes))
}

/// The caller's faults are explained; of all others the caller learns where to look them up.
fn fault(error: &Error, status: StatusCode, cid: &Cid) -> Fault {
    if status.is_client_error() {
        return Fault::client(error.message.as_str());
    }
    Fault::new(Code::Server, format!("{UNEXPLAINED} (correlation id {cid})"))
}
