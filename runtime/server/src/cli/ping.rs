//! `caisson ping`: whether the other side of a connection is there.

use super::context::Context;
use crate::client::segment;
use crate::exit::Exit;
use caisson_admin::shapes::ConnectionHealth;
use http::Method;

/// Ask whether the other side of a connection is there and lets the server in
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the connection
    connection: String,
}

/// Carries it out.
///
/// # Errors
///
/// No server, no such connection.
pub(crate) async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let path = format!("/api/v1/connections/{}/ping", segment(&args.connection));
    let health: ConnectionHealth = context.client()?.json(Method::POST, &path).await?;
    let output = context.output;
    if output.wants_json() {
        output.json(&health);
    } else {
        match &health.problem {
            None => output.line(format!("{} answers", health.name)),
            Some(problem) => output.line(format!("{} does not answer: {problem}", output.bold(&health.name))),
        }
    }
    Ok(if health.ok { Exit::Ok } else { Exit::Failed })
}
