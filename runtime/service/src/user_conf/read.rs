//! The files of the folder, and how it looks from outside.

use caisson_engine::SourceFile;
use std::fs::{self, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What names of files end with.
const ENDINGS: [&str; 5] = ["ini", "conf", "yaml", "yml", "toml"];

/// Bytes of one file, bytes of all, and how many: they are in the memory of every package.
const MAX_FILE: u64 = 1 << 20;
const MAX_ALL: u64 = 4 << 20;
const MAX_FILES: usize = 100;

/// Why the folder cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserConfError {
    /// The operating system's.
    #[error(
        "{path} cannot be read: {reason}; give the user of this process the right to, or another folder with --user-conf"
    )]
    Read {
        /// The file or folder.
        path: String,
        /// Why.
        reason: String,
    },
    /// There is too much.
    #[error("{path}: {what}; at most 100 files of 1 MiB each and 4 MiB together are given to services")]
    TooMuch {
        /// The file or folder.
        path: String,
        /// Of what.
        what: &'static str,
    },
}

impl UserConfError {
    fn read(path: &Path, error: &io::Error) -> Self {
        Self::Read { path: path.display().to_string(), reason: error.to_string() }
    }

    fn too_much(path: &Path, what: &'static str) -> Self {
        Self::TooMuch { path: path.display().to_string(), what }
    }
}

/// How the folder looks from outside: names, with what changes when a file does.
pub(super) type Look = Vec<(String, u64, u64, i64, i64)>;

/// Looks at the folder. What cannot be seen is left out: reading it will tell why.
pub(super) fn look(folder: &Path) -> Look {
    let stamp = |(name, metadata): (String, Metadata)| {
        (name, metadata.len(), metadata.ino(), metadata.mtime(), metadata.mtime_nsec())
    };
    list(folder).unwrap_or_default().into_iter().map(stamp).collect()
}

/// Reads the files, sorted by name. A folder that is not there has none.
pub(super) fn files(folder: &Path) -> Result<Vec<SourceFile>, UserConfError> {
    let listed = list(folder).map_err(|error| UserConfError::read(folder, &error))?;
    if listed.len() > MAX_FILES {
        return Err(UserConfError::too_much(folder, "there are too many files"));
    }
    let (mut files, mut all) = (Vec::new(), 0);
    for (name, _) in listed {
        let path = folder.join(&name);
        let content = read(&path).map_err(|error| UserConfError::read(&path, &error))?;
        all += content.len() as u64;
        if content.len() as u64 > MAX_FILE {
            return Err(UserConfError::too_much(&path, "the file is too large"));
        }
        files.push(SourceFile { path: name, content: content.into() });
    }
    if all > MAX_ALL {
        return Err(UserConfError::too_much(folder, "the files are too large together"));
    }
    Ok(files)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    fs::File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut content)?;
    Ok(content)
}

/// The files that count: visible ones with a known ending. Links are followed: that is how some systems mount configuration.
fn list(folder: &Path) -> io::Result<Vec<(String, Metadata)>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let ending = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, ending)| ending);
        if name.starts_with('.') || !ending.is_some_and(|ending| ENDINGS.contains(&ending)) {
            continue;
        }
        match fs::metadata(entry.path()) {
            Ok(metadata) if metadata.is_file() => found.push((name, metadata)),
            Ok(_) => {}
            // It has gone since, or leads nowhere.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(found)
}
