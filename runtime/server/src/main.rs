//! The `caisson` binary: one command line for the server and for those who talk to it.
//!
//! # Layout
//!
//! * [`cli`]: one file per command.
//! * [`compose`]: the composition root: everything that a server is made of, as one list. [`plan`]: what it is told.
//! * [`announcement`]: `server.json`; [`signals`]: how it is told to stop; [`door`]: how it answers while it starts.
//! * [`client`]: the admin API from the other side; [`output`]: the only place that prints; [`exit`]: exit codes.

mod announcement;
mod cli;
mod client;
mod compose;
mod door;
mod exit;
mod locks;
mod output;
mod plan;
mod signals;
mod state;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
