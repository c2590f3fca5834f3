//! `caisson history`: what was changed and by whom, or the versions of a package. `caisson rollback`: going back.

use super::context::Context;
use crate::client::{Outgoing, segment};
use crate::exit::Exit;
use caisson_admin::shapes::{HistoryEntry, ProposedDefinitions, RevisionEntry};
use http::Method;

/// Show what was changed and by whom, or the versions of a package that are kept
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  caisson history                  revisions, newest first
  caisson history --revision 12    what revision 12 changed
  caisson history hello            versions of the package hello")]
pub(crate) struct Args {
    /// Name of a package, as `caisson ls packages` shows it
    package: Option<String>,
    /// Show what this revision changed
    #[arg(long, value_name = "N", conflicts_with = "package")]
    revision: Option<u64>,
    /// How many revisions
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
}

/// Make the definitions what they were at a revision
///
/// It is a change of its own, with the next number, and can be rolled back too. Users and packages stay as they are.
#[derive(Debug, clap::Args)]
pub(crate) struct RollbackArgs {
    /// Number of the revision, as `caisson history` shows it
    revision: u64,
}

/// Carries out `history`.
///
/// # Errors
///
/// No such package or revision.
pub(crate) async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    match (&args.package, args.revision) {
        (Some(package), _) => versions(package, context).await,
        (None, Some(revision)) => change(revision, context).await,
        (None, None) => revisions(args.limit, context).await,
    }
}

/// Carries out `rollback`.
///
/// # Errors
///
/// No such revision.
pub(crate) async fn rollback(args: &RollbackArgs, context: &Context) -> anyhow::Result<Exit> {
    let path = format!("/api/v1/revisions/{}/rollback", args.revision);
    let made: RevisionEntry =
        context.client()?.send_for_json(Method::POST, &path, Outgoing::default()).await?;
    if context.output.wants_json() {
        context.output.json(&made);
    } else {
        let now = made.revision;
        context.output.line(format!("Revision {now} is as revision {} was", args.revision));
    }
    Ok(Exit::Ok)
}

async fn versions(package: &str, context: &Context) -> anyhow::Result<Exit> {
    let path = format!("/api/v1/packages/{}/history", segment(package));
    let entries: Vec<HistoryEntry> = context.client()?.json(Method::GET, &path).await?;
    let output = context.output;
    if output.wants_json() {
        output.json(&entries);
        return Ok(Exit::Ok);
    }
    let rows: Vec<[String; 4]> = entries.iter().map(version_row).collect();
    output.table(["VERSION", "DEPLOYED", "BY", "DIGEST"], &rows);
    Ok(Exit::Ok)
}

fn version_row(entry: &HistoryEntry) -> [String; 4] {
    let digest: String = entry.digest.chars().take(12).collect();
    let current = if entry.current { " (current)" } else { "" };
    [format!("{}{current}", entry.version), entry.deployed_at.clone(), entry.deployed_by.clone(), digest]
}

async fn change(revision: u64, context: &Context) -> anyhow::Result<Exit> {
    let path = format!("/api/v1/revisions/{revision}");
    let shown: ProposedDefinitions = context.client()?.json(Method::GET, &path).await?;
    let output = context.output;
    if output.wants_json() {
        output.json(&shown);
    } else if shown.unchanged {
        output.line("Nothing in the definitions was different.");
    } else {
        for line in shown.text.lines() {
            output.line(output.difference(line));
        }
    }
    Ok(Exit::Ok)
}

async fn revisions(limit: u16, context: &Context) -> anyhow::Result<Exit> {
    let path = format!("/api/v1/revisions?limit={limit}");
    let entries: Vec<RevisionEntry> = context.client()?.json(Method::GET, &path).await?;
    let output = context.output;
    if output.wants_json() {
        output.json(&entries);
    } else if entries.is_empty() {
        output.note("nothing was changed yet: `caisson apply -f caisson.yaml` makes the first revision");
    } else {
        let rows: Vec<[String; 5]> = entries.iter().map(revision_row).collect();
        output.table(["REVISION", "AT", "BY", "CHANGES", "WHAT"], &rows);
    }
    Ok(Exit::Ok)
}

fn revision_row(entry: &RevisionEntry) -> [String; 5] {
    let (added, changed, removed) = (entry.added.len(), entry.changed.len(), entry.removed.len());
    let changes = format!("+{added} ~{changed} -{removed}");
    [entry.revision.to_string(), entry.at.clone(), entry.author.clone(), changes, entry.message.clone()]
}
