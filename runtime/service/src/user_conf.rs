//! Configuration that an operator gives to all Python packages of a server: the files of one folder, which each package finds as
//! `user-conf/NAME` when it loads. When the folder changes, all of them load again.
//!
//! What is loaded is part of a package's memory image: whatever secret is in these files is in the image too.

mod read;

pub use read::UserConfError;

use crate::deploy::Deployer;
use crate::loader::{Loader, Runnable};
use crate::source::ServicesFolder;
use arc_swap::ArcSwap;
use caisson_capability::BoxFuture;
use caisson_engine::{LoadError, Package, Settings, SourceFile};
use caisson_telemetry::Level;
use read::Look;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Where packages find the files.
const PLACE: &str = "user-conf";

/// How often the folder is looked at. It is small, and looking works on every file system, whatever replaces files there.
const EVERY: Duration = Duration::from_millis(500);

/// The operator's files, as they are now. Cheap to clone.
#[derive(Clone, Debug)]
pub struct UserConf(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    files: ArcSwap<Vec<SourceFile>>,
}

impl UserConf {
    /// Reads a folder. One that is not there has no files; it may come later. Blocks.
    ///
    /// # Errors
    ///
    /// It cannot be read, or there is too much in it.
    pub fn open(folder: &Path) -> Result<Self, UserConfError> {
        let files = read::files(folder)?;
        Ok(Self(Arc::new(Inner { folder: folder.to_owned(), files: ArcSwap::from_pointee(files) })))
    }

    /// Names of the files.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.0.files.load().iter().map(|file| file.path.clone()).collect()
    }

    /// Gives the files to a package: one of its own of the same name counts no longer.
    fn give(&self, package: Package) -> Package {
        let Package::Python { name, mut files } = package else { return package };
        let given = self.0.files.load();
        let places = [format!("{PLACE}/"), format!("{name}/{PLACE}/")];
        files.retain(|file| {
            let own = places.iter().find_map(|place| file.path.strip_prefix(place.as_str()));
            own.is_none_or(|own| !given.iter().any(|file| file.path == own))
        });
        files.extend(given.iter().map(|file| SourceFile {
            path: format!("{PLACE}/{}", file.path),
            content: file.content.clone(),
        }));
        Package::Python { name, files }
    }

    /// Takes over what the folder has now, if that is something else.
    fn refresh(&self) -> Result<bool, UserConfError> {
        let files = read::files(&self.0.folder)?;
        if **self.0.files.load() == files {
            return Ok(false);
        }
        self.0.files.store(Arc::new(files));
        Ok(true)
    }
}

/// A loader that gives each package the operator's files.
pub struct Configured<L>(L, UserConf);

impl<L> Configured<L> {
    /// Loads by `loader`, with these files.
    pub fn new(loader: L, files: UserConf) -> Self {
        Self(loader, files)
    }
}

impl<L> std::fmt::Debug for Configured<L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Configured").field(&self.1).finish_non_exhaustive()
    }
}

impl<L: Loader> Loader for Configured<L> {
    fn load(
        &self,
        package: Package,
        settings: Settings,
    ) -> BoxFuture<'_, Result<Arc<dyn Runnable>, LoadError>> {
        self.0.load(self.1.give(package), settings)
    }
}

/// Follows the folder until it is dropped.
#[derive(Debug)]
pub struct Following(JoinHandle<()>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl UserConf {
    /// Loads all Python packages again whenever the folder has changed; those that were refused and lie in `services`, too. Must be
    /// called within a tokio runtime.
    #[must_use]
    pub fn follow(&self, deployer: &Deployer, services: Option<&ServicesFolder>) -> Following {
        let follower = Follower {
            conf: self.clone(),
            deployer: deployer.clone(),
            services: services.cloned(),
            // What has changed between reading the folder and now is found by the first look.
            seen: None,
            told: None,
        };
        Following(tokio::spawn(follower.run()))
    }
}

struct Follower {
    conf: UserConf,
    deployer: Deployer,
    services: Option<ServicesFolder>,
    /// How the folder looked when it was taken over.
    seen: Option<Look>,
    /// What was said last about a folder that cannot be used.
    told: Option<UserConfError>,
}

impl Follower {
    async fn run(mut self) {
        let mut before = None;
        loop {
            let folder = self.conf.0.folder.clone();
            let Ok(now) = tokio::task::spawn_blocking(move || read::look(&folder)).await else { return };
            // Quiet for one look: several files are often replaced together.
            if self.seen.as_ref() != Some(&now) && before.as_ref() == Some(&now) {
                self.take_over().await;
                self.seen = Some(now.clone());
            }
            before = Some(now);
            tokio::time::sleep(EVERY).await;
        }
    }

    async fn take_over(&mut self) {
        let conf = self.conf.clone();
        match tokio::task::spawn_blocking(move || conf.refresh()).await {
            Ok(Ok(true)) => {
                self.told = None;
                let names = self.conf.names().join(", ");
                let names = if names.is_empty() { "nothing" } else { names.as_str() };
                let folder = self.conf.0.folder.display();
                self.deployer.report(
                    Level::Info,
                    format!("{folder} has changed and has {names} now: all Python packages load again"),
                );
                self.deployer.reload(self.services.as_ref()).await;
            }
            Ok(Err(error)) if self.told.as_ref() != Some(&error) => {
                self.deployer.report(Level::Error, format!("{error}; the files before that go on to count"));
                self.told = Some(error);
            }
            // Nothing new, or told already.
            Ok(Ok(false) | Err(_)) | Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
