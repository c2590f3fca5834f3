//! `caisson undeploy`: takes a package away.

use super::context::Context;
use crate::client::segment;
use crate::exit::Exit;
use http::Method;
use serde_json::Value;

/// Take a package and its services away
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the package, as `caisson ls packages` shows it
    #[arg(value_name = "PACKAGE")]
    name: String,
}

/// Carries it out.
///
/// # Errors
///
/// No such package; a package that lives in the services folder.
pub(crate) async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let path = format!("/api/v1/packages/{}", segment(&args.name));
    let answer: Value = context.client()?.json(Method::DELETE, &path).await?;
    if context.output.wants_json() {
        context.output.json(&answer);
    } else {
        context.output.line(format!("Undeployed {}", context.output.bold(&args.name)));
    }
    Ok(Exit::Ok)
}
