//! What survives a restart: the content of versions under its digest, and one small document per package.
//!
//! Everything that is durable goes through [`Store`], so that another keeper of documents can take its place.
//! Blobs are written before the document that names them, so a crash leaves at worst blobs that nobody names; those
//! are collected at the next start. All methods block: call them from a blocking thread.
//!
//! Changes to one package must come one after another; the deployer's lock per package sees to that. Changes to
//! different packages may run side by side, so that a burst of deployments shares its waits for the disk.

mod disk;
pub(crate) mod document;

pub use document::{Origin, Version};

use crate::digest::Digest;
use crate::source::PackageSource;
use caisson_engine::SourceFile;
use document::{Content, Document, Manifest, ManifestFile};
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Versions kept of each package.
const KEPT: usize = 20;

/// The data folder cannot be used, or something in it is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another server works on the same folder.
    #[error(
        "the data folder {folder} is in use by another server{pid}; stop that one or give this one a --data of its own"
    )]
    InUse {
        /// The folder.
        folder: String,
        /// ` (process 123)` when known.
        pid: String,
    },
    /// A document was written by a newer version.
    #[error(
        "{file} has format {format}, and this version reads up to {known}; start a newer version on this folder"
    )]
    Newer {
        /// The document.
        file: String,
        /// Its format.
        format: u32,
        /// The newest that is understood.
        known: u32,
    },
    /// The operating system refused.
    #[error("cannot {action} {path}: {error}; check free space and permissions")]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: String,
        /// What the operating system said.
        error: String,
    },
    /// Stored content is gone or is not what was stored.
    #[error("version {version} of package {package} cannot be read back: {reason}; deploy the package again")]
    Damaged {
        /// The package.
        package: String,
        /// The version.
        version: u32,
        /// What is wrong.
        reason: String,
    },
}

/// The durable side of deployment.
#[derive(Debug)]
pub(crate) struct Store {
    artifacts: PathBuf,
    packages: PathBuf,
    /// Held for as long as the store is open; the operating system lets go of it however the process ends.
    _lock: File,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    documents: HashMap<String, Document>,
    /// How many versions, and stagings under way, need each blob.
    needed: HashMap<Digest, u32>,
}

/// A package that has something to start with.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) package: String,
    pub(crate) origin: Origin,
}

/// Content that is on disk and not named by a document yet. Dropping it gives the content up.
#[derive(Debug)]
pub(crate) struct Staged {
    store: Arc<Store>,
    content: Content,
    blobs: Vec<Digest>,
}

impl Store {
    /// Opens a data folder, making it when it is missing. Also says what had to be set aside.
    ///
    /// # Errors
    ///
    /// The folder is in use, cannot be written, or was written by a newer version.
    pub(crate) fn open(data: &Path) -> Result<(Arc<Self>, Vec<String>), StoreError> {
        let (artifacts, packages) = (data.join("artifacts"), data.join("packages"));
        disk::make_folder(data)?;
        let lock = disk::lock(data)?;
        disk::make_folder(&artifacts)?;
        disk::make_folder(&packages)?;
        let (documents, problems) = document::read_all(&packages)?;
        let store = Self { artifacts, packages, _lock: lock, state: Mutex::default() };
        let whole = store.adopt(documents);
        disk::remove_temporary(&store.packages);
        disk::remove_temporary(&store.artifacts);
        // With a document or manifest that cannot be read, nobody can tell which blobs it needs.
        if problems.is_empty() && whole && !document::has_set_aside(&store.packages) {
            store.collect();
        }
        Ok((Arc::new(store), problems))
    }

    /// Takes over documents read from disk; false when a manifest of one of them cannot be read.
    fn adopt(&self, documents: Vec<Document>) -> bool {
        let mut whole = true;
        let mut state = self.state();
        for mut document in documents {
            for version in &mut document.versions {
                match self.manifest(version.version.digest) {
                    Ok(manifest) => version.blobs = manifest.blobs(version.version.digest),
                    Err(_reason) => whole = false,
                }
                for blob in &version.blobs {
                    *state.needed.entry(*blob).or_default() += 1;
                }
            }
            state.documents.insert(document.package.clone(), document);
        }
        whole
    }

    /// Removes blobs that nobody names.
    fn collect(&self) {
        let state = self.state();
        for name in disk::entries(&self.artifacts) {
            if Digest::parse(&name).is_some_and(|digest| !state.needed.contains_key(&digest)) {
                disk::remove(&self.artifacts.join(name));
            }
        }
    }

    /// Packages that have a current version, sorted by name.
    pub(crate) fn stored(&self) -> Vec<Stored> {
        let state = self.state();
        let current = state.documents.values().filter(|document| document.current.is_some());
        let mut stored: Vec<_> = current
            .map(|document| Stored { package: document.package.clone(), origin: document.origin.clone() })
            .collect();
        stored.sort_unstable_by(|one, other| one.package.cmp(&other.package));
        stored
    }

    /// The versions kept of a package, oldest first.
    pub(crate) fn history(&self, package: &str) -> Vec<Version> {
        let state = self.state();
        let document = state.documents.get(package);
        document
            .map(|document| document.versions.iter().map(|kept| kept.version.clone()).collect())
            .unwrap_or_default()
    }

