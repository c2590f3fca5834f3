//! The copy of the last snapshot on this server's own disk.

use super::{Snapshot, object, tree};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;

/// First line of the file; what follows are the documents.
#[derive(Serialize, Deserialize)]
struct Header {
    caisson_state_cache: u32,
    revision: u64,
    digest: String,
}

/// Writes every new snapshot, for ever.
pub(crate) async fn keep(path: PathBuf, mut snapshots: watch::Receiver<Snapshot>) {
    while snapshots.changed().await.is_ok() {
        let snapshot = snapshots.borrow_and_update().clone();
        let place = path.clone();
        let written = tokio::task::spawn_blocking(move || write(&place, &snapshot)).await;
        if let Ok(Err(error)) = written {
            tracing::warn!(path = %path.display(), %error, "the copy of the state cannot be written; make room or give the right to");
        }
    }
}

fn write(path: &Path, snapshot: &Snapshot) -> std::io::Result<()> {
    let documents: Vec<(String, Bytes)> =
        snapshot.documents.iter().map(|(name, bytes)| (name.clone(), bytes.clone())).collect();
    let body = tree::encode(&documents);
    let header = Header {
        caisson_state_cache: tree::FORMAT,
        revision: snapshot.revision,
        digest: object::digest(&body),
    };
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file =
        std::fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&beside)?;
    serde_json::to_writer(&mut file, &header)?;
    file.write_all(b"\n")?;
    file.write_all(&body)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

/// The snapshot of the file; `None`, with a warning, if it is not there or not whole.
pub(crate) async fn load(path: PathBuf) -> Option<Snapshot> {
    let place = path.clone();
    let bytes = tokio::task::spawn_blocking(move || std::fs::read(place)).await.ok()?.ok()?;
    let found = parse(&bytes);
    if found.is_none() {
        tracing::warn!(path = %path.display(), "the copy of the state is damaged and is not used");
    }
    found
}

fn parse(bytes: &[u8]) -> Option<Snapshot> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let header: Header = serde_json::from_slice(bytes.get(..end)?).ok()?;
    let body = Bytes::copy_from_slice(bytes.get(end + 1..)?);
    let whole = header.caisson_state_cache == tree::FORMAT && object::digest(&body) == header.digest;
    let documents = whole.then(|| tree::decode(&body)).flatten()?;
    Some(Snapshot { revision: header.revision, documents: Arc::new(documents.into_iter().collect()) })
}
