//! `caisson cluster`: the state store, and the servers that share it.

use super::context::Context;
use crate::exit::Exit;
use caisson_admin::shapes::{ClusterView, Member};
use http::Method;

/// Show the servers that share their state, and how far each is
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Carries it out.
///
/// # Errors
///
/// No server.
pub(crate) async fn run(context: &Context) -> anyhow::Result<Exit> {
    let view: ClusterView = context.client()?.json(Method::GET, "/api/v1/cluster").await?;
    let output = context.output;
    if output.wants_json() {
        output.json(&view);
        return Ok(Exit::Ok);
    }
    let rows: Vec<[String; 6]> = view.members.iter().map(row).collect();
    output.table(["NODE", "REVISION", "LAG", "SERVICES", "ADMIN", "SINCE"], &rows);
    if !view.connected {
        let reason = view.last_error.as_deref().unwrap_or("no reason is known");
        output.note(format!(
            "{} the state store is away since {}: {reason}\nrevision {} goes on serving; changes have to wait",
            output.caution("warning:"),
            view.since,
            view.revision
        ));
    }
    if let Some(problem) = &view.problem {
        output.note(format!(
            "{} revision {} is not live here: {problem}",
            output.caution("warning:"),
            view.revision
        ));
    }
    Ok(Exit::Ok)
}

fn row(member: &Member) -> [String; 6] {
    [
        member.node.clone(),
        member.revision.to_string(),
        member.lag.to_string(),
        member.listen.clone(),
        member.admin.clone(),
        member.joined_at.clone(),
    ]
}
