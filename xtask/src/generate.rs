//! The task `gen`: documents that are made of tests. A test of the Python SDK fails when one of them is out of date.

use crate::{context::Context, shell};
use anyhow::Result;
use std::process::Command;

/// Modules of `sdk-python` that write a document each.
const WRITERS: [&str; 1] = ["tests.compat_docs"];

/// Writes all of them.
pub(crate) fn run(context: &Context) -> Result<()> {
    for writer in WRITERS {
        let mut python = Command::new("python3");
        python.args(["-m", writer]).current_dir(context.root.join("sdk-python"));
        shell::run(&mut python)?;
    }
    Ok(())
}
