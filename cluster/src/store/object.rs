//! Objects of any size, named by their digest, in values that every backend takes.
//!
//! A small object is a value that begins with 0. A large one is a value of 1 and the number of its chunks, which are
//! written before it: whoever sees the object sees all of it.

use crate::kv::{Kv, Outcome, Put, batches};
use crate::{Error, ErrorKind};
use bytes::Bytes;
use std::collections::HashMap;
use std::time::Duration;

/// How often a transaction without an answer is repeated, after pauses that double.
pub(crate) const RESENDS: u32 = 5;
/// The first of these pauses.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);

/// Most bytes of one value.
pub(crate) const CHUNK: usize = 512 * 1024;

/// Pages of documents, roots and long descriptions of revisions; swept when no revision needs them.
pub(crate) const PAGES: &str = "page/";
/// What users keep here; swept on demand only.
pub(crate) const BLOBS: &str = "blob/";

pub(crate) fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// The digest in a key of this space.
pub(crate) fn digest_of<'key>(space: &str, key: &'key str) -> Option<&'key str> {
    key.strip_prefix(space)?.split('/').next()
}

fn chunk_key(space: &str, digest: &str, number: usize) -> String {
    format!("{space}{digest}/{number:05}")
}

/// What is to be written for an object, in this order.
pub(crate) fn puts(space: &str, digest: &str, bytes: &[u8]) -> Vec<Put> {
    let key = format!("{space}{digest}");
    if bytes.len() < CHUNK {
        return vec![Put::new(key, [&[0], bytes].concat())];
    }
    let chunks = bytes.chunks(CHUNK).enumerate();
    let mut puts: Vec<Put> = chunks
        .map(|(number, chunk)| Put::new(chunk_key(space, digest, number), Bytes::copy_from_slice(chunk)))
        .collect();
    let count = u32::try_from(puts.len()).unwrap_or(u32::MAX);
    puts.push(Put::new(key, [&[1], count.to_le_bytes().as_slice()].concat()));
    puts
}

/// Writes what may be written twice without harm.
pub(crate) async fn write(kv: &dyn Kv, puts: Vec<Put>) -> Result<(), Error> {
    for txn in batches(puts) {
        let mut outcome = kv.txn(txn.clone()).await?;
        for attempt in 0..RESENDS {
            if matches!(outcome, Outcome::Unknown(_)) {
                // Time for a new leader, should the old one have died meanwhile.
                tokio::time::sleep(PAUSE * 2_u32.saturating_pow(attempt)).await;
                outcome = kv.txn(txn.clone()).await?;
            }
        }
        if let Outcome::Unknown(error) = outcome {
            return Err(error);
        }
    }
    Ok(())
}

/// Reads objects; all of them have to be there, and be what was written.
pub(crate) async fn read(
    kv: &dyn Kv,
    space: &str,
    digests: &[String],
) -> Result<HashMap<String, Bytes>, Error> {
    let keys = digests.iter().map(|digest| format!("{space}{digest}")).collect();
    let mut found = HashMap::new();
    for entry in kv.get(keys).await? {
        let Some(digest) = digest_of(space, &entry.key) else { continue };
        let bytes = match entry.value.first() {
            Some(0) => entry.value.slice(1..),
            Some(1) => chunks(kv, space, digest, &entry.value).await?,
            _ => return Err(damaged(space, digest)),
        };
        if self::digest(&bytes) != digest {
            return Err(damaged(space, digest));
        }
        found.insert(digest.to_owned(), bytes);
    }
    match digests.iter().find(|digest| !found.contains_key(*digest)) {
        None => Ok(found),
        Some(gone) => {
            let text = format!(
                "{space}{gone} is not in the state store (any more); read the newest revision instead"
            );
            Err(Error::new(ErrorKind::NotFound, text))
        }
    }
}

async fn chunks(kv: &dyn Kv, space: &str, digest: &str, header: &Bytes) -> Result<Bytes, Error> {
    let count = header.get(1..5).and_then(|count| count.try_into().ok()).map(u32::from_le_bytes);
    let count = count.and_then(|count| usize::try_from(count).ok()).ok_or_else(|| damaged(space, digest))?;
    let keys: Vec<String> = (0..count).map(|number| chunk_key(space, digest, number)).collect();
    let mut parts: Vec<_> = kv.get(keys).await?;
    parts.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(parts.iter().flat_map(|part| part.value.iter().copied()).collect::<Vec<u8>>().into())
}

fn damaged(space: &str, digest: &str) -> Error {
    let text = format!(
        "{space}{digest} in the state store is not what was written there; put back a backup of the store, or change \
         what it belongs to anew"
    );
    Error::new(ErrorKind::Damaged, text)
}
