//! Files of definitions, as the commands read them.

use crate::client::Outgoing;
use crate::output::Output;
use caisson_admin::shapes::Submitted;
use caisson_definition::documents::Submission;
use caisson_definition::load::{Process, load};
use std::path::{Path, PathBuf};

/// The file of definitions.
#[derive(Debug, clap::Args)]
pub(super) struct File {
    /// File of definitions; `include` in it names others
    #[arg(short, long, value_name = "FILE", default_value = "caisson.yaml")]
    pub(super) file: PathBuf,
}

/// Reads definitions where the command runs: environment variables and files that they refer to are this machine's.
///
/// # Errors
///
/// Everything that is wrong with the files, all at once, each with its place.
pub(super) fn read(path: &Path, output: Output) -> anyhow::Result<Submission> {
    let loaded = load(path, &Process, &caisson_capabilities::catalog())?;
    for warning in &loaded.warnings {
        output.note(format!("{} {warning}", output.caution("warning:")));
    }
    Ok(loaded.submission())
}

/// A request with definitions.
pub(super) fn outgoing(
    submission: Submission,
    base: Option<u64>,
    message: Option<String>,
) -> anyhow::Result<Outgoing> {
    let body = serde_json::to_vec(&Submitted { submission, base, message })?;
    Ok(Outgoing {
        content_type: Some("application/json".to_owned()),
        body: body.into(),
        ..Outgoing::default()
    })
}
