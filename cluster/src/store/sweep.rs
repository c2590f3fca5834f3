//! Takes away revisions that are too old, and pages that no revision needs.

use super::document::{self, EPOCH, HEAD, REVS, Seen};
use super::follow::Shared;
use super::object::{self, PAGES};
use super::{Store, tree};
use crate::Error;
use crate::kv::{Compare, MAX_OPS, Outcome, Put, Txn};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Revisions that are kept.
const KEEP: u64 = 1000;

/// Sweeps whenever a commit says that it is time, for ever.
pub(crate) async fn sweep_when_due(shared: Arc<Shared>) {
    loop {
        shared.sweep.notified().await;
        if let Err(error) = sweep(&shared, KEEP).await {
            // The next one takes along what this one has left.
            tracing::warn!(%error, "old revisions could not be swept");
        }
    }
}

impl Store {
    /// Takes away all but the newest revisions, and what only they needed; answers how many keys went. Stops early when
    /// the state is changed meanwhile. The store does so by itself, keeping 1,000.
    ///
    /// # Errors
    ///
    /// The backend is away.
    pub async fn sweep(&self, keep: u64) -> Result<usize, Error> {
        sweep(&self.shared, keep.max(1)).await
    }
}

async fn sweep(shared: &Shared, keep: u64) -> Result<usize, Error> {
    let kv = &*shared.kv;
    let seen = document::see(kv).await?;
    let newest = seen.head.revision;
    let oldest = newest.saturating_sub(keep).saturating_add(1);
    let first_kept = document::rev_key(oldest);
    let revisions = kv.list(REVS.to_owned(), true).await?.into_iter().map(|entry| entry.key);
    let mut dead: Vec<String> = revisions.filter(|key| *key < first_kept).collect();
    let live = live(shared, &seen, oldest).await?;
    let pages = kv.list(PAGES.to_owned(), true).await?.into_iter().map(|entry| entry.key);
    dead.extend(
        pages.filter(|key| object::digest_of(PAGES, key).is_some_and(|digest| !live.contains(digest))),
    );
    remove(shared, seen, &dead).await
}

async fn live(shared: &Shared, seen: &Seen, oldest: u64) -> Result<BTreeSet<String>, Error> {
    let (mut live, mut roots) = (BTreeSet::new(), BTreeSet::from([seen.head.root.clone()]));
    for record in document::records(&*shared.kv, oldest..seen.head.revision.saturating_add(1)).await? {
        live.extend(record.detail);
        roots.insert(record.root);
    }
    for root in roots {
        live.extend(tree::needs(&*shared.kv, &root).await?);
    }
    Ok(live)
}

async fn remove(shared: &Shared, mut seen: Seen, dead: &[String]) -> Result<usize, Error> {
    let mut gone: usize = 0;
    for batch in dead.chunks(MAX_OPS.saturating_sub(1)) {
        // Whoever counts on a page that goes here compares the epoch, and uploads it again.
        let txn = Txn {
            compares: vec![
                Compare { key: HEAD.to_owned(), version: seen.version },
                Compare { key: EPOCH.to_owned(), version: seen.epoch },
            ],
            puts: vec![Put::new(EPOCH, "")],
            deletes: batch.to_vec(),
        };
        match shared.kv.txn(txn).await? {
            Outcome::Done => gone = gone.saturating_add(batch.len()),
            Outcome::Refused => break,
            Outcome::Unknown(error) => return Err(error),
        }
        let now = document::see(&*shared.kv).await?;
        if now.version != seen.version {
            break;
        }
        seen = now;
    }
    Ok(gone)
}
