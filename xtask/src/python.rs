//! The Python interpreter, compiled for the host's engine and put beside a `caisson` binary.
//!
//! The binary itself compiles it, with exactly the engine settings that it runs with. It takes seconds of processor time,
//! so the result is kept under a key made of the interpreter and of what the binary says its engine is.

use crate::{
    context::Context,
    guests::{self, Built, INTERPRETER},
    hash, shell,
};
use anyhow::{Context as _, Result};
use std::{fs, path::Path, process::Command};

/// Folder beside the binary in which it looks for the interpreter.
const INSTALLED: &str = "caisson-python";

/// Puts the interpreter beside `binary`.
pub(crate) fn install(context: &Context, binary: &Path, interpreter: &Built) -> Result<()> {
    let engine = shell::output(Command::new(binary).args(["internal", "engine-key"]))?;
    let key = hash::short(format!("{} {}", interpreter.key, engine.trim()).as_bytes());
    let installed = binary.with_file_name(INSTALLED);
    // Beside the folder, not in it: what is in there belongs to the binary.
    let stamp = binary.with_file_name(format!("{INSTALLED}.key"));
    let is_current = fs::read_to_string(&stamp).is_ok_and(|found| found == key);
    if is_current && installed.join("manifest.json").exists() {
        return Ok(());
    }
    let cache = context.target.join("guests");
    let prepared = cache.join(format!("python-{key}"));
    if !prepared.join("manifest.json").exists() {
        let wasm = interpreter.folder.join(format!("{INTERPRETER}.wasm"));
        shell::step("compiling the Python interpreter for this machine", || {
            guests::publish(&prepared, |partial| {
                let mut command = Command::new(binary);
                command.args(["internal", "build-python", "--wasm"]).arg(wasm).arg("--out").arg(partial);
                shell::run(&mut command)
            })
        })?;
        guests::forget_old(&cache, "python")?;
    }
    guests::publish(&installed, |partial| link_files(&prepared, partial))?;
    fs::write(&stamp, key).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Makes the files of one folder appear in another: as hard links where that is possible, for they are large.
fn link_files(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if fs::hard_link(entry.path(), &target).is_err() {
            fs::copy(entry.path(), &target).with_context(|| format!("cannot write {}", target.display()))?;
        }
    }
    Ok(())
}
