//! The capability against real databases, which it starts itself, through all layers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::large_futures,
    reason = "a panic is how a test fails, in its helpers too; its futures live for a test"
)]

mod conformance;
mod harness;
mod mysql;
mod network;
mod postgres;
mod sqlite;
