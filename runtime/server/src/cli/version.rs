//! `caisson version`: of this program and of the server.

use super::context::Context;
use crate::client::ClientError;
use crate::exit::Exit;
use caisson_admin::shapes::Version;
use http::Method;
use serde_json::json;

/// Show the version of this program and of the server, if one is running
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Carries it out. A server that is not running is no error here.
///
/// # Errors
///
/// A bad address, a refused token, an answer that makes no sense.
pub(crate) async fn run(_args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let client = context.client()?;
    let server = match client.json::<Version>(Method::GET, "/api/v1/version").await {
        Ok(version) => Some(version),
        Err(ClientError::Unreachable { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let output = context.output;
    let own = env!("CARGO_PKG_VERSION");
    if output.wants_json() {
        output.json(&json!({"client": own, "server": server, "admin": client.base()}));
        return Ok(Exit::Ok);
    }
    output.line(format!("caisson {own}"));
    match server {
        Some(server) => {
            let mode = if server.dev { ", development mode" } else { "" };
            let version = server.version;
            output.line(format!(
                "server  {version} at {}, services at http://{}{mode}",
                client.base(),
                server.listen
            ));
        }
        None => output.line(output.dim(&format!("server  none at {}", client.base()))),
    }
    Ok(Exit::Ok)
}
