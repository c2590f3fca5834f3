//! Documents with revisions.
//!
//! It is git in small: pages of documents under their digests, a root that names the pages, a record for each revision
//! that names its root, and a head. A commit writes the pages that are new, and then moves the head in one transaction
//! that compares it: whatever its size, it happens at once or not at all.

mod blob;
mod cache;
mod commit;
mod document;
mod election;
mod follow;
mod lock;
mod member;
mod object;
mod sweep;
mod tree;

pub use election::Election;
pub use lock::Lock;
pub use member::{Member, MemberStatus, Membership};

use crate::kv::Kv;
use crate::kv::etcd::{EtcdKv, EtcdOptions};
use crate::kv::sqlite::SqliteKv;
use crate::{Error, ErrorKind};
use bytes::Bytes;
use document::{REV_BATCH, Record};
use follow::Shared;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tree::Tree;

/// All documents of one revision: name to JSON text. Cheap to clone.
pub type Documents = Arc<BTreeMap<String, Bytes>>;

/// A revision with its documents. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The revision; 0: nothing was ever committed.
    pub revision: u64,
    /// Its documents.
    pub documents: Documents,
}

/// A change that is to become the next revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The revision that the change was made for. Given, the change is refused as soon as another one has come since;
    /// left out, it is put on top of whatever there is.
    pub base: Option<u64>,
    /// Who makes it.
    pub author: String,
    /// What it is, in a line: `apply caisson.yaml`, `rollback to 12`, `deploy hello`.
    pub message: String,
    /// Documents that are new or different.
    pub puts: BTreeMap<String, Bytes>,
    /// Documents that go.
    pub deletes: Vec<String>,
}

/// A revision, as history tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Counted from 1; the empty state is 0.
    pub revision: u64,
    /// RFC 3339, UTC.
    pub at: String,
    /// Who made it.
    pub author: String,
    /// What it is, in a line.
    pub message: String,
    /// Names of documents that became new.
    pub added: Vec<String>,
    /// Names of documents that became different.
    pub changed: Vec<String>,
    /// Names of documents that went.
    pub removed: Vec<String>,
}

/// Why a change was refused: others have changed the state since its base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The revision that there is now.
    pub current: u64,
    /// What came since the base, oldest first, as far as history reaches.
    pub since: Vec<Revision>,
}

/// What a commit comes to. A change that changes nothing is done already: it comes to the newest revision, whose number
/// does not rise.
pub type Committed = Result<Result<Revision, Conflict>, Error>;

/// How the store is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Whether the backend answers.
    pub connected: bool,
    /// Since when that has been so: RFC 3339, UTC.
    pub since: String,
    /// Why it does not, or last did not; holds no secret.
    pub last_error: Option<String>,
    /// The newest revision that is known here.
    pub revision: u64,
    /// That revision is from this server's own copy; the backend has not been reached since the start.
    pub from_cache: bool,
}

/// The state of a server or of a cluster. Cheap to clone; its tasks end with the last clone.
#[derive(Clone, Debug)]
pub struct Store {
    shared: Arc<Shared>,
    _tasks: Arc<JoinSet<()>>,
}

impl Store {
    /// The store in a file, made if there is none. The file belongs to one process.
    ///
    /// # Errors
    ///
    /// The file cannot be made or written, the disk is full, or the file is damaged.
    pub async fn embedded(path: &Path) -> Result<Self, Error> {
        let store = Self::start(Arc::new(SqliteKv::open(path).await?), None);
        store.shared.refresh().await?;
        Ok(store)
    }

    /// The store in etcd. While etcd is away, it starts with the last snapshot of the cache file.
    ///
    /// # Errors
    ///
    /// The options do not make sense; etcd refuses this server; it is away and there is no cache.
    pub async fn etcd(options: EtcdOptions) -> Result<Self, Error> {
        let kv = Arc::new(EtcdKv::new(&options)?);
        let store = Self::start(kv, options.cache.clone());
        let Err(error) = store.shared.refresh().await else { return Ok(store) };
        let cached = match options.cache {
            Some(path) if error.kind == ErrorKind::Unavailable => cache::load(path).await,
            _ => None,
        };
        let Some(snapshot) = cached else { return Err(error) };
        store.shared.start_from_cache(snapshot, &error);
        Ok(store)
    }

    fn start(kv: Arc<dyn Kv>, cache: Option<std::path::PathBuf>) -> Self {
        let shared = Arc::new(Shared::new(kv));
        let mut tasks = JoinSet::new();
        tasks.spawn(follow::follow(Arc::clone(&shared)));
        tasks.spawn(sweep::sweep_when_due(Arc::clone(&shared)));
        if let Some(path) = cache {
            tasks.spawn(cache::keep(path, shared.snapshots.subscribe()));
        }
        Self { shared, _tasks: Arc::new(tasks) }
    }

    /// The newest state that is known here. Never waits, and goes on while the backend is away.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.shared.snapshots.borrow().clone()
    }

    /// Tells of every new snapshot; of several that come quickly, perhaps of the last only.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Snapshot> {
        self.shared.snapshots.subscribe()
    }

    /// How the store is.
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.health()
    }

    /// What was changed, newest first: at most `limit` revisions (and never more than 1,000) before this one.
    ///
    /// # Errors
    ///
    /// The backend is away, or a record is damaged.
    pub async fn history(&self, before: Option<u64>, limit: usize) -> Result<Vec<Revision>, Error> {
        let newest = document::see(&*self.shared.kv).await?.head.revision;
        let end = before.unwrap_or(u64::MAX).min(newest.saturating_add(1));
        let limit = u64::try_from(limit.min(REV_BATCH)).unwrap_or(0);
        let mut found = self.shared.revisions(end.saturating_sub(limit).max(1)..end).await?;
        found.reverse();
        Ok(found)
    }

    /// The documents of a revision.
    ///
    /// # Errors
    ///
    /// There is no such revision, or not any more; the backend is away.
    pub async fn at(&self, revision: u64) -> Result<Documents, Error> {
        let snapshot = self.snapshot();
        if snapshot.revision == revision {
            return Ok(snapshot.documents);
        }
        if revision == 0 {
            return Ok(Documents::default());
        }
        let Some(Record { root, .. }) = document::record(&*self.shared.kv, revision).await? else {
            let text = format!(
                "there is no revision {revision} (any more): the newest is {}, and the last 1,000 are kept; \
                 choose one of the history",
                snapshot.revision
            );
            return Err(Error::new(ErrorKind::NotFound, text));
        };
        Ok(Tree::load(&*self.shared.kv, &root, &Tree::default()).await?.documents)
    }
}

#[cfg(test)]
mod tests;
