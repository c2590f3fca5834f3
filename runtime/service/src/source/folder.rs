//! The services folder: which packages are in it, and whether one has changed since it was last looked at.

use super::read::{self, Walked};
use super::{Language, PackageSource, SETTINGS_FILE, SourceError};
use crate::name;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The folder that operators put services into. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ServicesFolder {
    root: PathBuf,
}

/// How one file looked: enough to see that it has changed without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    path: String,
    bytes: u64,
    inode: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// How all files of a package looked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    stamps: Vec<Stamp>,
}

impl Fingerprint {
    fn add(&mut self, path: String, metadata: &Metadata) {
        self.stamps.push(Stamp {
            path,
            bytes: metadata.len(),
            inode: metadata.ino(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        });
    }

    /// A source file that has just become empty: most likely an editor is between truncating and writing it.
    pub(crate) fn just_emptied(&self, before: Option<&Self>) -> bool {
        let code = |path: &str| path.ends_with(".py") || path.ends_with(".wasm");
        self.stamps.iter().filter(|stamp| stamp.bytes == 0 && code(&stamp.path)).any(|stamp| {
            match before.and_then(|before| before.stamps.iter().find(|old| old.path == stamp.path)) {
                Some(old) => old.bytes > 0,
                None => !stamp.path.ends_with("__init__.py"),
            }
        })
    }
}

/// One thing in the folder that wants to be a package.
#[derive(Clone, Debug)]
struct Claim {
    path: PathBuf,
    language: Language,
    folder: bool,
}

/// A package as it is on disk, seen from outside.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// What it came from, as the operator knows it.
    pub(crate) place: String,
    /// Nothing when several things claim the name.
    pub(crate) language: Option<Language>,
    /// Or why it cannot be one.
    pub(crate) fingerprint: Result<Fingerprint, SourceError>,
    /// There are symbolic links in it: it may change without any event under its own name.
    pub(crate) linked: bool,
}

impl ServicesFolder {
    /// The folder at this path. Nothing is touched yet.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Its path, as given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Makes the folder when it is missing; true when that was needed.
    ///
    /// # Errors
    ///
    /// The operating system refuses.
    pub fn create(&self) -> io::Result<bool> {
        if self.root.is_dir() {
            return Ok(false);
        }
        fs::create_dir_all(&self.root)?;
        Ok(true)
    }

    /// The names of all packages that there may be, the unreadable ones included.
    ///
    /// # Errors
    ///
    /// The folder cannot be read.
    pub(crate) fn names(&self) -> Result<BTreeSet<String>, SourceError> {
        let entries = fs::read_dir(&self.root).map_err(|error| SourceError::read(&self.root, &error))?;
        let mut names = BTreeSet::new();
        for entry in entries {
            let entry = entry.map_err(|error| SourceError::read(&self.root, &error))?;
            names.extend(key(&entry.file_name()));
        }
        Ok(names)
    }

    /// Looks at one package without reading it; nothing when there is none.
    pub(crate) fn look(&self, name: &str) -> Option<Found> {
        let claims = self.claims(name);
        let (first, second) = (claims.first()?, claims.get(1));
        let place = shown(first);
        if let Some(second) = second {
            let error =
                SourceError::Claimed { name: name.to_owned(), first: place.clone(), second: shown(second) };
            let linked = claims.iter().any(|claim| claim.path.is_symlink());
            return Some(Found { place, language: None, fingerprint: Err(error), linked });
        }
        let walked = self.walk(name, first);
        if walked.as_ref().is_ok_and(|walked| !walked.is_package()) {
            return None;
        }
        let linked = walked.as_ref().map_or(true, |walked| walked.linked);
        let fingerprint = walked.and_then(|walked| self.fingerprint(name, first, &walked));
        Some(Found { place, language: Some(first.language), fingerprint, linked })
    }

