//! The channel over real sockets, with an invoker that does what each test wants.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails, in its helpers too; clippy exempts only the test functions themselves"
)]

mod channels;
mod connections;
mod drain;
mod harness;
mod http2;
mod limits;
mod openapi;
mod requests;
mod soap;
mod tls;
