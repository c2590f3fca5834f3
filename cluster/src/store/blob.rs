//! Blobs: bytes under their digest, for what is too large for a document.

use super::Store;
use super::object::{self, BLOBS};
use crate::kv::Txn;
use crate::{Error, ErrorKind};
use bytes::Bytes;
use std::collections::BTreeSet;

/// Most bytes of a blob: etcd keeps its whole state in memory.
const MAX_BLOB: usize = 64 << 20;

impl Store {
    /// Keeps bytes; answers their BLAKE3 digest in hexadecimal digits, which they are found by.
    ///
    /// # Errors
    ///
    /// More than 64 MiB; the backend is away or full.
    ///
    /// # Cancel safety
    ///
    /// Dropped halfway, nothing can be found yet; putting it again completes it.
    pub async fn put_blob(&self, bytes: &[u8]) -> Result<String, Error> {
        if bytes.len() > MAX_BLOB {
            let text =
                format!("a blob has {} bytes, more than 64 MiB; keep it outside of the state", bytes.len());
            return Err(Error::new(ErrorKind::TooLarge, text));
        }
        let digest = object::digest(bytes);
        object::write(&*self.shared.kv, object::puts(BLOBS, &digest, bytes)).await?;
        Ok(digest)
    }

    /// The bytes with this digest, checked.
    ///
    /// # Errors
    ///
    /// There is no such blob, or it is damaged; the backend is away.
    pub async fn get_blob(&self, digest: &str) -> Result<Bytes, Error> {
        let found = object::read(&*self.shared.kv, BLOBS, &[checked(digest)?]).await?;
        found
            .into_values()
            .next()
            .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no blob {digest}; put it")))
    }

    /// Whether there is a blob with this digest.
    ///
    /// # Errors
    ///
    /// Not a digest; the backend is away.
    pub async fn has_blob(&self, digest: &str) -> Result<bool, Error> {
        Ok(!self.shared.kv.get(vec![format!("{BLOBS}{}", checked(digest)?)]).await?.is_empty())
    }

    /// The digests of all blobs.
    ///
    /// # Errors
    ///
    /// The backend is away.
    pub async fn blobs(&self) -> Result<BTreeSet<String>, Error> {
        let entries = self.shared.kv.list(BLOBS.to_owned(), true).await?;
        Ok(entries
            .iter()
            .filter_map(|entry| object::digest_of(BLOBS, &entry.key))
            .map(str::to_owned)
            .collect())
    }

    /// Takes all blobs away but these; answers how many went. Nobody may put blobs meanwhile.
    ///
    /// # Errors
    ///
    /// The backend is away.
    pub async fn sweep_blobs(&self, live: &BTreeSet<String>) -> Result<usize, Error> {
        let entries = self.shared.kv.list(BLOBS.to_owned(), true).await?;
        let dead = |key: &str| object::digest_of(BLOBS, key).is_some_and(|digest| !live.contains(digest));
        let keys: Vec<String> = entries.into_iter().map(|entry| entry.key).filter(|key| dead(key)).collect();
        let gone: BTreeSet<&str> = keys.iter().filter_map(|key| object::digest_of(BLOBS, key)).collect();
        for batch in keys.chunks(crate::kv::MAX_OPS) {
            self.shared.kv.txn(Txn { deletes: batch.to_vec(), ..Txn::default() }).await?;
        }
        Ok(gone.len())
    }
}

fn checked(digest: &str) -> Result<String, Error> {
    if digest.len() == 64 && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Ok(digest.to_owned());
    }
    let text = "a blob's digest has 64 hexadecimal digits in lower case; give it as put_blob answered it";
    Err(Error::new(ErrorKind::Invalid, text))
}
