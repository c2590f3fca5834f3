//! The product from outside: the built server as a process, services on disk, requests over sockets.
//!
//! # Layout
//!
//! * [`harness`]: starting and stopping a server, calling it, the command line, a healthy service beside a hostile one.
//! * One module for each thing that is promised.
//!
//! **Architecture Invariants:** nothing here is linked with the runtime. What a test knows, it knows from files, sockets
//! and exit codes, as a user does. `CAISSON_BIN` names the server; `CAISSON_GUESTS` the folder with the components of
//! `tests/guests`, `CAISSON_RUST_GUESTS` the one with those of `sdk-rust`, `CAISSON_CPYTHON` the one of `tests/cpython`; `CAISSON_CLIENTS` a Python with the clients of others (`tests/requirements.txt`);
//! `CAISSON_WHEELS` the wheels of `tests/requirements-vendored.txt`. `cargo xtask test` makes
//! all of them and sets these.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a panic is how a test fails, and what it prints is shown then, in its helpers too; clippy exempts only the test functions"
)]

mod abuse;
mod background;
mod capabilities;
mod channels;
mod cli;
mod cluster;
mod compat;
mod contract;
mod coordination;
mod declarations;
mod definitions;
mod freshness;
mod full_disk;
mod governance;
mod harness;
mod hoards;
mod hostile_capabilities;
mod hostile_native;
mod hostile_python;
mod hot_deploy;
mod http;
mod invoke;
mod limits;
mod metrics;
mod native_python;
mod openapi;
mod packages;
mod restart;
mod rust;
mod soap;
mod stdlib;
mod streaming;
mod tls;
mod toolbox;
mod tutorial;
mod users;