    /// Reads one package.
    ///
    /// # Errors
    ///
    /// See [`SourceError`]; it names the file.
    pub fn read(&self, name: &str) -> Result<PackageSource, SourceError> {
        let claims = self.claims(name);
        let gone = || SourceError::Gone { name: name.to_owned(), folder: self.root.display().to_string() };
        let claim = claims.first().ok_or_else(gone)?;
        if let Some(second) = claims.get(1) {
            return Err(SourceError::Claimed {
                name: name.to_owned(),
                first: shown(claim),
                second: shown(second),
            });
        }
        if let Some(reason) = name::objection(name, claim.language) {
            return Err(SourceError::Name {
                name: name.to_owned(),
                reason: format!("{} ({reason})", shown(claim)),
            });
        }
        let walked = self.walk(name, claim)?;
        if !walked.is_package() {
            return Err(gone());
        }
        let settings = read::settings(&self.real_root()?, &self.settings_file(name, claim)?)?;
        let files = read::files(name, &walked, claim.language)?;
        PackageSource::new(name, claim.language, files, settings)
    }

    fn claims(&self, name: &str) -> Vec<Claim> {
        let file = |ending: &str, language| Claim {
            path: self.root.join(format!("{name}.{ending}")),
            language,
            folder: false,
        };
        let folder = Claim { path: self.root.join(name), language: Language::Python, folder: true };
        let mut claims = vec![file("py", Language::Python), file("wasm", Language::Component), folder];
        claims.retain(|claim| {
            // Not followed: a link that leads nowhere is reported, not overlooked.
            fs::symlink_metadata(&claim.path).is_ok()
                && (!claim.folder || self.is_package_folder(name, claim))
        });
        claims
    }

    /// A folder counts only when there is Python in it; one that cannot be walked counts, so that it is reported.
    fn is_package_folder(&self, name: &str, claim: &Claim) -> bool {
        if claim.path.is_file() {
            return false;
        }
        self.walk(name, claim).map_or(true, |walked| walked.is_package())
    }

    fn walk(&self, name: &str, claim: &Claim) -> Result<Walked, SourceError> {
        let root = self.real_root()?;
        if claim.folder { read::walk(&root, name, &claim.path) } else { read::single(&root, &claim.path) }
    }

    fn real_root(&self) -> Result<PathBuf, SourceError> {
        fs::canonicalize(&self.root).map_err(|error| SourceError::read(&self.root, &error))
    }

    fn fingerprint(&self, name: &str, claim: &Claim, walked: &Walked) -> Result<Fingerprint, SourceError> {
        let mut fingerprint = Fingerprint::default();
        for file in &walked.files {
            fingerprint.add(file.path.clone(), &file.metadata);
        }
        let settings = self.settings_file(name, claim)?;
        if let Ok(metadata) = fs::metadata(&settings) {
            fingerprint.add(settings.display().to_string(), &metadata);
        }
        Ok(fingerprint)
    }

    fn settings_file(&self, name: &str, claim: &Claim) -> Result<PathBuf, SourceError> {
        let beside = self.root.join(format!("{name}.toml"));
        if !claim.folder {
            return Ok(beside);
        }
        let inside = claim.path.join(SETTINGS_FILE);
        if beside.exists() {
            // Settings that nobody reads would be worse than an error.
            return Err(crate::settings::SettingsError {
                file: beside.display().to_string(),
                line: 1,
                message: format!(
                    "the settings of a folder are read from {}; move the file there",
                    inside.display()
                ),
            }
            .into());
        }
        Ok(inside)
    }
}

fn shown(claim: &Claim) -> String {
    let slash = if claim.folder { "/" } else { "" };
    format!("{}{slash}", claim.path.display())
}

/// The package that an entry of the services folder belongs to.
pub(crate) fn key(entry: &OsStr) -> Option<String> {
    // A name that is not UTF-8 cannot be a package; its lossy form is reported as a name that cannot be used.
    let text = entry.to_string_lossy();
    if name::ignored(&text) || text == "__init__.py" {
        return None;
    }
    let name = [".py", ".wasm", ".toml"].iter().find_map(|ending| text.strip_suffix(ending)).unwrap_or(&text);
    Some(name.to_owned())
}
