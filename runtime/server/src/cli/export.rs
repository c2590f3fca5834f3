//! `caisson export` and `caisson schema`: definitions from a server, and what they may say.

use super::context::Context;
use crate::exit::Exit;
use crate::output::Output;
use caisson_admin::shapes::DefinitionsText;
use http::Method;

/// Write the server's definitions as a file, with references in the place of secrets
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Write the JSON Schema of files of definitions, for editors
#[derive(Debug, clap::Args)]
#[command(after_help = "\
In a file, for editors with the YAML language server:
  # yaml-language-server: $schema=caisson.schema.json")]
pub(crate) struct SchemaArgs {}

/// Carries out `export`.
///
/// # Errors
///
/// No server.
pub(crate) async fn run(context: &Context) -> anyhow::Result<Exit> {
    let exported: DefinitionsText = context.client()?.json(Method::GET, "/api/v1/definitions").await?;
    if context.output.wants_json() {
        context.output.json(&exported);
    } else {
        context.output.body(exported.text.as_bytes());
    }
    Ok(Exit::Ok)
}

/// Carries out `schema`.
///
/// # Errors
///
/// None; the type is that of all commands.
pub(crate) fn schema(output: Output) -> anyhow::Result<Exit> {
    output.line(serde_json::to_string_pretty(&caisson_definition::schema::schema(
        &caisson_capabilities::catalog(),
    ))?);
    Ok(Exit::Ok)
}
