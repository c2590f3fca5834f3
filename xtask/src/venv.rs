//! Programs from PyPI, in virtual environments outside of the checkout.

use crate::{context::Context, hash, shell, tools};
use anyhow::{Context as _, Result};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

/// A virtual environment with what a list of requirements names, made once for every list. `what` is it for people.
pub(crate) fn make(context: &Context, what: &str, requirements: &Path) -> Result<PathBuf> {
    tools::install(&[tools::PYTHON, tools::PYTHON_VENV])?;
    let list = fs::read(requirements).with_context(|| format!("cannot read {}", requirements.display()))?;
    let folder = context.scratch("python")?.join(hash::short(&list));
    let complete = folder.join("complete");
    if complete.exists() {
        return Ok(folder);
    }
    shell::step(&format!("installing {what} into the cache folder"), || {
        shell::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        let mut pip = Command::new(folder.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(requirements);
        shell::run(&mut pip)?;
        Ok(File::create(&complete).map(drop)?)
    })?;
    Ok(folder)
}
