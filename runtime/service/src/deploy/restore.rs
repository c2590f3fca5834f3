//! Starting where the last run ended, and deploying what the services folder has.

use super::turn::Turn;
use super::{DeployError, Deployer, Deployment, blocking, state};
use crate::source::folder::Found;
use crate::source::{PackageSource, ServicesFolder, SourceError};
use crate::store::{Origin, Stored};
use caisson_telemetry::Level;
use futures_util::StreamExt;
use futures_util::stream;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Packages that are read and stored at the same time. The engine's own bound on loading is apart from it.
const AT_ONCE: usize = 8;

/// Who deploys what lies in the services folder.
const FOLDER: &str = "services folder";

impl Deployer {
    /// Brings back everything that ran before, and deploys everything that is in the services folder. Afterwards
    /// [`Deployer::ready`] is true; what could not be brought back is part of [`Deployer::list`] and of the log.
    ///
    /// A package whose file cannot be loaded any more goes on with the version that ran last.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves some packages out and `ready` false.
    pub async fn restore(&self, folder: Option<&ServicesFolder>) {
        let stored = self.0.store.stored();
        let found = self.names_in(folder).await;
        // Those that ran before come first, so that a newcomer cannot take a name from them.
        let known: BTreeSet<String> = stored.iter().map(|stored| stored.package.clone()).collect();
        let old = stored.into_iter().map(|stored| self.restore_stored(stored, folder, found.is_some()));
        stream::iter(old).buffer_unordered(AT_ONCE).collect::<()>().await;
        if let Some(folder) = folder {
            // An upload that has the name of a file was restored above; the file is looked at all the same, so that
            // the conflict shows.
            let names = found.unwrap_or_default().into_iter();
            let uploaded = |name: &String| matches!(self.origin(name), Some(Origin::Upload));
            let new = names.filter(|name| !known.contains(name) || uploaded(name)).collect::<Vec<_>>();
            let new = new.into_iter().map(|name| async move {
                if let Some(found) = look(folder, &name).await {
                    // Kept in the status and logged.
                    drop(self.deploy_found(folder, &name, &found).await);
                }
            });
            stream::iter(new).buffer_unordered(AT_ONCE).collect::<()>().await;
        }
        self.0.ready.store(true, Ordering::Release);
    }

    /// Nothing when the folder cannot be read: then nobody knows what is gone.
    async fn names_in(&self, folder: Option<&ServicesFolder>) -> Option<BTreeSet<String>> {
        let Some(folder) = folder.cloned() else { return Some(BTreeSet::new()) };
        match tokio::task::spawn_blocking(move || folder.names()).await {
            Ok(Ok(names)) => Some(names),
            Ok(Err(error)) => {
                self.log(Level::Error, format!("{error}. What ran before goes on"));
                None
            }
            Err(_stopped) => None,
        }
    }

    async fn restore_stored(&self, stored: Stored, folder: Option<&ServicesFolder>, readable: bool) {
        let Stored { package, origin } = stored;
        if origin == Origin::Upload || !readable {
            let turn = self.turn(&package).await;
            return self.run_stored(turn, &package, origin).await;
        }
        let found = match folder {
            Some(folder) => look(folder, &package).await.map(|found| (folder, found)),
            None => None,
        };
        let Some((folder, found)) = found else {
            let turn = self.turn(&package).await;
            if let Err(error) = self.retire(turn, &package).await {
                self.log(Level::Error, format!("package {package}: {error}"));
            }
            return;
        };
        if self.deploy_found(folder, &package, &found).await.is_err() {
            self.fall_back(&package, origin).await;
        }
    }

    /// Runs the version that ran last, beside the error that keeps the newest content from running.
    async fn fall_back(&self, package: &str, origin: Origin) {
        let turn = self.turn(package).await;
        let broken = self.state().packages.get_mut(package).and_then(|entry| entry.broken.take());
        self.run_stored(turn, package, origin).await;
        if let Some(broken) = broken {
            self.state().packages.entry(package.to_owned()).or_default().broken = Some(broken);
        }
    }

    async fn run_stored(&self, turn: Turn, package: &str, origin: Origin) {
        let (store, name) = (Arc::clone(&self.0.store), package.to_owned());
        match blocking(move || store.read(&name, None)).await {
            // Kept in the status and logged.
            Ok(source) => drop(self.deploy_in_turn(turn, source, origin, "restart").await),
            Err(error) => self.refused(package, &origin, None, None, &error),
        }
    }

