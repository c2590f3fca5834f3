//! What every client command needs: where to write, whom to ask, and how an error is shown.

use crate::client::{AdminClient, ClientError};
use crate::exit::Exit;
use crate::output::Output;
use anyhow::Context as _;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::future::Future;
use std::path::{Path, PathBuf};

/// Where `caisson serve` keeps the token when nothing else is said.
const DEFAULT_TOKEN_FILE: &str = ".caisson/admin.token";

/// The surroundings of a client command.
#[derive(Debug)]
pub(crate) struct Context {
    /// Where to write.
    pub(crate) output: Output,
    admin: String,
}

impl Context {
    /// Surroundings for a server at `admin`.
    pub(crate) fn new(output: Output, admin: String) -> Self {
        Self { output, admin }
    }

    /// The client of the server, with the token that the environment or the default file gives.
    ///
    /// # Errors
    ///
    /// A bad address; a token file that was named and cannot be read.
    pub(crate) fn client(&self) -> anyhow::Result<AdminClient> {
        let token = token(std::env::var_os("CAISSON_TOKEN"), std::env::var_os("CAISSON_TOKEN_FILE"))?;
        Ok(AdminClient::new(&self.admin, token.as_deref())?)
    }
}

/// Runs a command on a small runtime of its own.
///
/// # Errors
///
/// What the command returns; an operating system that has no event queue left.
pub(crate) fn block_on(command: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().context("the event loop cannot be started")?;
    runtime.block_on(command)
}

/// The token: from the environment, from a named file, or from the default file if that exists and can be read.
fn token(text: Option<OsString>, file: Option<OsString>) -> Result<Option<String>, ClientError> {
    if let Some(token) = text.filter(|value| !value.is_empty()) {
        return Ok(Some(token.to_string_lossy().trim().to_owned()));
    }
    if let Some(path) = file.filter(|value| !value.is_empty()) {
        return read_token(&PathBuf::from(path)).map(Some);
    }
    let default = Path::new(DEFAULT_TOKEN_FILE);
    if default.exists() { read_token(default).map(Some) } else { Ok(None) }
}

fn read_token(path: &Path) -> Result<String, ClientError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| ClientError::TokenFile { path: path.to_owned(), reason: error.to_string() })?;
    Ok(text.trim().to_owned())
}

/// Shows why a command failed: text on standard error, or with `--json` an object on standard output.
pub(crate) fn report(output: Output, error: &anyhow::Error) {
    let answer = match error.downcast_ref::<ClientError>() {
        Some(ClientError::Answer { status, body }) => Some((status, body)),
        _ => None,
    };
    if output.wants_json() {
        let own = || json!({"result": "Error", "details": format!("{error:#}")});
        output.json(&answer.map_or_else(own, |(_, body)| body.clone()));
        return;
    }
    output.error(format!("{error:#}"));
    // The caller's own mistake is explained by its text; for the server's, its log says more.
    if let Some((status, body)) = answer
        && status.is_server_error()
        && let Some(cid) = body.get("cid").and_then(Value::as_str)
    {
        output.note(format!("the server's own log says more, under the correlation id {cid}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_itself_goes_before_its_file() {
        let found = token(Some("abc".into()), Some("/nowhere".into())).unwrap();
        assert_eq!(found.as_deref(), Some("abc"));
    }

    #[test]
    fn a_named_file_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t");
        let text = token(None, Some(file.clone().into())).unwrap_err().to_string();
        assert!(text.starts_with("the admin token cannot be read from "), "{text}");
        std::fs::write(&file, "0123\n").unwrap();
        assert_eq!(token(None, Some(file.into())).unwrap().as_deref(), Some("0123"));
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t");
        std::fs::write(&file, "fromfile").unwrap();
        assert_eq!(token(Some("".into()), Some(file.into())).unwrap().as_deref(), Some("fromfile"));
    }
}
