//! `caisson test`: the tests of Python services, run inside of the sandbox.

mod report;

use super::tool::{Answer, Sandbox, Tree};
use crate::exit::{Exit, usage};
use crate::output::Output;
use report::{Outcome, Report};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Instant;

/// Run the tests of Python services inside the sandbox
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Tests are functions `test_*` and classes `Test*` or unittest.TestCase in files test_*.py and *_test.py. Each one runs in a sandbox
of its own, with everything outside of it faked by caisson.testing. The same files run under pytest.

Examples:
  caisson test services
  caisson test services/crm -k customer
  caisson test services --json

Ends with 1 when a test fails.")]
pub(crate) struct Args {
    /// Folder of a package, or of several
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Run only the tests whose names contain this
    #[arg(short = 'k', long, value_name = "TEXT")]
    filter: Option<String>,
    /// Show what tests print and log even if they pass
    #[arg(short, long)]
    verbose: bool,
    /// Folder of the compiled Python interpreter [default: caisson-python beside this program]
    #[arg(long, value_name = "DIR")]
    python: Option<PathBuf>,
}

/// What the sandbox has found.
#[derive(Debug, Deserialize)]
struct Collected {
    tests: Vec<String>,
    /// Files that could not be imported.
    broken: Vec<Outcome>,
}

/// Carries it out.
///
/// # Errors
///
/// What cannot be read, no tests, no interpreter.
pub(crate) async fn run(args: Args, output: Output) -> anyhow::Result<Exit> {
    let tree = Tree::read(&args.dir)?;
    if tree.tests.is_empty() {
        return Err(usage(format!(
            "there are no tests in {}: they are functions test_* in files test_*.py",
            args.dir.display()
        )));
    }
    let began = Instant::now();
    let source = format!(
        "from caisson import _runner\n_runner.load({})\nask = _runner.answer",
        Value::from(tree.tests.clone())
    );
    let sandbox = Sandbox::load(&source, tree.files.clone(), args.python).await?;
    let collected: Collected = match sandbox.ask(&json!({"do": "collect"})).await {
        Answer::Told(told) => serde_json::from_value(told)?,
        Answer::Stopped(reason) => anyhow::bail!("the tests could not be collected: {reason}"),
    };
    let mut report = Report::new(output, &tree, args.verbose);
    collected.broken.into_iter().for_each(|broken| report.add(broken));
    let wanted = |test: &&String| args.filter.as_ref().is_none_or(|text| test.contains(text.as_str()));
    for test in collected.tests.iter().filter(wanted) {
        let asked = Instant::now();
        let outcome = match sandbox.ask(&json!({"do": "run", "test": test})).await {
            Answer::Told(told) => serde_json::from_value(told)?,
            Answer::Stopped(reason) => Outcome::stopped(test, reason, asked.elapsed()),
        };
        report.add(outcome);
    }
    if report.is_empty() {
        let filter = args.filter.unwrap_or_default();
        return Err(usage(format!("no test in {} has {filter:?} in its name", args.dir.display())));
    }
    Ok(report.finish(began.elapsed()))
}
