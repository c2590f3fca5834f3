//! Errors for guests.

use crate::types;
use caisson_capability::{Error, ErrorKind};

/// An error as a guest is told it. What is for the operator only stays behind.
#[must_use]
pub fn error(error: Error) -> types::Error {
    types::Error {
        kind: kind(error.kind),
        message: error.message,
        retryable: error.retryable,
        code: error.code,
    }
}

/// The guest gave something that makes no sense: `message` says what and what to give instead.
#[must_use]
pub fn unfit(message: impl Into<String>) -> types::Error {
    error(Error::new(ErrorKind::InvalidInput, message))
}

/// A kind of ours as the contract's.
#[must_use]
pub fn kind(kind: ErrorKind) -> types::ErrorKind {
    match kind {
        ErrorKind::InvalidInput => types::ErrorKind::InvalidInput,
        ErrorKind::Unauthenticated => types::ErrorKind::Unauthenticated,
        ErrorKind::AccessDenied => types::ErrorKind::AccessDenied,
        ErrorKind::NotFound => types::ErrorKind::NotFound,
        ErrorKind::MethodNotAllowed => types::ErrorKind::MethodNotAllowed,
        ErrorKind::Conflict => types::ErrorKind::Conflict,
        ErrorKind::Timeout => types::ErrorKind::Timeout,
        ErrorKind::QuotaExceeded => types::ErrorKind::QuotaExceeded,
        ErrorKind::Unavailable => types::ErrorKind::Unavailable,
        ErrorKind::Cancelled => types::ErrorKind::Cancelled,
        // The kinds are an open set on our side; one that the guest's contract does not have yet is a host matter.
        _ => types::ErrorKind::Internal,
    }
}
