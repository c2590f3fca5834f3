//! `caisson grants`: what packages ask for and may not do yet.

use super::context::Context;
use crate::exit::Exit;
use crate::output::Output;
use caisson_admin::shapes::{MissingGrant, Use};
use clap::Subcommand;
use http::Method;

/// Compare what packages ask for with what is granted; see what services use
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what packages ask for and no grant allows; exit status 1 if there is anything
    Check,
    /// Say what services did over connections since the server started
    Usage,
}

/// Carries it out.
///
/// # Errors
///
/// No server.
pub(crate) async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    match args.command {
        Command::Check => check(context).await,
        Command::Usage => usage(context).await,
    }
}

async fn check(context: &Context) -> anyhow::Result<Exit> {
    let missing: Vec<MissingGrant> = context.client()?.json(Method::GET, "/api/v1/grants/missing").await?;
    let output = context.output;
    let exit = if missing.is_empty() { Exit::Ok } else { Exit::Failed };
    if output.wants_json() {
        output.json(&missing);
    } else if missing.is_empty() {
        output.line("Everything that packages ask for is granted.");
    } else {
        show(output, &missing);
    }
    Ok(exit)
}

/// The grants to add, for pasting.
pub(super) fn show(output: Output, missing: &[MissingGrant]) {
    output.line("Not granted yet. To allow it, add to caisson.yaml:");
    output.line("");
    output.line("grants:");
    for one in missing {
        let note = if one.defined { "" } else { "   # there is no such connection yet" };
        output.line(format!("  - {}{note}", one.grant));
    }
}

async fn usage(context: &Context) -> anyhow::Result<Exit> {
    let uses: Vec<Use> = context.client()?.json(Method::GET, "/api/v1/usage").await?;
    let output = context.output;
    if output.wants_json() {
        output.json(&uses);
        return Ok(Exit::Ok);
    }
    if uses.is_empty() {
        output.note("no connection was used since the server started");
        return Ok(Exit::Ok);
    }
    let rows: Vec<[String; 6]> = uses.iter().map(row).collect();
    output.table(["SERVICE", "CONNECTION", "OPERATION", "CALLS", "SENT", "RECEIVED"], &rows);
    Ok(Exit::Ok)
}

fn row(one: &Use) -> [String; 6] {
    let calls: Vec<String> =
        one.calls.iter().map(|(outcome, number)| format!("{number} {outcome}")).collect();
    [
        one.service.clone(),
        one.connection.clone(),
        one.operation.clone(),
        calls.join(", "),
        one.sent_bytes.to_string(),
        one.received_bytes.to_string(),
    ]
}
