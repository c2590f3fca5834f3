//! WebAssembly guests: built when their sources have changed, and only then.
//!
//! Guests are workspaces of their own. What one of them builds is kept in `<target>/guests/<name>-<key>/<crate>.wasm`, where
//! the key is a hash of all that goes into it. So switching branches back and forth compiles nothing twice.

use crate::{
    context::{Context, cargo_in},
    hash::Inputs,
    shell,
    tools::{self, GUEST_TARGET},
};
use anyhow::{Context as _, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Name of the interpreter's crate.
pub(crate) const INTERPRETER: &str = "caisson-interpreter";

/// Results that are kept of every guest, newest first.
const KEPT: usize = 4;

/// A workspace of guests.
#[derive(Debug)]
struct Workspace {
    name: &'static str,
    folder: &'static str,
    /// What else goes into the guests.
    inputs: &'static [&'static str],
    arguments: &'static [&'static str],
}

/// `--ignore-rust-version`: crates of the interpreter ask for a newer compiler than they need.
const PYTHON: Workspace = Workspace {
    name: "interpreter",
    folder: "sdk-python/interpreter",
    inputs: &["sdk-python/caisson", "sdk-python/zato", "wit"],
    arguments: &["--ignore-rust-version", "--locked"],
};

const TESTS: Workspace =
    Workspace { name: "tests", folder: "tests/guests", inputs: &["wit"], arguments: &["--locked"] };

const RUST: Workspace =
    Workspace { name: "rust", folder: "sdk-rust", inputs: &["wit"], arguments: &["--locked"] };

/// Components that are up to date.
#[derive(Debug)]
pub(crate) struct Built {
    /// Holds `<crate>.wasm` for every crate of the workspace.
    pub(crate) folder: PathBuf,
    /// Changes when the components may have changed.
    pub(crate) key: String,
}

/// The Python interpreter.
pub(crate) fn interpreter(context: &Context) -> Result<Built> {
    PYTHON.build(context)
}

/// The components that tests use, once there are any.
pub(crate) fn for_tests(context: &Context) -> Result<Option<Built>> {
    if !context.root.join(TESTS.folder).join("Cargo.toml").exists() {
        return Ok(None);
    }
    TESTS.build(context).map(Some)
}

/// The services in Rust: examples, and what tests need.
pub(crate) fn rust(context: &Context) -> Result<Built> {
    RUST.build(context)
}

/// The tests of the Rust SDK and of its examples, on this machine's own target.
pub(crate) fn test_rust(context: &Context) -> Result<()> {
    let folder = context.root.join(RUST.folder);
    let target = context.target.join("guests/build").join(RUST.name);
    context.claim(&folder, &target, &[])?;
    context.note_claim(&target)?;
    for arguments in [
        &["fmt", "--all", "--check"][..],
        &["clippy", "--locked", "--all-targets", "--quiet", "--", "-D", "warnings"],
        &["test", "--locked", "--quiet"],
    ] {
        shell::run(cargo_in(&folder, &target).args(arguments))?;
    }
    Ok(())
}

/// The task `guests`.
pub(crate) fn all(context: &Context) -> Result<()> {
    let built = [Some(interpreter(context)?), for_tests(context)?, Some(rust(context)?)];
    for guests in built.into_iter().flatten() {
        println!("{}", guests.folder.display());
    }
    Ok(())
}

impl Workspace {
    fn build(&self, context: &Context) -> Result<Built> {
        tools::install_guest_target(context)?;
        let inputs = self.inputs(context)?;
        let key = inputs.key();
        let cache = context.target.join("guests");
        let folder = cache.join(format!("{}-{key}", self.name));
        if folder.join("inputs").exists() {
            return Ok(Built { folder, key });
        }
        let why = reason(&inputs, newest(&cache, self.name)?.as_deref());
        shell::step(&format!("building the guests in {} ({why})", self.folder), || {
            let built = self.compile(context)?;
            publish(&folder, |partial| {
                for (name, wasm) in built {
                    fs::copy(&wasm, partial.join(format!("{name}.wasm")))
                        .with_context(|| format!("cargo has not built {}", wasm.display()))?;
                }
                Ok(fs::write(partial.join("inputs"), inputs.to_string())?)
            })
        })?;
        forget_old(&cache, self.name)?;
        Ok(Built { folder, key })
    }

