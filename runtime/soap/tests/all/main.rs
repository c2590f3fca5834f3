//! Tests of the crate from outside: what clients send, what attackers send, and what is sent back.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, like tests; clippy.toml exempts only functions marked as tests"
)]

mod answers;
mod hostile;
mod properties;
mod recorded;
mod security;
mod values;

use caisson_soap::{Envelope, Fault, Limits};

/// Reads a message with the usual limits.
fn parse(text: impl AsRef<[u8]>, content_type: Option<&str>) -> Result<Envelope, Fault> {
    Envelope::parse(text.as_ref(), content_type, &Limits::default())
}

/// An envelope of SOAP 1.1 with this header and this body.
fn envelope(header: &str, body: &str) -> String {
    format!(
        "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'>{header}<s:Body>{body}</s:Body></s:Envelope>"
    )
}
