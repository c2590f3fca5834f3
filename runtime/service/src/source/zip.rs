//! Files out of a zip archive: a package, or a wheel.
//!
//! Nothing that an archive says about itself is believed. Sizes are counted while it is unpacked, and what is in it never
//! touches a disk under a name of its own.

use super::{MAX_FILES, MAX_PACKAGE_BYTES, SourceError, file_limit};
use crate::name;
use caisson_engine::SourceFile;
use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive, ZipFileHeaderRecord, ZipSliceArchive};
use std::collections::HashSet;
use std::io::Read;

/// Most entries, folders and clutter included.
const MAX_ENTRIES: u64 = 2 * MAX_FILES as u64;

/// How many times as large as the archive its content may be. Program text shrinks to a fifth; what shrinks to a hundredth was
/// made to.
const MAX_RATIO: u64 = 100;

/// Below this the ratio says nothing.
const SMALL: u64 = 1 << 20;

/// Bits of a Unix mode that say what kind of thing it is, and what they are for a file.
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

/// What is left of the bounds of one package, for all of its archives together.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) files: usize,
    pub(super) bytes: u64,
}

impl Room {
    /// A package in which nothing is yet.
    pub(super) fn whole() -> Self {
        Self { files: MAX_FILES, bytes: MAX_PACKAGE_BYTES }
    }
}

/// The files of a zip archive that holds a package, `archive` being its name for errors. A folder that everything is in is left
/// out of the paths: whoever packs a folder gets one.
///
/// # Errors
///
/// No archive, a damaged one, one that is larger inside than a package may be, and paths and kinds of entries that no package
/// has.
pub fn unzip(archive: &str, bytes: &[u8]) -> Result<Vec<SourceFile>, SourceError> {
    let mut files = unpack(archive, bytes, &mut Room::whole())?;
    let top = files.first().and_then(|file| Some(format!("{}/", file.path.split_once('/')?.0)));
    if let Some(top) = top.filter(|top| files.iter().all(|file| file.path.starts_with(top))) {
        for file in &mut files {
            file.path.drain(..top.len());
        }
    }
    Ok(files)
}

/// The files of any zip archive, apart from what editors and operating systems leave lying around.
pub(super) fn unpack(archive: &str, bytes: &[u8], room: &mut Room) -> Result<Vec<SourceFile>, SourceError> {
    let damaged = |error: rawzip::Error| refused(archive, format!("it is no zip file, or damaged ({error})"));
    let open = ZipArchive::from_slice(bytes).map_err(damaged)?;
    let work = Unpack { archive, open: &open, most: MAX_RATIO.saturating_mul(length(bytes)).max(SMALL) };
    let (mut files, mut seen, mut count, mut total) = (Vec::new(), HashSet::new(), 0_u64, 0_u64);
    let mut entries = open.entries();
    while let Some(entry) = entries.next_entry().map_err(damaged)? {
        count += 1;
        if count > MAX_ENTRIES {
            return Err(SourceError::TooManyFiles { package: archive.to_owned() });
        }
        let path = work.path(&entry)?;
        let inner = path.strip_suffix('/').unwrap_or(&path);
        if path.ends_with('/') || inner.split('/').any(|part| name::ignored(part) || part == "__MACOSX") {
            continue;
        }
        if !seen.insert(path.clone()) {
            return Err(work.refused(&path, "it is there twice"));
        }
        if room.files == 0 {
            return Err(SourceError::TooManyFiles { package: archive.to_owned() });
        }
        let content = work.content(&path, &entry, room.bytes, work.most.saturating_sub(total))?;
        room.files -= 1;
        room.bytes = room.bytes.saturating_sub(length(&content));
        total = total.saturating_add(length(&content));
        files.push(SourceFile { path, content: content.into() });
    }
    if count != open.entries_hint() {
        let hint = open.entries_hint();
        return Err(refused(
            archive,
            format!("it is damaged: {hint} entries are announced, {count} are there"),
        ));
    }
    Ok(files)
}

