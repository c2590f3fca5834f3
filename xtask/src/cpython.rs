//! A guest of others: CPython itself as a component, which componentize-py makes of `tests/cpython` against the contract.

use crate::{
    context::Context,
    guests::{forget_old, publish},
    hash::Inputs,
    shell, venv,
};
use anyhow::Result;
use std::{path::PathBuf, process::Command};

/// What is made a component, with the version of the tool that does it.
const FOLDER: &str = "tests/cpython";

/// The component, made when what goes into it has changed.
pub(crate) fn component(context: &Context) -> Result<PathBuf> {
    let mut inputs = Inputs::default();
    for part in [FOLDER, "wit"] {
        inputs.add_files(&context.root, &context.root.join(part))?;
    }
    let cache = context.target.join("guests");
    let folder = cache.join(format!("cpython-{}", inputs.key()));
    let component = folder.join("cpython.wasm");
    if component.exists() {
        return Ok(component);
    }
    let python = venv::with(context, &format!("{FOLDER}/requirements.txt"))?;
    shell::step("making a component of CPython", || {
        publish(&folder, |partial| {
            let mut tool = Command::new(python.join("bin/componentize-py"));
            tool.current_dir(context.root.join(FOLDER)).arg("--wit-path").arg(context.root.join("wit"));
            tool.args(["--world", "caisson:service/service", "componentize", "app", "--output"]);
            shell::run(tool.arg(partial.join("cpython.wasm")))
        })
    })?;
    forget_old(&cache, "cpython")?;
    Ok(component)
}
