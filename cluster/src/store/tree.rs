//! All documents of a revision as pages: of many documents, a change of one rewrites one page and the root.

use super::object::{self, PAGES};
use super::{Documents, document};
use crate::kv::{Kv, Put};
use crate::{Error, ErrorKind};
use bytes::{BufMut as _, Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Documents of a page, on average.
const PAGE: usize = 128;
/// The format of roots, heads and revisions that this version writes and reads.
pub(crate) const FORMAT: u32 = 1;

type Page = Arc<Vec<(String, Bytes)>>;

#[derive(Serialize, Deserialize)]
struct Root {
    format: u32,
    buckets: usize,
    /// Digest of each bucket's page. Empty buckets have none.
    pages: BTreeMap<usize, String>,
}

/// The documents of a revision with the pages they are in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    /// Digest of the root; empty for the empty state.
    pub(crate) root: String,
    pages: BTreeMap<usize, (String, Page)>,
    pub(crate) documents: Documents,
}

impl Tree {
    /// These documents; and what has to be written for them if what `before` needs is there.
    pub(crate) fn build(documents: Documents, before: &Self) -> Result<(Self, Vec<Put>), Error> {
        let buckets = documents.len().div_ceil(PAGE).max(1).next_power_of_two();
        let mut sorted: BTreeMap<usize, Vec<(String, Bytes)>> = BTreeMap::new();
        for (name, bytes) in documents.iter() {
            sorted.entry(bucket(name, buckets)).or_default().push((name.clone(), bytes.clone()));
        }
        let (mut pages, mut puts) = (BTreeMap::new(), Vec::new());
        for (number, page) in sorted {
            if let Some(same) = before.pages.get(&number).filter(|(_, old)| **old == page) {
                pages.insert(number, same.clone());
                continue;
            }
            let bytes = encode(&page);
            let digest = object::digest(&bytes);
            puts.extend(object::puts(PAGES, &digest, &bytes));
            pages.insert(number, (digest, Arc::new(page)));
        }
        let digests = pages.iter().map(|(number, (digest, _))| (*number, digest.clone())).collect();
        let bytes =
            serde_json::to_vec(&Root { format: FORMAT, buckets, pages: digests }).map_err(encoding)?;
        let root = object::digest(&bytes);
        puts.extend(object::puts(PAGES, &root, &bytes));
        Ok((Self { root, pages, documents }, puts))
    }

    /// Reads a tree; pages that `known` has are not read again.
    pub(crate) async fn load(kv: &dyn Kv, root: &str, known: &Self) -> Result<Self, Error> {
        if root.is_empty() {
            return Ok(Self::default());
        }
        if root == known.root {
            return Ok(known.clone());
        }
        let Root { pages: digests, .. } = read_root(kv, root).await?;
        let have: BTreeMap<&str, &Page> =
            known.pages.values().map(|(digest, page)| (digest.as_str(), page)).collect();
        let missing: Vec<String> =
            digests.values().filter(|digest| !have.contains_key(digest.as_str())).cloned().collect();
        let read = object::read(kv, PAGES, &missing).await?;
        let mut pages = BTreeMap::new();
        for (number, digest) in digests {
            let page = match (have.get(digest.as_str()), read.get(&digest)) {
                (Some(page), _) => Arc::clone(page),
                (None, Some(bytes)) => Arc::new(decode(bytes).ok_or_else(|| unreadable(&digest))?),
                (None, None) => return Err(unreadable(&digest)),
            };
            pages.insert(number, (digest, page));
        }
        let documents = pages.values().flat_map(|(_, page)| page.iter().cloned()).collect();
        Ok(Self { root: root.to_owned(), pages, documents: Arc::new(documents) })
    }
}

/// Digests of everything that a root needs.
pub(crate) async fn needs(kv: &dyn Kv, root: &str) -> Result<Vec<String>, Error> {
    if root.is_empty() {
        return Ok(Vec::new());
    }
    let mut all: Vec<String> = read_root(kv, root).await?.pages.into_values().collect();
    all.push(root.to_owned());
    Ok(all)
}

async fn read_root(kv: &dyn Kv, root: &str) -> Result<Root, Error> {
    let digests = [root.to_owned()];
    let read = object::read(kv, PAGES, &digests).await?;
    let bytes = read.get(root).ok_or_else(|| unreadable(root))?;
    let parsed: Root = serde_json::from_slice(bytes).map_err(|_| unreadable(root))?;
    document::check_format("the root", parsed.format)?;
    Ok(parsed)
}

fn bucket(name: &str, buckets: usize) -> usize {
    let [first, second, third, fourth, ..] = *blake3::hash(name.as_bytes()).as_bytes();
    // `buckets` is a power of two, and there are never as many as a `u32` counts.
    usize::try_from(u32::from_le_bytes([first, second, third, fourth])).unwrap_or(0)
        & buckets.saturating_sub(1)
}

/// Name and value of each document, each after its length.
pub(crate) fn encode<'page>(page: impl IntoIterator<Item = &'page (String, Bytes)>) -> Bytes {
    let mut bytes = BytesMut::new();
    for (name, value) in page {
        for part in [name.as_bytes(), value] {
            // Both are checked to be far shorter.
            bytes.put_u32(u32::try_from(part.len()).unwrap_or(u32::MAX));
            bytes.put_slice(part);
        }
    }
    bytes.freeze()
}

/// `None`: this was not written by [`encode`].
pub(crate) fn decode(bytes: &Bytes) -> Option<Vec<(String, Bytes)>> {
    let (mut page, mut rest) = (Vec::new(), bytes.clone());
    while !rest.is_empty() {
        let name = part(&mut rest)?;
        page.push((String::from_utf8(name.to_vec()).ok()?, part(&mut rest)?));
    }
    Some(page)
}

fn part(rest: &mut Bytes) -> Option<Bytes> {
    let (length, _) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let end = length.checked_add(4).filter(|end| *end <= rest.len())?;
    Some(rest.split_to(end).slice(4..))
}

fn unreadable(digest: &str) -> Error {
    let text = format!("the page {digest} of the state cannot be read; put back a backup of the state store");
    Error::new(ErrorKind::Damaged, text)
}

pub(crate) fn encoding(error: serde_json::Error) -> Error {
    Error::new(ErrorKind::Invalid, format!("the state cannot be written as JSON: {error}; change its texts"))
}
