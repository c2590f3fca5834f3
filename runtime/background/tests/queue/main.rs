//! The queue with a door behind which every test has its own services.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails; clippy exempts only the test functions"
)]

mod calls;
mod ends;
mod groups;
mod harness;
mod hostile;
mod turns;