    /// Deploys what was found in the services folder. Read only when it is its turn, so that the newest content wins.
    pub(crate) async fn deploy_found(
        &self,
        folder: &ServicesFolder,
        name: &str,
        found: &Found,
    ) -> Result<Deployment, DeployError> {
        let turn = self.turn(name).await;
        let origin = Origin::Folder { path: found.place.clone() };
        let (reader, package) = (folder.clone(), name.to_owned());
        let read = tokio::task::spawn_blocking(move || reader.read(&package)).await;
        let error = match read {
            Ok(Ok(source)) => return self.deploy_in_turn(turn, source, origin, FOLDER).await,
            Ok(Err(error)) => DeployError::Source(error),
            Err(failure) => DeployError::Host { message: failure.to_string() },
        };
        // A file that has just gone is not broken: it is about to be undeployed, or to come back.
        if !matches!(error, DeployError::Source(SourceError::Gone { .. })) {
            self.refused(name, &origin, found.language, None, &error);
        }
        Err(error)
    }

    /// Undeploys a package whose file is gone. An upload of the same name stays.
    pub(crate) async fn vanished(&self, package: &str) -> Result<(), DeployError> {
        let turn = self.turn(package).await;
        match self.origin(package) {
            None => Ok(()),
            Some(Origin::Upload) => {
                if let Some(entry) = self.state().packages.get_mut(package) {
                    entry.broken = None;
                }
                Ok(())
            }
            Some(Origin::Folder { .. }) => self.retire(turn, package).await,
        }
    }

    /// Says that a package's file is gone for the moment, or is back.
    pub(crate) fn set_leaving(&self, package: &str, leaving: bool) {
        if let Some(entry) = self.state().packages.get_mut(package) {
            entry.leaving =
                leaving && entry.running.as_ref().is_some_and(|running| running.origin != Origin::Upload);
        }
    }

    /// Packages that are known from the services folder.
    pub(crate) fn known_files(&self) -> Vec<String> {
        self.folder_packages(|_entry| true)
    }

    /// Whether this package is known from the services folder.
    pub(crate) fn knows_file(&self, package: &str) -> bool {
        self.state().packages.get(package).is_some_and(from_folder)
    }

    /// Files that wait for a name which another package has.
    pub(crate) fn waiting(&self) -> Vec<String> {
        self.folder_packages(|entry| {
            entry.broken.as_ref().is_some_and(|broken| broken.error.waits_for_another())
        })
    }

    /// Files that were refused for a reason which may have passed.
    pub(crate) fn worth_a_retry(&self) -> Vec<String> {
        self.folder_packages(|entry| entry.broken.as_ref().is_some_and(|broken| broken.error.may_pass()))
    }

    fn folder_packages(&self, wanted: impl Fn(&state::Entry) -> bool) -> Vec<String> {
        let state = self.state();
        let found = state.packages.iter().filter(|(_, entry)| from_folder(entry) && wanted(entry));
        found.map(|(package, _)| package.clone()).collect()
    }

    /// Tells whenever names become free.
    pub(crate) fn freed(&self) -> tokio::sync::watch::Receiver<u64> {
        self.0.freed.subscribe()
    }

    /// Reports something about the services folder itself.
    pub(crate) fn report(&self, level: Level, message: String) {
        self.log(level, message);
    }
}

fn from_folder(entry: &state::Entry) -> bool {
    let running = entry.running.as_ref().is_some_and(|running| running.origin != Origin::Upload);
    running || entry.broken.as_ref().is_some_and(|broken| broken.origin != Origin::Upload)
}

async fn look(folder: &ServicesFolder, name: &str) -> Option<Found> {
    let (folder, name) = (folder.clone(), name.to_owned());
    tokio::task::spawn_blocking(move || folder.look(&name)).await.ok().flatten()
}

impl PackageSource {
    /// Reads a package from anywhere on disk, as `caisson deploy PATH` does: a `.py` or `.wasm` file, or a folder.
    /// Blocks.
    ///
    /// # Errors
    ///
    /// See [`SourceError`].
    pub fn from_path(path: &std::path::Path) -> Result<Self, SourceError> {
        let real = std::fs::canonicalize(path).map_err(|error| SourceError::read(path, &error))?;
        let kind = || SourceError::Kind { file: path.display().to_string() };
        let (parent, entry) = (real.parent().ok_or_else(kind)?, real.file_name().ok_or_else(kind)?);
        let name = crate::source::folder::key(entry).ok_or_else(kind)?;
        ServicesFolder::new(parent).read(&name)
    }
}