    fn inputs(&self, context: &Context) -> Result<Inputs> {
        let mut inputs = Inputs::default();
        for path in self.inputs.iter().chain([&self.folder]) {
            inputs.add_files(&context.root, &context.root.join(path))?;
        }
        inputs.add_fact("compiler", &tools::compiler_version(context)?);
        inputs.add_fact("arguments", &self.arguments.join(" "));
        inputs.add_fact("RUSTFLAGS", &std::env::var("RUSTFLAGS").unwrap_or_default());
        Ok(inputs)
    }

    /// Runs cargo; returns the name and the component of every crate.
    fn compile(&self, context: &Context) -> Result<Vec<(String, PathBuf)>> {
        let folder = context.root.join(self.folder);
        let target = context.target.join("guests/build").join(self.name);
        context.claim(&folder, &target, &["--release", "--target", GUEST_TARGET])?;
        context.note_claim(&target)?;
        let mut cargo = cargo_in(&folder, &target);
        cargo.args(["build", "--release", "--target", GUEST_TARGET]).args(self.arguments);
        shell::run(&mut cargo)?;
        let release = target.join(GUEST_TARGET).join("release");
        let metadata = context.metadata(&folder)?;
        Ok(components(&metadata).map(|(name, file)| (name, release.join(file))).collect())
    }
}

/// Crate and file name of every component that a workspace builds.
fn components(metadata: &serde_json::Value) -> impl Iterator<Item = (String, String)> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages.flat_map(|package| {
        let name = package["name"].as_str().unwrap_or_default();
        let targets = package["targets"].as_array().into_iter().flatten();
        let libraries = targets.filter(|target| {
            let kinds = target["crate_types"].as_array().into_iter().flatten();
            kinds.filter_map(serde_json::Value::as_str).any(|kind| kind == "cdylib")
        });
        libraries.filter_map(move |target| {
            let file = format!("{}.wasm", target["name"].as_str()?.replace('-', "_"));
            Some((name.to_owned(), file))
        })
    })
}

/// Says why a guest is built.
fn reason(inputs: &Inputs, last: Option<&Path>) -> String {
    let Some(last) = last.and_then(|folder| fs::read_to_string(folder.join("inputs")).ok()) else {
        return "for the first time".to_owned();
    };
    let last = Inputs::parse(&last);
    let changes = inputs.changes(&last);
    match changes.as_slice() {
        [one] => format!("changed: {one}"),
        [one, two] => format!("changed: {one}, {two}"),
        [one, two, rest @ ..] => format!("changed: {one}, {two} and {} more", rest.len()),
        [] => "its result was removed".to_owned(),
    }
}

/// Fills a folder that nobody sees before it is complete.
pub(crate) fn publish(folder: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let partial = folder.with_extension("partial");
    remove(&partial)?;
    fs::create_dir_all(&partial).with_context(|| format!("cannot create {}", partial.display()))?;
    fill(&partial)?;
    remove(folder)?;
    fs::rename(&partial, folder).with_context(|| format!("cannot create {}", folder.display()))
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

/// Removes results that have not been made lately.
pub(crate) fn forget_old(cache: &Path, name: &str) -> Result<()> {
    results(cache, name)?.iter().skip(KEPT).try_for_each(|folder| remove(folder))
}

fn newest(cache: &Path, name: &str) -> Result<Option<PathBuf>> {
    Ok(results(cache, name)?.into_iter().next())
}

/// Folders of results of one name, newest first.
fn results(cache: &Path, name: &str) -> Result<Vec<PathBuf>> {
    if !cache.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(cache)? {
        let path = entry?.path();
        let stem = path.file_name().and_then(|file| file.to_str()).and_then(|file| file.rsplit_once('-'));
        if stem.is_some_and(|(stem, key)| stem == name && !key.ends_with(".partial")) {
            found.push((path.metadata()?.modified()?, path));
        }
    }
    found.sort();
    Ok(found.into_iter().rev().map(|(_, path)| path).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_components_of_a_workspace() {
        let metadata = serde_json::json!({"packages": [
            {"name": "guest-echo", "targets": [{"name": "guest-echo", "crate_types": ["cdylib"]}]},
            {"name": "shared", "targets": [{"name": "shared", "crate_types": ["lib"]}]},
        ]});
        let found: Vec<_> = components(&metadata).collect();
        assert_eq!(found, [("guest-echo".to_owned(), "guest_echo.wasm".to_owned())]);
    }
}