    /// Writes the content of a package under its digests.
    pub(crate) fn stage(self: &Arc<Self>, source: &PackageSource) -> Result<Staged, StoreError> {
        let (manifest, bytes) = Manifest::of(source);
        let digest = Digest::of(&bytes);
        let blobs = manifest.blobs(digest);
        let mut state = self.state();
        for blob in &blobs {
            *state.needed.entry(*blob).or_default() += 1;
        }
        drop(state);
        // From here on dropping `staged` gives up what has been written, also on the way out of an error.
        let content = Content { digest, language: source.language(), label: manifest.about.label.clone() };
        let staged = Staged { store: Arc::clone(self), content, blobs };
        let mut written = false;
        for (file, entry) in source.files().iter().zip(&manifest.files) {
            written |= disk::write_blob(&self.artifacts.join(entry.digest.to_string()), &file.content)?;
        }
        written |= disk::write_blob(&self.artifacts.join(digest.to_string()), &bytes)?;
        if written {
            disk::sync_folder(&self.artifacts)?;
        }
        Ok(staged)
    }

    /// Makes staged content the current version of a package, durably. The number stays when the content is that of
    /// the newest version: a restart, or a file that was gone for a moment, does not count.
    pub(crate) fn commit(
        &self,
        package: &str,
        origin: &Origin,
        staged: Staged,
        by: &str,
    ) -> Result<Version, StoreError> {
        let before = self.state().documents.get(package).cloned();
        let mut document = before.unwrap_or_else(|| Document::new(package, origin.clone()));
        let same =
            document.versions.last().is_some_and(|newest| newest.version.digest == staged.content.digest);
        if same && document.origin == *origin && document.current.is_some() {
            return Ok(document.newest(&staged.content, by));
        }
        document.origin = origin.clone();
        let mut kept = staged;
        let version = document.newest(&kept.content, by);
        document.current = Some(version.version);
        if !same {
            document.push(version.clone(), kept.blobs.clone());
        }
        let dropped = document.trim(KEPT);
        document.write(&self.packages)?;
        let mut state = self.state();
        state.documents.insert(package.to_owned(), document);
        if !same {
            // The version has taken over what the staging needed.
            kept.blobs.clear();
        }
        self.release(&mut state, &dropped);
        drop(state);
        Ok(version)
    }

    /// Leaves a package without a current version. Its newest version is kept, so that numbers go on counting.
    pub(crate) fn retire(&self, package: &str) -> Result<(), StoreError> {
        let Some(mut document) = self.state().documents.get(package).cloned() else { return Ok(()) };
        document.current = None;
        let dropped = document.trim(1);
        document.write(&self.packages)?;
        let mut state = self.state();
        state.documents.insert(package.to_owned(), document);
        self.release(&mut state, &dropped);
        drop(state);
        Ok(())
    }

    /// Reads a version of a package back: the current one, or the one of this number.
    pub(crate) fn read(&self, package: &str, version: Option<u32>) -> Result<PackageSource, StoreError> {
        let document = self.state().documents.get(package).cloned();
        let damaged = |version, reason| StoreError::Damaged { package: package.to_owned(), version, reason };
        let found = document.as_ref().and_then(|document| match version {
            None => document.current_version(),
            Some(number) => document.version(number),
        });
        let found =
            found.ok_or_else(|| damaged(version.unwrap_or(0), "it is not there any more".to_owned()))?;
        self.read_version(package, found.digest).map_err(|reason| damaged(found.version, reason))
    }

    fn read_version(&self, package: &str, digest: Digest) -> Result<PackageSource, String> {
        let manifest = self.manifest(digest)?;
        let mut files = Vec::with_capacity(manifest.files.len());
        for ManifestFile { path, digest, .. } in manifest.files {
            files.push(SourceFile { path, content: self.blob(digest)?.into() });
        }
        PackageSource::new(package, manifest.language, files, manifest.settings.into(), manifest.about)
            .map_err(|error| error.to_string())
    }

    fn manifest(&self, digest: Digest) -> Result<Manifest, String> {
        serde_json::from_slice(&self.blob(digest)?).map_err(|error| format!("manifest {digest}: {error}"))
    }

    fn blob(&self, digest: Digest) -> Result<Vec<u8>, String> {
        let path = self.artifacts.join(digest.to_string());
        let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if Digest::of(&bytes) == digest {
            Ok(bytes)
        } else {
            Err(format!("{} has been changed", path.display()))
        }
    }

    fn release(&self, state: &mut State, blobs: &[Digest]) {
        for blob in blobs {
            let Some(count) = state.needed.get_mut(blob) else { continue };
            *count = count.saturating_sub(1);
            if *count == 0 {
                state.needed.remove(blob);
                // Removed under the lock: whoever stages the same content now writes it anew.
                disk::remove(&self.artifacts.join(blob.to_string()));
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.blobs.is_empty() {
            self.store.release(&mut self.store.state(), &self.blobs);
        }
    }
}

/// The digest that a version with this content has.
pub(crate) fn digest_of(source: &PackageSource) -> Digest {
    Digest::of(&Manifest::of(source).1)
}

#[cfg(test)]
mod tests;