struct Unpack<'a> {
    archive: &'a str,
    open: &'a ZipSliceArchive<&'a [u8]>,
    /// Most bytes that this archive may unpack to.
    most: u64,
}

impl Unpack<'_> {
    /// The path of an entry that may be in a package.
    fn path(&self, entry: &ZipFileHeaderRecord<'_>) -> Result<String, SourceError> {
        let raw = entry.file_path();
        let raw: &[u8] = raw.as_ref();
        let lossy = String::from_utf8_lossy(raw);
        let objection = match std::str::from_utf8(raw) {
            Err(_error) => Some("its name is not UTF-8; rename it, or pack it with another program"),
            Ok(path) => objection(path).or_else(|| kind_objection(entry)),
        };
        match objection {
            Some(reason) => Err(self.refused(&lossy, reason)),
            None => Ok(lossy.into_owned()),
        }
    }

    /// Unpacks one file; `left` bytes are left of the package, and `most` before the archive counts as a bomb.
    fn content(
        &self,
        path: &str,
        entry: &ZipFileHeaderRecord<'_>,
        left: u64,
        most: u64,
    ) -> Result<Vec<u8>, SourceError> {
        let damaged = |error: &dyn std::fmt::Display| self.refused(path, &format!("it is damaged ({error})"));
        let local = self.open.get_entry(entry.wayfinder()).map_err(|error| damaged(&error))?;
        let limit = file_limit(path);
        let bound = limit.min(left).min(most);
        let mut content = Vec::new();
        let read = |reader: &mut dyn Read, content: &mut Vec<u8>| {
            reader.take(bound.saturating_add(1)).read_to_end(content)
        };
        let done = match entry.compression_method() {
            CompressionMethod::STORE => read(&mut local.verifying_reader(local.data()), &mut content),
            CompressionMethod::DEFLATE => {
                read(&mut local.verifying_reader(DeflateDecoder::new(local.data())), &mut content)
            }
            _ => {
                return Err(self.refused(path, "its compression is not known here; pack it with \"deflate\""));
            }
        };
        if length(&content) <= bound {
            return done.map(|_bytes| content).map_err(|error| damaged(&error));
        }
        Err(match bound {
            _ if bound == limit => SourceError::Unpacked { file: format!("{}: {path}", self.archive), limit },
            _ if bound == left => SourceError::PackageTooLarge { package: self.archive.to_owned() },
            _ => refused(
                self.archive,
                format!(
                    "unpacked it is more than {MAX_RATIO} times as large, as archives are that are made to do harm"
                ),
            ),
        })
    }

    fn refused(&self, path: &str, reason: &str) -> SourceError {
        let shown: String = path.chars().take(200).collect();
        refused(self.archive, format!("{shown:?} in it cannot be used: {reason}"))
    }
}

/// Why no file of a package has this path.
fn objection(path: &str) -> Option<&'static str> {
    let inner = path.strip_suffix('/').unwrap_or(path);
    let drive = inner.as_bytes().get(1) == Some(&b':');
    if inner.contains(char::is_control) {
        return Some("there are control characters in its name");
    }
    if inner.contains('\\') {
        return Some("there is a backslash in its name; pack it with a program that writes /");
    }
    if path.starts_with('/') || drive {
        return Some("its name begins at the root of a file system; pack the folder from outside of it");
    }
    if inner.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Some("it leaves the package");
    }
    None
}

fn kind_objection(entry: &ZipFileHeaderRecord<'_>) -> Option<&'static str> {
    let flags = entry.flags();
    if flags.is_encrypted() || flags.has_strong_encryption() || flags.is_masked() {
        return Some("it is encrypted; pack it without a password");
    }
    if entry.mode().is_symlink() {
        return Some("it is a symbolic link; pack the file that it leads to");
    }
    // Of folders nothing is taken, and programs give them all kinds of modes.
    let odd = !entry.is_dir() && !matches!(entry.mode().value() & KIND, 0 | REGULAR);
    odd.then_some("it is neither a file nor a folder")
}

fn refused(archive: &str, reason: String) -> SourceError {
    SourceError::Archive { archive: archive.to_owned(), reason }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(super) mod tests;
