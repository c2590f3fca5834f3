//! Wheels of others that tests put into packages, downloaded once into the cache folder.

use crate::{context::Context, guests::publish, hash::Inputs, shell, venv};
use anyhow::Result;
use std::{fs, path::PathBuf, process::Command};

/// What is downloaded, with hashes.
const LIST: &str = "tests/requirements-vendored.txt";
/// Takes the compiled parts out.
const PURE: &str = "tests/vendored/pure_wheel.py";

/// The folder that they are in, all of them pure Python.
pub(crate) fn folder(context: &Context) -> Result<PathBuf> {
    let mut inputs = Inputs::default();
    for file in [LIST, PURE] {
        inputs.add_files(&context.root, &context.root.join(file))?;
    }
    let folder = context.scratch("wheels")?.join(inputs.key());
    if folder.exists() {
        return Ok(folder);
    }
    let python = venv::with(context, "tests/requirements.txt")?.join("bin/python");
    let downloaded = context.scratch("wheels")?.join("downloaded");
    shell::step(&format!("downloading {LIST} into the cache folder"), || {
        publish(&downloaded, |partial| {
            let mut pip = Command::new(&python);
            pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
            pip.args(["--only-binary=:all:", "--require-hashes", "--python-version", "3.11"]);
            // The same wheels whatever this machine is: what is compiled in them is not used.
            pip.args(["--platform", "any", "--platform", "manylinux_2_17_x86_64", "--requirement"]);
            shell::run(pip.arg(context.root.join(LIST)).arg("--dest").arg(partial))
        })?;
        publish(&folder, |partial| {
            let mut command = Command::new(&python);
            command.arg(context.root.join(PURE));
            for entry in fs::read_dir(&downloaded)? {
                command.arg(entry?.path());
            }
            shell::run(command.arg(partial))
        })
    })?;
    Ok(folder)
}
