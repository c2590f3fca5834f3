//! What becomes known of a deployment: record, log, count.

use super::state::{Broken, Running};
use super::{DeployError, Deployer};
use crate::digest::Digest;
use crate::source::Language;
use crate::store::Origin;
use caisson_telemetry::{Level, LogRecord};

/// What log records of deployments are filed under.
const LOGGER: &str = "caisson.deploy";

impl Deployer {
    /// Records, logs and counts a refusal, once for as long as it stays the same.
    pub(super) fn refused(
        &self,
        package: &str,
        origin: &Origin,
        language: Option<Language>,
        digest: Option<Digest>,
        error: &DeployError,
    ) {
        let broken = Broken {
            error: error.clone(),
            origin: origin.clone(),
            language,
            digest,
            since: format!("{:.3}", jiff::Timestamp::now()),
        };
        // An upload that wants the name of a file says nothing about that file.
        let stranger = matches!(error, DeployError::PackageTaken { .. }) && *origin == Origin::Upload;
        if !stranger && !self.state().refuse(package, broken) {
            return;
        }
        self.0.metrics.deployed(false);
        let traceback = error.traceback().map(|text| format!("\n{text}")).unwrap_or_default();
        let running = match self.version(package) {
            Some(version) => format!("; version {version} goes on answering"),
            None => String::new(),
        };
        self.log(Level::Error, format!("package {package} was refused: {error}{running}{traceback}"));
    }

    pub(super) fn log(&self, level: Level, message: String) {
        let mut record = LogRecord::new(level, message);
        LOGGER.clone_into(&mut record.logger);
        self.0.logs.write(record);
    }

    pub(super) fn free(&self) {
        self.0.freed.send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(super) fn version(&self, package: &str) -> Option<u32> {
        self.state().packages.get(package)?.running.as_ref().map(|running| running.version.version)
    }

    pub(super) fn origin(&self, package: &str) -> Option<Origin> {
        let state = self.state();
        let entry = state.packages.get(package)?;
        let running = entry.running.as_ref().map(|Running { origin, .. }| origin.clone());
        running.or_else(|| entry.broken.as_ref().map(|broken| broken.origin.clone()))
    }
}
