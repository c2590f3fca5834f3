//! Heads, records of revisions, and the limits of documents.

use super::object::{self, PAGES};
use super::tree::{FORMAT, encoding};
use super::{Documents, Revision};
use crate::kv::{Kv, Put};
use crate::{Error, ErrorKind};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub(crate) const HEAD: &str = "head";
/// Is compared by every commit and changed by every sweep, so that no commit relies on a page that a sweep takes away.
pub(crate) const EPOCH: &str = "epoch";
pub(crate) const REVS: &str = "rev/";

/// Most revisions that are read at once.
pub(crate) const REV_BATCH: usize = 1000;
/// From here on, a revision's description is an object of its own.
const INLINE: usize = 256 * 1024;

const MAX_DOCUMENT: usize = 256 * 1024;
const MAX_NAME: usize = 512;
const MAX_DOCUMENTS: usize = 100_000;
const MAX_TEXT: usize = 4096;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) format: u32,
    pub(crate) revision: u64,
    pub(crate) root: String,
}

/// The head, with what a transaction has to compare.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) head: Head,
    pub(crate) version: Option<i64>,
    pub(crate) epoch: Option<i64>,
}

/// What is kept of a revision.
#[derive(Serialize, Deserialize)]
pub(crate) struct Record {
    format: u32,
    pub(crate) root: String,
    /// Random: tells whose commit this is, should its answer get lost.
    pub(crate) token: String,
    revision: Option<Revision>,
    /// Digest of the description, where it is long.
    pub(crate) detail: Option<String>,
}

pub(crate) fn rev_key(revision: u64) -> String {
    format!("{REVS}{revision:020}")
}

pub(crate) fn check_format(what: &str, format: u32) -> Result<(), Error> {
    if format <= FORMAT {
        return Ok(());
    }
    let text = format!(
        "{what} in the state store was written by a newer version of Caisson (format {format}, this one reads {FORMAT}); \
         run that version"
    );
    Err(Error::new(ErrorKind::Damaged, text))
}

fn parse<'de, T: Deserialize<'de>>(key: &str, bytes: &'de [u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|_| {
        let text = format!("`{key}` in the state store cannot be read; put back a backup of the store");
        Error::new(ErrorKind::Damaged, text)
    })
}

/// Reads the head.
pub(crate) async fn see(kv: &dyn Kv) -> Result<Seen, Error> {
    let mut seen = Seen::default();
    for entry in kv.get(vec![HEAD.to_owned(), EPOCH.to_owned()]).await? {
        if entry.key == EPOCH {
            seen.epoch = Some(entry.version);
        } else {
            seen.head = parse(HEAD, &entry.value)?;
            check_format("the head", seen.head.format)?;
            seen.version = Some(entry.version);
        }
    }
    Ok(seen)
}

impl Record {
    /// A record, and what is to be written before it.
    pub(crate) fn new(revision: &Revision, root: &str, token: &str) -> Result<(Self, Vec<Put>), Error> {
        let bytes = serde_json::to_vec(revision).map_err(encoding)?;
        let (root, token) = (root.to_owned(), token.to_owned());
        if bytes.len() <= INLINE {
            return Ok((
                Self { format: FORMAT, root, token, revision: Some(revision.clone()), detail: None },
                Vec::new(),
            ));
        }
        let digest = object::digest(&bytes);
        let puts = object::puts(PAGES, &digest, &bytes);
        Ok((Self { format: FORMAT, root, token, revision: None, detail: Some(digest) }, puts))
    }

    pub(crate) async fn revision(self, kv: &dyn Kv) -> Result<Revision, Error> {
        match (self.revision, self.detail) {
            (Some(revision), _) => Ok(revision),
            (None, Some(digest)) => {
                let read = object::read(kv, PAGES, std::slice::from_ref(&digest)).await?;
                parse(&digest, read.get(&digest).map_or(&[][..], |bytes| bytes))
            }
            (None, None) => parse("a revision", &[]),
        }
    }
}

pub(crate) async fn record(kv: &dyn Kv, revision: u64) -> Result<Option<Record>, Error> {
    Ok(records(kv, std::iter::once(revision)).await?.pop())
}

/// The records of those of the revisions that there are, oldest first.
pub(crate) async fn records(kv: &dyn Kv, revisions: impl Iterator<Item = u64>) -> Result<Vec<Record>, Error> {
    let mut entries = kv.get(revisions.map(rev_key).collect()).await?;
    entries.sort_by(|one, other| one.key.cmp(&other.key));
    let parsed = entries.iter().map(|entry| {
        let record: Record = parse(&entry.key, &entry.value)?;
        check_format(&entry.key, record.format)?;
        Ok(record)
    });
    parsed.collect()
}

/// Refuses texts and documents that are too large.
pub(crate) fn check<'a>(
    texts: [&str; 2],
    puts: impl IntoIterator<Item = (&'a String, &'a Bytes)>,
) -> Result<(), Error> {
    let too_large = |text: String| Err(Error::new(ErrorKind::TooLarge, text));
    if texts.iter().any(|text| text.len() > MAX_TEXT) {
        return too_large(format!(
            "author or message of a change is longer than {MAX_TEXT} bytes; shorten it"
        ));
    }
    for (name, bytes) in puts {
        if name.is_empty() {
            return Err(Error::new(ErrorKind::Invalid, "a document has an empty name; give it one"));
        }
        if name.len() > MAX_NAME {
            let start: String = name.chars().take(64).collect();
            return too_large(format!(
                "the name of the document `{start}...` has {} bytes, more than {MAX_NAME}; shorten it",
                name.len()
            ));
        }
        if bytes.len() > MAX_DOCUMENT {
            return too_large(format!(
                "the document `{name}` has {} bytes, more than 256 KiB ({MAX_DOCUMENT}); split it, or keep large values \
                 as blobs",
                bytes.len()
            ));
        }
    }
    Ok(())
}

/// Refuses too many documents.
pub(crate) fn check_count(documents: &Documents) -> Result<(), Error> {
    if documents.len() <= MAX_DOCUMENTS {
        return Ok(());
    }
    let text = format!(
        "the state would have {} documents, more than {MAX_DOCUMENTS}; delete some that are not needed",
        documents.len()
    );
    Err(Error::new(ErrorKind::TooLarge, text))
}
