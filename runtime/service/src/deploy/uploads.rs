//! What others need who keep uploads for several servers: a rehearsal, and what is uploaded here.

use super::{DeployError, Deployer, Job, blocking};
use crate::Digest;
use crate::source::PackageSource;
use crate::store::{self, Origin};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Deployer {
    /// Does everything of an upload that may be refused, and changes nothing.
    ///
    /// # Errors
    ///
    /// As [`Deployer::deploy`], apart from those of the disk. The refusal is logged, counted and part of the status.
    ///
    /// # Cancel safety
    ///
    /// Nothing is left when it is dropped.
    pub async fn rehearse(&self, source: &PackageSource, by: &str) -> Result<(), DeployError> {
        let digest = store::digest_of(source);
        let job = Job { source: Arc::new(source.clone()), digest, origin: Origin::Upload, by: by.to_owned() };
        let result = self.rehearse_job(&job).await;
        if let Err(error) = &result {
            self.refused(source.name(), &job.origin, Some(source.language()), Some(digest), error);
        }
        result
    }

    async fn rehearse_job(&self, job: &Job) -> Result<(), DeployError> {
        let package = job.source.name();
        if let Some(error) = self.state().origin_conflict(package, &job.origin) {
            return Err(error);
        }
        if self.state().unchanged(package, job.digest, &job.origin).is_some() {
            return Ok(());
        }
        let program = self.load(job).await?;
        let mut state = self.state();
        let reserved = state.reserve(package, &job.origin, program.services())?;
        state.unreserve(reserved);
        drop(state);
        Ok(())
    }

    /// The uploads that run, each with the digest of its content.
    #[must_use]
    pub fn uploads(&self) -> BTreeMap<String, Digest> {
        let state = self.state();
        let running = state.packages.iter().filter_map(|(name, entry)| Some((name, entry.running.as_ref()?)));
        let uploads = running.filter(|(_, running)| running.origin == Origin::Upload);
        uploads.map(|(name, running)| (name.clone(), running.version.digest)).collect()
    }

    /// The names of the uploads that are kept on this server's disk to run, whether they run yet or not.
    #[must_use]
    pub fn kept_uploads(&self) -> Vec<String> {
        let stored = self.0.store.stored().into_iter().filter(|stored| stored.origin == Origin::Upload);
        stored.map(|stored| stored.package).collect()
    }

    /// The content of a package that is kept to run, read back.
    ///
    /// # Errors
    ///
    /// There is no such package; what is on disk is damaged.
    pub async fn read_back(&self, package: &str) -> Result<PackageSource, DeployError> {
        let (store, package) = (Arc::clone(&self.0.store), package.to_owned());
        blocking(move || store.read(&package, None)).await
    }
}
