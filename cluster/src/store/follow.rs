//! What all clones of a store share, and the task that keeps it up to date.

use super::document::{self, Seen};
use super::lock::Queues;
use super::tree::Tree;
use super::{Health, Revision, Snapshot};
use crate::Error;
use crate::kv::{Kv, Signal};
use futures_util::StreamExt as _;
use jiff::Timestamp;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The head is read this often even if no watch tells of a change: should a watch ever be deaf, nobody stays behind.
const ANYWAY: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) kv: Arc<dyn Kv>,
    /// Held by whoever changes what is known: commits and the task that follows, one after the other.
    pub(crate) tree: tokio::sync::Mutex<Tree>,
    pub(crate) snapshots: watch::Sender<Snapshot>,
    pub(crate) sweep: Notify,
    pub(crate) locks: Queues,
    health: Mutex<Health>,
}

pub(crate) fn now() -> String {
    Timestamp::now().to_string()
}

impl Shared {
    pub(crate) fn new(kv: Arc<dyn Kv>) -> Self {
        let health =
            Health { connected: false, since: now(), last_error: None, revision: 0, from_cache: false };
        Self {
            kv,
            tree: tokio::sync::Mutex::default(),
            snapshots: watch::channel(Snapshot::default()).0,
            sweep: Notify::new(),
            locks: Queues::default(),
            health: Mutex::new(health),
        }
    }

    pub(crate) fn health(&self) -> Health {
        let health = self.health.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Health { revision: self.snapshots.borrow().revision, ..health }
    }

    pub(crate) fn reached(&self) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        if !health.connected {
            (health.connected, health.since) = (true, now());
        }
        health.from_cache = false;
    }

    pub(crate) fn lost(&self, error: &Error) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        if health.connected {
            tracing::warn!(%error, "the state store is away; this server goes on with the last state it knows");
            (health.connected, health.since) = (false, now());
        }
        health.last_error = Some(error.message.clone());
    }

    pub(crate) fn start_from_cache(&self, snapshot: Snapshot, error: &Error) {
        let taken = self.snapshots.send_if_modified(|kept| {
            // The task that follows may have been quicker.
            let newer = kept.revision == 0;
            if newer {
                *kept = snapshot;
            }
            newer
        });
        if taken {
            let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
            health.last_error = Some(format!("started from the copy in the cache file: {error}"));
            health.from_cache = !health.connected;
        }
    }

    /// Reads the head and publishes it, if it is another one.
    pub(crate) async fn refresh(&self) -> Result<(), Error> {
        let mut tree = self.tree.lock().await;
        self.refresh_locked(&mut tree).await.map(drop)
    }

    pub(crate) async fn refresh_locked(&self, tree: &mut Tree) -> Result<Seen, Error> {
        let seen = document::see(&*self.kv).await?;
        *tree = Tree::load(&*self.kv, &seen.head.root, tree).await?;
        self.publish(seen.head.revision, tree);
        self.reached();
        Ok(seen)
    }

    pub(crate) fn publish(&self, revision: u64, tree: &Tree) {
        let new = Snapshot { revision, documents: Arc::clone(&tree.documents) };
        self.snapshots.send_if_modified(|kept| {
            let same = kept.revision == new.revision
                && (Arc::ptr_eq(&kept.documents, &new.documents) || kept.documents == new.documents);
            if !same {
                *kept = new;
            }
            !same
        });
    }

    /// The revisions of a range that there are, oldest first.
    pub(crate) async fn revisions(&self, range: Range<u64>) -> Result<Vec<Revision>, Error> {
        let mut found = Vec::new();
        for record in document::records(&*self.kv, range).await? {
            found.push(record.revision(&*self.kv).await?);
        }
        Ok(found)
    }
}

/// Keeps the snapshot up to date, for ever.
pub(crate) async fn follow(shared: Arc<Shared>) {
    let mut signals = shared.kv.watch(document::HEAD.to_owned());
    loop {
        tokio::select! {
            signal = signals.next() => match signal {
                Some(Signal::Lost(error)) => shared.lost(&error),
                Some(Signal::Changed | Signal::Back) => until_read(&shared).await,
                None => return,
            },
            () = tokio::time::sleep(ANYWAY) => until_read(&shared).await,
        }
    }
}

async fn until_read(shared: &Shared) {
    let mut pause = FIRST_PAUSE;
    while let Err(error) = shared.refresh().await {
        shared.lost(&error);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
