//! What is said about tests.

use super::super::tool::Tree;
use crate::exit::Exit;
use crate::output::Output;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

/// What came of one test.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Outcome {
    /// `crm/tests/test_api.py::test_a_customer_is_found`
    test: String,
    /// `passed`, `failed`, `error` or `skipped`.
    outcome: String,
    seconds: f64,
    /// Where it failed.
    file: Option<String>,
    line: Option<u64>,
    /// What is wrong: the assertion with what differs, or the exception.
    message: Option<String>,
    /// How it came there, for what is no assertion.
    traceback: Option<String>,
    /// What it printed and logged.
    output: Option<String>,
}

impl Outcome {
    /// A test that the host has stopped.
    pub(super) fn stopped(test: &str, reason: String, took: Duration) -> Self {
        let file = test.split("::").next().map(str::to_owned);
        Self {
            test: test.to_owned(),
            outcome: "error".to_owned(),
            seconds: took.as_secs_f64(),
            file,
            line: None,
            message: Some(reason),
            traceback: None,
            output: None,
        }
    }

    fn is_bad(&self) -> bool {
        !matches!(self.outcome.as_str(), "passed" | "skipped")
    }
}

/// All outcomes. What has to be read is shown as it comes.
#[derive(Debug)]
pub(super) struct Report<'a> {
    output: Output,
    tree: &'a Tree,
    verbose: bool,
    outcomes: Vec<Outcome>,
}

impl<'a> Report<'a> {
    /// None yet.
    pub(super) fn new(output: Output, tree: &'a Tree, verbose: bool) -> Self {
        Self { output, tree, verbose, outcomes: Vec::new() }
    }

    /// Whether nothing was run.
    pub(super) fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    /// Adds one. Paths become those that the user knows.
    pub(super) fn add(&mut self, mut outcome: Outcome) {
        if let Some((path, name)) = outcome.test.split_once("::") {
            outcome.test = format!("{}::{name}", self.tree.shown(path));
        } else {
            outcome.test = self.tree.shown(&outcome.test);
        }
        outcome.file = outcome.file.map(|file| self.tree.shown(&file));
        if !self.output.wants_json() {
            self.show(&outcome);
        }
        self.outcomes.push(outcome);
    }

    fn show(&self, outcome: &Outcome) {
        let word = match outcome.outcome.as_str() {
            "passed" => self.output.good("passed "),
            "skipped" => self.output.dim("skipped"),
            "failed" => self.output.bad("FAILED "),
            _ => self.output.bad("ERROR  "),
        };
        let took = self.output.dim(&format!("({:.0} ms)", outcome.seconds * 1_000.0));
        self.output.line(format!("{word}  {}  {took}", outcome.test));
        if outcome.is_bad() {
            let line = outcome.line.map_or_else(String::new, |line| format!(":{line}"));
            let place = outcome.file.as_ref().map_or_else(String::new, |file| format!("{file}{line}: "));
            let message = outcome.message.as_deref().unwrap_or("it failed");
            self.indented(&format!("{place}{message}"), "    ");
            outcome.traceback.iter().for_each(|text| self.indented(text, "    "));
        }
        let reason = outcome.message.as_ref().filter(|_| outcome.outcome == "skipped");
        reason.into_iter().for_each(|text| self.indented(text, "    "));
        if let Some(text) = outcome.output.as_ref().filter(|_| outcome.is_bad() || self.verbose) {
            self.output.line(format!("    {}", self.output.dim("what it printed and logged:")));
            self.indented(text, "      ");
        }
    }

    fn indented(&self, text: &str, indent: &str) {
        for line in text.trim_end().lines() {
            let line = self.output.difference(line);
            self.output.line(format!("{indent}{line}").trim_end());
        }
    }

    /// Says how many did what.
    pub(super) fn finish(&self, took: Duration) -> Exit {
        let count = |word: &str| self.outcomes.iter().filter(|outcome| outcome.outcome == word).count();
        let (passed, failed, skipped) = (count("passed"), count("failed"), count("skipped"));
        let errors = count("error");
        if self.output.wants_json() {
            self.output.json(&json!({
                "passed": passed, "failed": failed, "errors": errors, "skipped": skipped,
                "seconds": took.as_secs_f64(), "tests": self.outcomes,
            }));
        } else {
            let parts =
                [(failed, "failed"), (errors, "with errors"), (passed, "passed"), (skipped, "skipped")];
            let told: Vec<String> = parts
                .iter()
                .filter(|(number, _)| *number > 0)
                .map(|(number, word)| format!("{number} {word}"))
                .collect();
            let told = format!("{} in {:.1} s", told.join(", "), took.as_secs_f64());
            self.output.line("");
            self.output.line(if failed + errors > 0 {
                self.output.bad(&told)
            } else {
                self.output.good(&told)
            });
        }
        if failed + errors > 0 { Exit::Failed } else { Exit::Ok }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_was_stopped_is_an_error_of_its_file() {
        let outcome = Outcome::stopped("a/test_b.py::test_c", "too slow".to_owned(), Duration::from_secs(1));
        assert_eq!((outcome.file.as_deref(), outcome.is_bad()), (Some("a/test_b.py"), true));
    }
}
