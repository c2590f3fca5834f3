//! The tasks of people who work on Caisson: `cargo xtask --help`.
//!
//! # Layout
//!
//! * [`context`]: where things are and how cargo is called; [`shell`]: running programs and saying so.
//! * [`tools`], [`venv`], [`wheels`]: what has to be installed; [`hash`]: whether something has to be built again.
//! * [`guests`], [`python`], [`binary`]: the three steps of a build; [`cpython`]: a guest that others' tools make.
//! * [`demo`] with [`samples`], [`suite`] (the task `test`), [`tidy`], [`bench`], [`generate`], [`new_capability`]: what the tasks do.
//! * [`server`], [`http`]: a running `caisson`, and calls to it.
//!
//! **Architecture Invariant:** nothing here is needed to run Caisson; what a user needs is in the binary.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool of the command line talks to its terminal"
)]

mod bench;
mod binary;
mod context;
mod cpython;
mod demo;
mod generate;
mod guests;
mod hash;
mod http;
mod new_capability;
mod python;
mod samples;
mod server;
mod shell;
mod suite;
mod tidy;
mod tools;
mod venv;
mod wheels;

use anyhow::Result;
use clap::{Parser, Subcommand};
use context::Context;
use std::process::ExitCode;

/// Tasks of people who work on Caisson.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build what is missing, start the server with the sample services, show what to call
    Demo(demo::Options),
    /// Install what tests need, then check and test everything (or only the tests that a filter names)
    Test(suite::Options),
    /// Build the release binary with the Python interpreter beside it and print its path
    Build,
    /// Build the WebAssembly guests whose sources have changed
    Guests,
    /// Check the rules that neither the compiler nor clippy checks
    Tidy,
    /// Measure: HTTP against axum and FastAPI, memory, hot deployment, a thousand services, the engine
    Bench(bench::Options),
    /// Write a document that is made from measurements or from the code
    Gen(generate::Options),
    /// Write a new capability that compiles and passes the conformance suite, to begin with
    NewCapability(new_capability::Options),
}

fn main() -> ExitCode {
    // Not returned from `main`: with RUST_BACKTRACE set, a backtrace of this tool would follow and bury what failed.
    match run(&Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: &Task) -> Result<()> {
    let context = Context::new()?;
    match task {
        Task::Demo(options) => demo::run(&context, options),
        Task::Test(options) => suite::run(&context, options),
        Task::Build => {
            println!("{}", binary::release(&context)?.display());
            Ok(())
        }
        Task::Guests => guests::all(&context),
        Task::Tidy => tidy::run(&context),
        Task::Bench(options) => bench::run(&context, options),
        Task::Gen(options) => generate::run(&context, options),
        Task::NewCapability(options) => new_capability::run(&context, options),
    }
}
