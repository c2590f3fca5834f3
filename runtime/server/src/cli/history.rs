//! `caisson history`: what was changed and by whom, or the versions of a package. `caisson rollback`: going back.

use super::context::Context;
use super::deploy::{labelled, show_services};
use crate::client::{Outgoing, segment};
use crate::exit::Exit;
use caisson_admin::shapes::{HistoryEntry, ProposedDefinitions, RevisionEntry, RolledBack};
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

/// Make the definitions what they were at a revision, or a package what it was at an earlier version
///
/// It is a change of its own, with the next number, and can be rolled back too. Going back to a revision leaves users and
/// packages as they are.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
#[command(after_help = "\
Examples:
  caisson rollback 12                    definitions as they were at revision 12
  caisson rollback service hello         the package hello as it was before its last deployment
  caisson rollback service crm --to 3    the package crm as it was at its version 3")]
pub(crate) struct RollbackArgs {
    /// Number of the revision, as `caisson history` shows it
    #[arg(required = true)]
    revision: Option<u64>,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Go back to an earlier version of a package, on all servers
    Service(ServiceArgs),
}

#[derive(Debug, clap::Args)]
struct ServiceArgs {
    /// Name of the package, or of a service in it
    name: String,
    /// The version, as `caisson history NAME` shows it; by default the one before the one that answers
    #[arg(long, value_name = "VERSION")]
    to: Option<u32>,
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
/// No such revision; no such package or version, or one that cannot go back.
pub(crate) async fn rollback(args: &RollbackArgs, context: &Context) -> anyhow::Result<Exit> {
    match (&args.what, args.revision) {
        (Some(What::Service(args)), _) => roll_back_package(args, context).await,
        (None, Some(revision)) => roll_back_definitions(revision, context).await,
        (None, None) => Err(crate::exit::usage("say what to roll back: a revision, or `service NAME`")),
    }
}

async fn roll_back_package(args: &ServiceArgs, context: &Context) -> anyhow::Result<Exit> {
    let to = args.to.map(|to| format!("?to={to}")).unwrap_or_default();
    let path = format!("/api/v1/packages/{}/rollback{to}", segment(&args.name));
    let client = context.client()?;
    let done: RolledBack = client.send_for_json(Method::POST, &path, Outgoing::default()).await?;
    let output = context.output;
    if output.wants_json() {
        output.json(&done);
        return Ok(Exit::Ok);
    }
    let (package, version) = (output.bold(&done.deployed.package), labelled(&done.deployed));
    if done.deployed.unchanged {
        output.line(format!("{package} is as version {} was already: version {version} stays", done.to));
    } else {
        output.line(format!("Version {version} of {package} is as version {} was", done.to));
    }
    show_services(output, &client, &done.deployed).await;
    Ok(Exit::Ok)
}

async fn roll_back_definitions(revision: u64, context: &Context) -> anyhow::Result<Exit> {
    let path = format!("/api/v1/revisions/{revision}/rollback");
    let made: RevisionEntry =
        context.client()?.send_for_json(Method::POST, &path, Outgoing::default()).await?;
    if context.output.wants_json() {
        context.output.json(&made);
    } else {
        let now = made.revision;
        context.output.line(format!("Revision {now} is as revision {revision} was"));
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
    let rows: Vec<[String; 5]> = entries.iter().map(version_row).collect();
    output.table(["VERSION", "LABEL", "DEPLOYED", "BY", "DIGEST"], &rows);
    Ok(Exit::Ok)
}

fn version_row(entry: &HistoryEntry) -> [String; 5] {
    let digest: String = entry.digest.chars().take(12).collect();
    let current = entry.current.then(|| "current".to_owned());
    let notes: Vec<String> =
        current.into_iter().chain(entry.same_as.map(|same| format!("as version {same}"))).collect();
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
    let label = entry.label.clone().unwrap_or_else(|| "-".to_owned());
    [format!("{}{notes}", entry.version), label, entry.deployed_at.clone(), entry.deployed_by.clone(), digest]
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
