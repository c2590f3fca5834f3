//! What went wrong, in the contract's words. No text has an address, a secret or what was asked.

use caisson_capability::{Error, ErrorKind, Fault};
use std::io;

/// The server cannot be reached, or went away: the same call may pass later.
pub(crate) fn away(error: io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, "the server cannot be reached, or has closed the connection")
        .fault(Fault::Remote)
        .detail(error.kind().to_string())
        .source(error)
}

/// The server does not know the token.
pub(crate) fn refused() -> Error {
    Error::new(ErrorKind::Unauthenticated, "the server refuses the connection's `token`").fault(Fault::Remote)
}

/// The server said what the protocol does not have.
pub(crate) fn garbled() -> Error {
    Error::new(ErrorKind::Internal, "the server answered something that is no line of text")
        .fault(Fault::Remote)
}

/// An answer is longer than allowed.
pub(crate) fn too_long(limit: u32) -> Error {
    Error::new(ErrorKind::QuotaExceeded, format!("the answer is longer than answer_bytes = {limit}"))
        .fault(Fault::Remote)
}

/// A question that is none.
pub(crate) fn no_line() -> Error {
    Error::new(ErrorKind::InvalidInput, "a question is one line: give a text without line breaks")
        .fault(Fault::Service)
}

/// The connection was replaced, and nobody may use it any more.
pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::Unavailable, "the connection is closed")
}
