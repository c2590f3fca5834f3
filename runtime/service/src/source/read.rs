//! Walking and reading a package on disk: bounded, and never out of the services folder.

use super::{Language, MAX_FILES, MAX_SETTINGS_BYTES, SourceError, check_size, check_total, settings_of};
use crate::name;
use crate::settings::Written;
use bytes::Bytes;
use caisson_engine::SourceFile;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Deepest nesting of folders in a package.
const MAX_DEPTH: usize = 32;

/// After this many entries without any Python, a folder is taken to be something else.
const MAX_ENTRIES: usize = 20_000;

/// One file found by a walk.
#[derive(Debug)]
pub(crate) struct WalkedFile {
    /// Inside the package, with `/`.
    pub(crate) path: String,
    /// As the operator knows it.
    shown: PathBuf,
    /// With all links resolved, checked to be inside the services folder.
    real: PathBuf,
    pub(crate) metadata: Metadata,
}

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    pub(crate) files: Vec<WalkedFile>,
    pub(crate) linked: bool,
    python: bool,
    component: bool,
    settings: bool,
    entries: usize,
}

impl Walked {
    /// There is code in it. Components lie in all kinds of folders; with settings beside it, one is meant to be deployed.
    pub(crate) fn is_package(&self) -> bool {
        self.python || (self.component && self.settings)
    }

    /// What a folder is written in.
    pub(crate) fn language(&self) -> Language {
        if self.python { Language::Python } else { Language::Component }
    }

    fn add(&mut self, file: WalkedFile, package: &str) -> Result<(), SourceError> {
        self.python |= file.path.ends_with(".py");
        self.component |= file.path.ends_with(".wasm");
        self.entries += 1;
        self.files.push(file);
        if self.python && self.files.len() > MAX_FILES {
            return Err(SourceError::TooManyFiles { package: package.to_owned() });
        }
        Ok(())
    }
}

/// A package that is one file.
pub(crate) fn single(root: &Path, path: &Path) -> Result<Walked, SourceError> {
    let linked = path.is_symlink();
    let real = resolve(root, path)?;
    let metadata = fs::metadata(&real).map_err(|error| SourceError::read(path, &error))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let file = WalkedFile { path: name, shown: path.to_owned(), real, metadata };
    Ok(Walked { files: vec![file], linked, python: true, entries: 1, ..Walked::default() })
}

/// All files of a package that is a folder, sorted by path.
pub(crate) fn walk(root: &Path, package: &str, folder: &Path) -> Result<Walked, SourceError> {
    let mut walked = Walked { linked: folder.is_symlink(), ..Walked::default() };
    let mut walk = Walk { root, package, within: Vec::new(), walked: &mut walked };
    walk.folder(folder, package)?;
    walked.files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    Ok(walked)
}

struct Walk<'a> {
    root: &'a Path,
    package: &'a str,
    /// The real folders that lead to the one being read: meeting one again means a loop.
    within: Vec<PathBuf>,
    walked: &'a mut Walked,
}

impl Walk<'_> {
    fn folder(&mut self, shown: &Path, prefix: &str) -> Result<(), SourceError> {
        let real = resolve(self.root, shown)?;
        if self.within.contains(&real) || real == self.root {
            return Err(SourceError::Loop { link: shown.display().to_string() });
        }
        if self.within.len() >= MAX_DEPTH {
            return Err(SourceError::TooDeep { path: shown.display().to_string() });
        }
        let entries = fs::read_dir(&real).map_err(|error| SourceError::read(shown, &error))?;
        self.within.push(real);
        for entry in entries {
            let entry = entry.map_err(|error| SourceError::read(shown, &error))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let settings = self.within.len() == 1 && name == super::SETTINGS_FILE;
            self.walked.settings |= settings;
            if !settings && !name::ignored(&name) && self.walked.entries < MAX_ENTRIES {
                self.entry(&shown.join(entry.file_name()), &format!("{prefix}/{name}"))?;
            }
        }
        self.within.pop();
        Ok(())
    }

    fn entry(&mut self, shown: &Path, path: &str) -> Result<(), SourceError> {
        let refused = |error| SourceError::read(shown, &error);
        let found = match fs::symlink_metadata(shown) {
            // Gone since the folder was read: whoever removes it causes another look.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => found.map_err(refused)?,
        };
        self.walked.linked |= found.is_symlink();
        if found.is_dir() {
            self.walked.entries += 1;
            return self.folder(shown, path);
        }
        let real = if found.is_symlink() { resolve(self.root, shown)? } else { shown.to_owned() };
        let metadata = fs::metadata(&real).map_err(refused)?;
        if metadata.is_dir() {
            return self.folder(shown, path);
        }
        let file = WalkedFile { path: path.to_owned(), shown: shown.to_owned(), real, metadata };
        self.walked.add(file, self.package)
    }
}

/// Where a path really is, when that is inside the services folder.
fn resolve(root: &Path, path: &Path) -> Result<PathBuf, SourceError> {
    let real = fs::canonicalize(path).map_err(|error| SourceError::read(path, &error))?;
    if real.starts_with(root) {
        return Ok(real);
    }
    Err(SourceError::Escape { link: path.display().to_string(), target: real.display().to_string() })
}

/// Reads all files, with the bounds checked before each one is read.
pub(crate) fn files(package: &str, walked: &Walked) -> Result<Vec<SourceFile>, SourceError> {
    let mut total = 0_u64;
    let mut files = Vec::with_capacity(walked.files.len());
    for file in &walked.files {
        let shown = file.shown.display().to_string();
        // Opening a pipe would wait for ever.
        if !file.metadata.is_file() {
            return Err(SourceError::NotAFile { path: shown });
        }
        check_size(&shown, file.metadata.len())?;
        total = total.saturating_add(file.metadata.len());
        check_total(package, total)?;
        let content =
            read(&file.real, file.metadata.len()).map_err(|error| SourceError::read(&file.shown, &error))?;
        files.push(SourceFile { path: file.path.clone(), content });
    }
    Ok(files)
}

/// At most the bytes that were there when the file was looked at, and a little more: a file that grows meanwhile is
/// looked at again.
fn read(path: &Path, expected: u64) -> io::Result<Bytes> {
    let mut content = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
    File::open(path)?.take(expected.saturating_add(64 << 10)).read_to_end(&mut content)?;
    Ok(content.into())
}

/// Reads a settings file; defaults when there is none.
pub(crate) fn settings(root: &Path, path: &Path) -> Result<Written, SourceError> {
    if fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(Written::default());
    }
    let real = resolve(root, path)?;
    let metadata = fs::metadata(&real).map_err(|error| SourceError::read(path, &error))?;
    let shown = path.display().to_string();
    if !metadata.is_file() {
        return Err(SourceError::NotAFile { path: shown });
    }
    if metadata.len() > MAX_SETTINGS_BYTES {
        return Err(SourceError::TooLarge { file: shown, bytes: metadata.len(), limit: MAX_SETTINGS_BYTES });
    }
    let content = read(&real, metadata.len()).map_err(|error| SourceError::read(path, &error))?;
    settings_of(&shown, &content)
}
