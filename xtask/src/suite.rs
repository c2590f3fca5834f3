//! The task `test`: everything that has to be right before a change is.
//!
//! A step that fails does not keep the others from running: one run shows all that is wrong. The tests come last, so that
//! their own summary is what one sees at the end.

use crate::{
    context::{Context, Profile},
    cpython, guests, python, shell, tidy, tools, venv, wheels,
};
use anyhow::{Result, bail};
use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Run only the tests whose names contain one of these, and no other check
    filters: Vec<String>,
}

/// What came of a step.
#[derive(Debug)]
enum Outcome {
    Passed,
    Failed(String),
    Skipped(&'static str),
}

#[derive(Debug, Default)]
struct Report(Vec<(&'static str, Outcome, Duration)>);

/// Where integration tests find what they test.
#[derive(Debug)]
struct Built {
    binary: PathBuf,
    interpreter: PathBuf,
    guests: Option<PathBuf>,
    /// The services in Rust.
    rust: PathBuf,
    /// The component that is CPython.
    cpython: PathBuf,
    /// A Python that has what `tests/requirements.txt` lists, beside the programs that come with it.
    clients: PathBuf,
    /// Wheels of others, all pure Python.
    wheels: PathBuf,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<()> {
    tools::install(&[
        tools::CURL,
        tools::GIT,
        tools::VIM,
        tools::PROTOC,
        tools::PROTO_FILES,
        tools::ETCD,
        tools::IP,
        tools::REDIS,
        tools::RABBITMQ,
        tools::POSTGRES,
        tools::MARIADB,
    ])?;
    context.claim_target()?;
    let mut report = Report::default();
    let only_tests = !options.filters.is_empty();
    if !only_tests {
        report.step("formatting", || cargo(context, &["fmt", "--all", "--check"]));
        report.step("tidy", || tidy::run(context));
        let clippy = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
        report.step("clippy", || cargo(context, &clippy));
    }
    let built = report.step("build", || build(context));
    if !only_tests {
        report.step("documentation tests", || cargo(context, &["test", "--doc", "--workspace", "--quiet"]));
        python_sdk(context, &mut report);
        report.step("Python types", || python_types(context));
        report.step("Rust SDK tests", || guests::test_rust(context));
        supply_chain(context, &mut report);
    }
    match built {
        Some(built) => drop(report.step("tests", || tests(context, &built, &options.filters))),
        None => report.skip("tests", "nothing was built to be tested"),
    }
    report.finish()
}

fn cargo(context: &Context, arguments: &[&str]) -> Result<()> {
    shell::run(context.cargo().args(arguments))
}

/// Builds guests, the binary, and the tests.
///
/// All of the workspace in one go, as nextest does afterwards: another selection of crates has other features, and cargo
/// would compile the large dependencies twice.
fn build(context: &Context) -> Result<Built> {
    let interpreter = guests::interpreter(context)?;
    let for_tests = guests::for_tests(context)?;
    let rust = guests::rust(context)?;
    let cpython = cpython::component(context)?;
    cargo(context, &["build", "--workspace", "--all-targets"])?;
    let binary = context.binary(Profile::Dev);
    python::install(context, &binary, &interpreter)?;
    let interpreter = interpreter.folder.join(format!("{}.wasm", guests::INTERPRETER));
    let clients = venv::with(context, "tests/requirements.txt")?.join("bin/python");
    let guests = for_tests.map(|built| built.folder);
    Ok(Built {
        binary,
        interpreter,
        guests,
        rust: rust.folder,
        cpython,
        clients,
        wheels: wheels::folder(context)?,
    })
}

fn tests(context: &Context, built: &Built, filters: &[String]) -> Result<()> {
    let mut command = context.cargo();
    if shell::succeeds("cargo", &["nextest", "--version"]) {
        command.args(["nextest", "run", "--workspace", "--profile", "ci"]).args(filters);
    } else {
        command.args(["test", "--workspace", "--lib", "--bins", "--tests", "--"]).args(filters);
    }
    command.env("CAISSON_BIN", &built.binary).env("CAISSON_INTERPRETER", &built.interpreter);
    command.env("CAISSON_CLIENTS", &built.clients).env("CAISSON_WHEELS", &built.wheels);
    command.env("CAISSON_RUST_GUESTS", &built.rust).env("CAISSON_CPYTHON", &built.cpython);
    if let Some(guests) = &built.guests {
        command.env("CAISSON_GUESTS", guests);
    }
    shell::run(&mut command)
}

/// The tests of the Python SDK, under the Python of this machine.
fn python_sdk(context: &Context, report: &mut Report) {
    let name = "Python SDK tests";
    let folder = context.root.join("sdk-python");
    if !folder.join("tests").exists() {
        return report.skip(name, "there are none yet");
    }
    report.step(name, || {
        tools::install(&[tools::PYTHON])?;
        let mut python = Command::new("python3");
        if shell::succeeds("python3", &["-c", "import pytest"]) {
            python.args(["-m", "pytest", "--quiet", "tests"]);
        } else {
            python.args([
                "-m",
                "unittest",
                "discover",
                "--start-directory",
                "tests",
                "--top-level-directory",
                ".",
            ]);
        }
        shell::run(python.current_dir(&folder).env("PYTHONDONTWRITEBYTECODE", "1"))
    });
}

/// The types of the Python SDK and of the package that `caisson new python` writes.
fn python_types(context: &Context) -> Result<()> {
    tools::install(&[tools::NODE])?;
    let programs = venv::with(context, "tests/requirements.txt")?.join("bin");
    let folder = context.root.join("sdk-python");
    let cache = context.scratch("mypy")?;
    shell::run(Command::new(programs.join("mypy")).arg("--cache-dir").arg(cache).current_dir(&folder))?;
    let mut pyright = Command::new(programs.join("pyright"));
    shell::run(pyright.arg("--pythonpath").arg(programs.join("python")).current_dir(&folder))
}

/// Licences, sources and banned crates.
fn supply_chain(context: &Context, report: &mut Report) {
    if shell::succeeds("cargo", &["deny", "--version"]) {
        // Advisories are left out: they need a database from the network, and change without a change of ours.
        report.step("cargo deny", || cargo(context, &["deny", "check", "bans", "licenses", "sources"]));
    } else {
        report.skip("cargo deny", "not installed (cargo install --locked cargo-deny)");
    }
}

impl Report {
    /// Does a step and notes how it went; returns what it made, when it went well.
    fn step<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T>) -> Option<T> {
        shell::say(&format!("{name} ..."));
        let started = Instant::now();
        let (outcome, made) = match work() {
            Ok(made) => (Outcome::Passed, Some(made)),
            Err(error) => {
                shell::say(&format!("{name}: FAILED: {error:#}"));
                (Outcome::Failed(format!("{error:#}")), None)
            }
        };
        self.0.push((name, outcome, started.elapsed()));
        made
    }

    fn skip(&mut self, name: &'static str, why: &'static str) {
        self.0.push((name, Outcome::Skipped(why), Duration::ZERO));
    }

    /// Prints what happened; fails when something failed.
    fn finish(self) -> Result<()> {
        println!("\nSummary");
        let mut failed = Vec::new();
        for (name, outcome, took) in &self.0 {
            match outcome {
                Outcome::Passed => println!("  passed   {name} ({})", shell::seconds(*took)),
                Outcome::Skipped(why) => println!("  skipped  {name}: {why}"),
                Outcome::Failed(error) => {
                    println!("  FAILED   {name}: {}", error.lines().next().unwrap_or_default());
                    failed.push(*name);
                }
            }
        }
        if !failed.is_empty() {
            bail!("failed: {}", failed.join(", "));
        }
        Ok(())
    }
}
