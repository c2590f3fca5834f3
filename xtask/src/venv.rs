//! Virtual environments for Python programs of others, kept in the cache folder and made once for every list of requirements.

use crate::{context::Context, hash, shell, tools};
use anyhow::{Context as _, Result};
use std::{
    fs::{self, File},
    path::PathBuf,
    process::Command,
};

/// The folder of an environment with what `requirements` lists, a path within the checkout.
pub(crate) fn with(context: &Context, requirements: &str) -> Result<PathBuf> {
    tools::install(&[tools::PYTHON, tools::PYTHON_VENV])?;
    let file = context.root.join(requirements);
    let list = fs::read(&file).with_context(|| format!("cannot read {requirements}"))?;
    let folder = context.scratch("python")?.join(hash::short(&list));
    let complete = folder.join("complete");
    if complete.exists() {
        return Ok(folder);
    }
    shell::step(&format!("installing {requirements} into the cache folder"), || {
        shell::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        let mut pip = Command::new(folder.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&file);
        shell::run(&mut pip)?;
        Ok(File::create(&complete).map(drop)?)
    })?;
    Ok(folder)
}
