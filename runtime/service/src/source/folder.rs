//! The services folder: which packages are in it, and whether one has changed since it was last looked at.

use super::read::{self, Walked};
use super::{Language, PackageSource, SETTINGS_FILE, SourceError, split, unzip};
use crate::name;
use crate::settings::SettingsError;
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
        let code = |path: &str| [".py", ".wasm", ".zip"].iter().any(|ending| path.ends_with(ending));
        self.stamps.iter().filter(|stamp| stamp.bytes == 0 && code(&stamp.path)).any(|stamp| {
            match before.and_then(|before| before.stamps.iter().find(|old| old.path == stamp.path)) {
                Some(old) => old.bytes > 0,
                None => !stamp.path.ends_with("__init__.py"),
            }
        })
    }
}

/// What form a package has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Module,
    Component,
    Folder,
    Zip,
}

/// One thing in the folder that wants to be a package.
#[derive(Clone, Debug)]
struct Claim {
    path: PathBuf,
    form: Form,
}

/// A package as it is on disk, seen from outside.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// What it came from, as the operator knows it.
    pub(crate) place: String,
    /// Nothing when several things claim the name, and for an archive.
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
        let language = match first.form {
            Form::Module => Some(Language::Python),
            Form::Component => Some(Language::Component),
            Form::Folder => Some(walked.as_ref().map_or(Language::Python, Walked::language)),
            Form::Zip => None,
        };
        let fingerprint = walked.and_then(|walked| self.fingerprint(name, first, &walked));
        Some(Found { place, language, fingerprint, linked })
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
        let walked = self.walk(name, claim)?;
        if !walked.is_package() {
            return Err(gone());
        }
        let settings = read::settings(&self.real_root()?, &self.settings_file(name, claim)?)?;
        let files = read::files(name, &walked)?;
        let (written, files) = match files.as_slice() {
            [archive] if claim.form == Form::Zip => split(name, unzip(&shown(claim), &archive.content)?)?,
            _ => (settings, files),
        };
        if let Some(other) = written.name.as_ref().filter(|other| other.value != name) {
            let message = format!(
                "name is {:?}, and a package in the services folder is named after what it lies in; rename {} to go with \
                 this line, or remove the line",
                other.value,
                shown(claim)
            );
            return Err(other.contradicted(message).into());
        }
        PackageSource::written(name, files, written).map_err(|error| match error {
            SourceError::Name { name, reason } => {
                SourceError::Name { name, reason: format!("{} ({reason})", shown(claim)) }
            }
            other => other,
        })
    }

    fn claims(&self, name: &str) -> Vec<Claim> {
        let claim = |entry: String, form| Claim { path: self.root.join(entry), form };
        let mut claims = vec![
            claim(format!("{name}.py"), Form::Module),
            claim(format!("{name}.wasm"), Form::Component),
            claim(format!("{name}.zip"), Form::Zip),
            claim(name.to_owned(), Form::Folder),
        ];
        claims.retain(|claim| {
            // Not followed: a link that leads nowhere is reported, not overlooked.
            fs::symlink_metadata(&claim.path).is_ok()
                && (claim.form != Form::Folder || self.is_package_folder(name, claim))
        });
        claims
    }

    /// A folder counts only when there is code in it; one that cannot be walked counts, so that it is reported.
    fn is_package_folder(&self, name: &str, claim: &Claim) -> bool {
        if claim.path.is_file() {
            return false;
        }
        self.walk(name, claim).map_or(true, |walked| walked.is_package())
    }

    fn walk(&self, name: &str, claim: &Claim) -> Result<Walked, SourceError> {
        let root = self.real_root()?;
        match claim.form {
            Form::Folder => read::walk(&root, name, &claim.path),
            Form::Module | Form::Component | Form::Zip => read::single(&root, &claim.path),
        }
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
        let (inside, what) = match claim.form {
            Form::Module | Form::Component => return Ok(beside),
            Form::Folder => {
                (claim.path.join(SETTINGS_FILE), claim.path.join(SETTINGS_FILE).display().to_string())
            }
            // Of itself it has none: those in the archive are read with its other files.
            Form::Zip => (beside.clone(), format!("{SETTINGS_FILE} in {}", shown(claim))),
        };
        if beside.exists() {
            // Settings that nobody reads would be worse than an error.
            let message = format!("the settings of this package are read from {what}; move the file there");
            return Err(SettingsError { file: beside.display().to_string(), line: 1, message }.into());
        }
        Ok(inside)
    }
}

fn shown(claim: &Claim) -> String {
    let slash = if claim.form == Form::Folder { "/" } else { "" };
    format!("{}{slash}", claim.path.display())
}

/// The package that an entry of the services folder belongs to.
pub(crate) fn key(entry: &OsStr) -> Option<String> {
    // A name that is not UTF-8 cannot be a package; its lossy form is reported as a name that cannot be used.
    let text = entry.to_string_lossy();
    if name::ignored(&text) || text == "__init__.py" {
        return None;
    }
    let name = [".py", ".wasm", ".zip", ".toml"]
        .iter()
        .find_map(|ending| text.strip_suffix(ending))
        .unwrap_or(&text);
    Some(name.to_owned())
}
