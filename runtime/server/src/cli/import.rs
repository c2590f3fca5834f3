//! `caisson import`: definitions out of other systems' configuration. No server is asked.

use crate::exit::{Exit, usage};
use crate::output::Output;
use anyhow::Context as _;
use caisson_import::{Finding, Import, Kind};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Largest file that is read. Exports of thousands of objects are a few megabytes.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Make definitions out of another system's configuration
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Turn an enmasse file of Zato 3.2 or 4.1 into definitions
    ///
    /// Writes them to standard output, and to standard error what could not be carried over, with line, column and reason.
    /// Nothing that was guarded becomes open, and no secret is copied: variables of the environment stand in their place.
    #[command(after_help = "\
Example:
  caisson import zato-enmasse enmasse.yaml --output caisson.yaml
  caisson diff -f caisson.yaml")]
    ZatoEnmasse {
        /// The enmasse file, YAML or JSON
        file: PathBuf,
        /// Write the definitions to this new file
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// Carries it out.
///
/// # Errors
///
/// A file that cannot be read or is no enmasse file; an output file that exists or cannot be written.
pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<Exit> {
    let Command::ZatoEnmasse { file, output: target } = &args.command;
    let import = caisson_import::zato::enmasse(&read(file)?, file, &caisson_capabilities::catalog())?;
    if let Some(target) = target {
        write(target, &import.text)?;
    }
    if output.wants_json() {
        output.json(&import);
        return Ok(Exit::Ok);
    }
    if target.is_none() {
        output.body(import.text.as_bytes());
    }
    report(&import, file, target.as_deref(), output);
    Ok(Exit::Ok)
}

fn read(file: &Path) -> anyhow::Result<String> {
    let wrong = || format!("{} cannot be read", file.display());
    let size = std::fs::metadata(file).with_context(wrong)?.len();
    if size > MAX_BYTES {
        let file = file.display();
        return Err(usage(format!("{file} has {size} bytes, and at most {MAX_BYTES} are read: split it")));
    }
    std::fs::read_to_string(file).with_context(wrong)
}

/// Writes a new file: what is there already may hold work that nothing else has.
fn write(target: &Path, text: &str) -> anyhow::Result<()> {
    let created = std::fs::File::create_new(target);
    if created.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::AlreadyExists) {
        return Err(usage(format!(
            "{} exists already: name another file, or remove it first",
            target.display()
        )));
    }
    let wrong = || format!("{} cannot be written", target.display());
    created.with_context(wrong)?.write_all(text.as_bytes()).with_context(wrong)
}

/// Tells people what became of their file.
fn report(import: &Import, file: &Path, target: Option<&Path>, output: Output) {
    let carried = import.carried;
    output.note(format!(
        "carried over: {} in `security`, {} in `connections`, {} in `channels`",
        carried.security, carried.connections, carried.channels
    ));
    for (kind, heading) in [
        (Kind::LeftOut, "left out (comments in the definitions where they could be written):"),
        (Kind::OptionLeftOut, "options left out:"),
        (Kind::Renamed, "renamed:"),
        (Kind::Note, "worth a look:"),
    ] {
        let findings: Vec<&Finding> = import.findings.iter().filter(|one| one.kind == kind).collect();
        if !findings.is_empty() {
            output.note(format!("\n{} {heading}", output.caution(&findings.len().to_string())));
        }
        for finding in findings {
            output.note(format!("  {}:{finding}", file.display()));
        }
    }
    if !import.variables.is_empty() {
        output.note("\nset these variables where `caisson diff` and `caisson apply` run:");
    }
    for one in &import.variables {
        let place = format!("{}:{}:{}", file.display(), one.line, one.column);
        output.note(format!("  {}  ({place}: {})", one.name, one.reason));
    }
    if !import.without_grants.is_empty() {
        output.note(format!(
            "\ngrants are to be written: the file does not tell which services use these connections: {}",
            import.without_grants.join(", ")
        ));
    }
    if let Some(target) = target {
        output.note(format!("\nnext: caisson diff -f {}", target.display()));
    }
}
