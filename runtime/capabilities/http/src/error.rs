//! Errors of the libraries as ours: what guests read has no address and no secret; the rest is for the operator's log.

use caisson_capability::{Error, ErrorKind, Fault};
use std::error::Error as StdError;
use std::io;

/// The service asked for something that makes no sense.
pub(crate) fn unfit(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidInput, text).fault(Fault::Service)
}

/// The other side is not there or went away: the same request may pass later.
pub(crate) fn away(code: &'static str, text: &str) -> Error {
    Error::new(ErrorKind::Unavailable, text).fault(Fault::Remote).code(code)
}

/// The other side does something that it will do again.
pub(crate) fn broken(code: &'static str, text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unavailable, text).fault(Fault::Remote).code(code).retryable(false)
}

/// More than an option allows.
pub(crate) fn too_much(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::QuotaExceeded, text).fault(Fault::Remote)
}

/// A part took longer than an option allows.
pub(crate) fn late(what: &str, option: &str) -> Error {
    Error::new(ErrorKind::Timeout, format!("{what} took longer than its limit {option}")).fault(Fault::Remote)
}

/// An error of a request that was sent: it may have been done, and is to be done again only if that does not matter.
pub(crate) fn sent(error: Error, again: bool) -> Error {
    let retryable = error.retryable && again;
    error.retryable(retryable)
}

/// What went wrong with a request on its way, or with the head of its answer.
pub(crate) fn request(error: &(dyn StdError + 'static)) -> Error {
    let mut cause = Some(error);
    while let Some(one) = cause {
        if let Some(own) = one.downcast_ref::<Error>() {
            return copy(own);
        }
        if let Some(hyper) = one.downcast_ref::<hyper::Error>() {
            return exchange(hyper).detail(chain(error));
        }
        cause = one.source();
    }
    away("connection", "the connection to the other side broke").detail(chain(error))
}

fn exchange(error: &hyper::Error) -> Error {
    // The body of the request is ours: an upload that was broken off.
    if error.is_user() {
        return Error::new(ErrorKind::Cancelled, "the request was broken off before its end")
            .fault(Fault::Service);
    }
    if error.is_parse_too_large() {
        return too_much("the head of the answer is larger than header_bytes or header_count allow");
    }
    if error.is_parse() {
        return broken("protocol", "the other side answered something that is not HTTP");
    }
    if error.is_incomplete_message() {
        return away("closed", "the other side closed the connection before its answer was complete");
    }
    away("connection", "the connection to the other side broke")
}

/// What went wrong with the body of an answer. `packed`: it is being decompressed.
pub(crate) fn body(error: &io::Error, packed: bool) -> Error {
    let inner: Option<&(dyn StdError + 'static)> = error.get_ref().map(|inner| inner as _);
    match inner {
        Some(inner) if inner.is::<Error>() || inner.is::<hyper::Error>() => request(inner),
        _ if packed => broken("encoding", "the answer is not compressed in the way that its head says")
            .detail(error.to_string()),
        _ => away("connection", "the connection to the other side broke").detail(error.to_string()),
    }
}

/// The same error once more: libraries only lend theirs.
fn copy(error: &Error) -> Error {
    let mut copy =
        Error::new(error.kind, error.message.clone()).fault(error.fault).retryable(error.retryable);
    copy.code.clone_from(&error.code);
    copy.detail.clone_from(&error.detail);
    copy
}

fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(one) = cause {
        text.push_str(": ");
        text.push_str(&one.to_string());
        cause = one.source();
    }
    text
}

/// Why a TLS handshake failed.
pub(crate) fn tls(error: &io::Error) -> Error {
    let why = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let text = match why {
        Some(rustls::Error::InvalidCertificate(why)) => return certificate(why).detail(error.to_string()),
        Some(rustls::Error::AlertReceived(_)) => {
            "the other side refused the TLS connection; if it asks for a certificate, set tls: {cert, key}"
        }
        Some(rustls::Error::InvalidMessage(_)) => {
            "the other side does not speak TLS; check the scheme and port of the url"
        }
        Some(_) => "TLS with the other side failed",
        None => {
            return away("tls", "the connection broke while TLS was agreed upon").detail(error.to_string());
        }
    };
    broken("tls", text).detail(error.to_string())
}

fn certificate(why: &rustls::CertificateError) -> Error {
    use rustls::CertificateError as Why;
    let reason = match why {
        Why::Expired | Why::ExpiredContext { .. } => "it has expired",
        Why::NotValidYet | Why::NotValidYetContext { .. } => "it is not valid yet",
        Why::NotValidForName | Why::NotValidForNameContext { .. } => {
            "it is for another name; tls/server_name says which is right"
        }
        // Another authority of the same name has signed it.
        Why::UnknownIssuer | Why::BadSignature => {
            "its issuer is not known; set tls/ca to the authority that signed it"
        }
        Why::Revoked => "it is revoked",
        _ => "it is not valid",
    };
    broken("certificate", format!("the other side's certificate is not accepted: {reason}"))
}
