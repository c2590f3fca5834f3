//! `caisson check`: what in Python files will not work, before they are deployed.

use super::tool::{Answer, Sandbox, read_sources};
use crate::exit::Exit;
use crate::output::Output;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// List what in Python services will not work, before deploying them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  caisson check crm.py
  caisson check services --json

Ends with 1 when there are errors; warnings alone are no failure.")]
pub(crate) struct Args {
    /// Python files, or folders that are searched for them
    #[arg(value_name = "FILE|DIR", required = true)]
    paths: Vec<PathBuf>,
    /// Folder of the compiled Python interpreter [default: caisson-python beside this program]
    #[arg(long, value_name = "DIR")]
    python: Option<PathBuf>,
}

/// One thing that was found.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Finding {
    file: String,
    line: u64,
    column: u64,
    level: String,
    code: String,
    message: String,
}

const SOURCE: &str = "\
def ask(question):
    from caisson._check import check
    return check(question['files'])
";

/// Carries it out.
///
/// # Errors
///
/// What cannot be read, no interpreter.
pub(crate) async fn run(args: Args, output: Output) -> anyhow::Result<Exit> {
    let files = read_sources(&args.paths)?;
    let sandbox = Sandbox::load(SOURCE, Vec::new(), args.python).await?;
    let contents: BTreeMap<&String, &String> =
        files.iter().map(|(path, source)| (path, &source.content)).collect();
    let mut findings: Vec<Finding> = match sandbox.ask(&json!({ "files": contents })).await {
        Answer::Told(findings) => serde_json::from_value(findings)?,
        Answer::Stopped(reason) => anyhow::bail!("the files could not be checked: {reason}"),
    };
    for finding in &mut findings {
        if let Some(source) = files.get(&finding.file) {
            finding.file.clone_from(&source.shown);
        }
    }
    let errors = findings.iter().filter(|finding| finding.level == "error").count();
    if output.wants_json() {
        output.json(&findings);
    } else {
        findings.iter().for_each(|finding| output.line(line(finding, output)));
        output.note(summary(errors, findings.len() - errors, files.len()));
    }
    Ok(if errors > 0 { Exit::Failed } else { Exit::Ok })
}

fn line(finding: &Finding, output: Output) -> String {
    let Finding { file, line, column, level, code, message } = finding;
    let level = if level == "error" { output.bad(level) } else { output.attention(level) };
    format!("{file}:{line}:{column}: {level}: {message} {}", output.dim(&format!("[{code}]")))
}

fn summary(errors: usize, warnings: usize, files: usize) -> String {
    let counted =
        |number: usize, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    let checked = counted(files, "file");
    match (errors, warnings) {
        (0, 0) => format!("{checked} checked, nothing found"),
        _ => format!("{checked} checked: {}, {}", counted(errors, "error"), counted(warnings, "warning")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_lines_that_editors_understand() {
        let finding = Finding {
            file: "crm/api.py".to_owned(),
            line: 3,
            column: 5,
            level: "error".to_owned(),
            code: "unknown-attribute".to_owned(),
            message: "no self.outgoing; write self.out".to_owned(),
        };
        assert_eq!(
            line(&finding, Output::new(true)),
            "crm/api.py:3:5: error: no self.outgoing; write self.out [unknown-attribute]"
        );
    }

    #[test]
    fn the_summary_counts() {
        assert_eq!(summary(0, 0, 1), "1 file checked, nothing found");
        assert_eq!(summary(1, 2, 3), "3 files checked: 1 error, 2 warnings");
    }
}
