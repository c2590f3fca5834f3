//! `caisson apply` and `caisson diff`: definitions to a server.

use super::context::Context;
use super::definitions::{File, outgoing, read};
use crate::exit::{Exit, usage};
use caisson_admin::shapes::{AppliedDefinitions, ProposedDefinitions};
use caisson_definition::documents::Submission;
use http::Method;
use std::io::{IsTerminal as _, Write as _};

/// Make the server's definitions what a file says
///
/// Shows what would change and asks, on a terminal. What the file leaves out is taken away. Nothing restarts, and requests in
/// flight finish as they began.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  caisson apply                            caisson.yaml of this folder
  caisson apply -f prod.yaml --yes         without asking, for scripts

${env:NAME} and ${file:PATH} in the file are resolved here, and are stored encrypted on the server.")]
pub(crate) struct Args {
    #[command(flatten)]
    file: File,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// What `caisson history` calls the change [default: apply FILE]
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
}

/// Show what `apply` would change
#[derive(Debug, clap::Args)]
pub(crate) struct DiffArgs {
    #[command(flatten)]
    file: File,
}

/// Carries out `diff`.
///
/// # Errors
///
/// A file that is refused, by the command or by the server.
pub(crate) async fn diff(args: &DiffArgs, context: &Context) -> anyhow::Result<Exit> {
    let submission = read(&args.file.file, context.output)?;
    let proposed = propose(&submission, context).await?;
    if context.output.wants_json() {
        context.output.json(&proposed);
    } else {
        show(&proposed, context);
    }
    Ok(Exit::Ok)
}

/// Carries out `apply`.
///
/// # Errors
///
/// A file that is refused; a change that somebody else made meanwhile; a person who says no.
pub(crate) async fn apply(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let output = context.output;
    let submission = read(&args.file.file, output)?;
    let proposed = propose(&submission, context).await?;
    if !output.wants_json() {
        show(&proposed, context);
        if proposed.unchanged {
            return Ok(Exit::Ok);
        }
    }
    if !args.yes && !agreed()? {
        output.note("nothing was changed");
        return Ok(Exit::Failed);
    }
    let message = args.message.clone().unwrap_or_else(|| format!("apply {}", args.file.file.display()));
    // What was shown is what is made: a change that came in between must be looked at first.
    let body = outgoing(submission, Some(proposed.base), Some(message))?;
    let applied: AppliedDefinitions =
        context.client()?.send_for_json(Method::POST, "/api/v1/definitions/apply", body).await?;
    if output.wants_json() {
        output.json(&applied);
    } else {
        done(&applied, context);
    }
    Ok(if applied.live { Exit::Ok } else { Exit::Failed })
}

async fn propose(submission: &Submission, context: &Context) -> anyhow::Result<ProposedDefinitions> {
    let body = outgoing(submission.clone(), None, None)?;
    Ok(context.client()?.send_for_json(Method::POST, "/api/v1/definitions/diff", body).await?)
}

fn show(proposed: &ProposedDefinitions, context: &Context) {
    let output = context.output;
    if proposed.unchanged {
        output.line(format!("Nothing is different from revision {}.", proposed.base));
        return;
    }
    for line in proposed.text.lines() {
        output.line(output.difference(line));
    }
}

fn done(applied: &AppliedDefinitions, context: &Context) {
    let output = context.output;
    match (&applied.problem, applied.live) {
        (Some(problem), _) => output.error(format!(
            "revision {} is stored and cannot be made live: {problem}\nthe definitions of before go on serving; \
             `caisson rollback` brings them back for good",
            applied.revision
        )),
        (None, false) => output.error(format!("revision {} is stored and not live yet", applied.revision)),
        (None, true) => output.line(format!("Revision {} is {}", applied.revision, output.good("live"))),
    }
}

/// Asks on a terminal; elsewhere nobody could answer.
fn agreed() -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(usage("there is no terminal to ask on: look at `caisson diff`, then add --yes"));
    }
    let mut err = std::io::stderr().lock();
    write!(err, "Apply? [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
