//! Files that are whole or not there: written beside, made durable, then renamed.

use super::StoreError;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// What the names of unfinished files begin with.
const TEMPORARY: &str = ".tmp-";

fn failed<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> StoreError + 'a {
    move |error| StoreError::Disk { action, path: path.display().to_string(), error: error.to_string() }
}

pub(super) fn make_folder(path: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(path).map_err(failed("create the folder", path))
}

/// Takes the folder for this process.
pub(super) fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("lock");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(failed("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            // Only to say who it is; the lock itself is what counts.
            let pid = match fs::read_to_string(&path) {
                Ok(text) if !text.trim().is_empty() => format!(" (process {})", text.trim()),
                _ => String::new(),
            };
            return Err(StoreError::InUse { folder: folder.display().to_string(), pid });
        }
        Err(TryLockError::Error(error)) => return Err(failed("lock", &path)(error)),
    }
    file.set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(failed("write", &path))?;
    Ok(file)
}

/// Writes a blob unless it is there already; true when it was written.
pub(super) fn write_blob(path: &Path, content: &[u8]) -> Result<bool, StoreError> {
    let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
    if fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() == length) {
        return Ok(false);
    }
    place(path, content)?;
    Ok(true)
}

/// Writes a file and its folder durably: after a crash there is the old content or the new one.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    place(path, content)?;
    path.parent().map_or(Ok(()), sync_folder)
}

fn place(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_file_name(format!("{TEMPORARY}{}-{number}", std::process::id()));
    let done = fill(&temporary, content).and_then(|()| fs::rename(&temporary, path));
    if done.is_err() {
        remove(&temporary);
    }
    done.map_err(failed("write", path))
}

fn fill(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Makes renames in a folder durable.
pub(super) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(failed("sync", path))
}

/// Removes a file that nobody needs. That it stays is no harm, so a failure is only noted.
pub(super) fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "cannot remove a file that is no longer needed");
    }
}

/// Removes what a crash left half written.
pub(super) fn remove_temporary(folder: &Path) {
    for name in entries(folder).into_iter().filter(|name| name.starts_with(TEMPORARY)) {
        remove(&folder.join(name));
    }
}

/// The names in a folder; those that are not UTF-8 are not ours.
pub(super) fn entries(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

/// Puts a file out of the way under a name that says why.
pub(super) fn set_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".corrupt");
    let aside = path.with_file_name(name);
    fs::rename(path, &aside).map_err(failed("rename", path))?;
    Ok(aside)
}
