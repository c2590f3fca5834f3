//! docs/zato.md, from the cases in `sdk-python/tests/compat`. A test of the Python SDK fails when it is out of date.

use crate::{context::Context, shell};
use anyhow::Result;
use std::process::Command;

pub(super) fn run(context: &Context) -> Result<()> {
    let mut python = Command::new("python3");
    python.args(["-m", "tests.compat_docs"]).current_dir(context.root.join("sdk-python"));
    shell::run(&mut python)
}
