//! The capability against real servers, through all layers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod calls;
mod channels;
mod conformance;
mod faults;
mod grants;
mod harness;
mod places;
mod setup;
