//! `docs/stdlib.md`: CPython's own tests, run by a service in the sandbox, counted by module.
//!
//! The tests are not ours and are not in the checkout: they come from a CPython on the machine. What was counted is kept in
//! `docs/stdlib.json`; `xtask/stdlib/modules.json` lists the modules with their tests and says in words what differs. The page
//! is made of these two alone.
//!
//! # Layout
//!
//! * [`page`]: the two files become the page.
//! * `xtask/stdlib/measure.py` talks to the server, `xtask/stdlib/runner.py` is the service.

mod page;

use crate::{binary, context::Context, server::Start, shell, tools};
use anyhow::{Context as _, Result, bail, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const DATA: &str = "docs/stdlib.json";
const MODULES: &str = "xtask/stdlib/modules.json";
const PAGE: &str = "docs/stdlib.md";

/// Pythons that may have tests, the interpreter's own version first.
const PYTHONS: [&str; 5] = ["python3.14", "python3.13", "python3.12", "python3.11", "python3"];

/// Prints the folder of the tests, and the version, of a Python that has them.
const PROBE: &str = "import platform, test.test_json, test.support; print(test.__path__[0]); print(platform.python_version())";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Measure only these modules, and keep what is known of the others
    names: Vec<String>,
    /// Folder `test` of a CPython [default: that of the newest Python on this machine that has one]
    #[arg(long, value_name = "FOLDER", requires = "tests_of")]
    tests: Option<PathBuf>,
    /// Version of that CPython
    #[arg(long, value_name = "VERSION", requires = "tests")]
    tests_of: Option<String>,
    /// Binary to run instead of the release build
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Write the page from what was measured before, and measure nothing
    #[arg(long, conflicts_with_all = ["names", "tests"])]
    page: bool,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<()> {
    if !options.page {
        measure(context, options)?;
    }
    let page = render(&context.root)?;
    fs::write(context.root.join(PAGE), page).with_context(|| format!("cannot write {PAGE}"))?;
    shell::say(&format!("wrote {PAGE}"));
    Ok(())
}

/// Starts a server, runs the tests on it, and writes the counts.
fn measure(context: &Context, options: &Options) -> Result<()> {
    tools::install(&[tools::PYTHON])?;
    let (tests, version) = match (&options.tests, &options.tests_of) {
        (Some(tests), Some(version)) => (tests.clone(), version.clone()),
        _ => find_tests()?,
    };
    ensure!(tests.join("support").is_dir(), "{} is not the folder `test` of a CPython", tests.display());
    let binary = match &options.binary {
        Some(binary) => binary.clone(),
        None => binary::release(context)?,
    };
    let folder = context.scratch("stdlib")?;
    let (services, data) = (folder.join("services"), folder.join("data"));
    for folder in [&services, &data] {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
    }
    let patient = ["--request-timeout-secs=900".to_owned()];
    let server = Start { arguments: &patient, ..Start::quiet(&binary, &services, &data) }.run()?;
    shell::say(&format!("running the tests of CPython {version} in the sandbox; this takes a while"));
    let mut command = Command::new("python3");
    command.arg(context.root.join("xtask/stdlib/measure.py")).args(["--listen", &server.listen]);
    command.arg("--services").arg(&services).arg("--log").arg(data.join("server.log"));
    command.arg("--tests").arg(&tests).args(["--tests-of", &version]);
    command.arg("--modules").arg(context.root.join(MODULES)).arg("--out").arg(context.root.join(DATA));
    shell::run(command.args(&options.names).env("PYTHONDONTWRITEBYTECODE", "1"))?;
    server.stop()
}

/// The folder of CPython's tests on this machine, and the version that they are of.
fn find_tests() -> Result<(PathBuf, String)> {
    for python in PYTHONS {
        if !shell::succeeds(python, &["-c", PROBE]) {
            continue;
        }
        let printed = shell::output(Command::new(python).args(["-c", PROBE]))?;
        if let Some((folder, version)) = printed.trim().split_once('\n') {
            return Ok((PathBuf::from(folder), version.to_owned()));
        }
    }
    bail!(
        "no Python on this machine has the tests of CPython. Install them (on Debian: apt-get install libpython3-testsuite), or name \
         the folder `test` of a CPython with --tests and its version with --tests-of"
    )
}

/// The page, as it has to be.
fn render(root: &Path) -> Result<String> {
    let read = |path: &str| -> Result<serde_json::Value> {
        let text = fs::read(root.join(path)).with_context(|| format!("cannot read {path}"))?;
        serde_json::from_slice(&text).with_context(|| format!("{path} is not JSON"))
    };
    page::render(&read(DATA)?, &read(MODULES)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_the_data_says() {
        let root = Context::new().unwrap().root;
        let written = fs::read_to_string(root.join(PAGE)).unwrap();
        assert!(render(&root).unwrap() == written, "run `cargo xtask gen stdlib --page`");
    }
}
