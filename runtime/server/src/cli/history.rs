//! `caisson history`: the versions of a package.

use super::context::Context;
use crate::client::segment;
use crate::exit::Exit;
use caisson_admin::shapes::HistoryEntry;
use http::Method;

/// Show the versions of a package that are kept
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the package, as `caisson ls packages` shows it
    package: String,
}

/// Carries it out.
///
/// # Errors
///
/// No such package.
pub(crate) async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let path = format!("/api/v1/packages/{}/history", segment(&args.package));
    let entries: Vec<HistoryEntry> = context.client()?.json(Method::GET, &path).await?;
    let output = context.output;
    if output.wants_json() {
        output.json(&entries);
        return Ok(Exit::Ok);
    }
    let rows: Vec<[String; 4]> = entries.iter().map(row).collect();
    output.table(["VERSION", "DEPLOYED", "BY", "DIGEST"], &rows);
    Ok(Exit::Ok)
}

fn row(entry: &HistoryEntry) -> [String; 4] {
    let digest: String = entry.digest.chars().take(12).collect();
    let current = if entry.current { " (current)" } else { "" };
    [format!("{}{current}", entry.version), entry.deployed_at.clone(), entry.deployed_by.clone(), digest]
}
