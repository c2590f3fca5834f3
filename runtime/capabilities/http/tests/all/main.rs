//! The capability against servers that are good, bad and hostile, through all layers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails, in its helpers too; clippy exempts only the test functions themselves"
)]

mod auth;
mod conformance;
mod faults;
mod harness;
mod policy;
mod requests;
mod tls;
