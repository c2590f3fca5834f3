//! Who else is there: each server registers under a lease, and goes when the lease does.

use super::follow::{Shared, now};
use super::{Store, tree};
use crate::kv::{Outcome, Put, Txn};
use crate::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

pub(super) const TTL: Duration = Duration::from_secs(10);
pub(super) const BEAT: Duration = Duration::from_secs(3);
/// How long a server that goes may take to say so.
pub(super) const FAREWELL: Duration = Duration::from_secs(2);
const MEMBERS: &str = "member/";

/// A server, as it introduces itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name, which no other has.
    pub node: String,
    /// Address of its channels.
    pub listen: String,
    /// Address of its admin API.
    pub admin: String,
    /// Its version.
    pub version: String,
}

/// A server, as others see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberStatus {
    /// Its name.
    pub node: String,
    /// Address of its channels.
    pub listen: String,
    /// Address of its admin API.
    pub admin: String,
    /// Its version.
    pub version: String,
    /// The newest revision that it knows.
    pub revision: u64,
    /// When it came: RFC 3339, UTC.
    pub joined_at: String,
}

/// Dropped, the server is no member any more.
#[derive(Debug)]
pub struct Membership {
    ended: DropGuard,
    task: JoinHandle<()>,
}

impl Membership {
    /// Leaves, and waits until others can see it, for two seconds at most.
    pub async fn leave(self) {
        let Self { ended, task } = self;
        drop(ended);
        // It ends by itself, and has nothing to say.
        task.await.ok();
    }
}

impl Store {
    /// Makes this server a member, now or as soon as the backend can be reached, and for as long as the answer is kept.
    pub fn join(&self, member: Member) -> Membership {
        let ended = CancellationToken::new();
        let task = tokio::spawn(stay(Arc::clone(&self.shared), member, ended.clone()));
        Membership { ended: ended.drop_guard(), task }
    }

    /// All members, sorted by name.
    ///
    /// # Errors
    ///
    /// The backend is away.
    pub async fn members(&self) -> Result<Vec<MemberStatus>, Error> {
        let entries = self.shared.kv.list(MEMBERS.to_owned(), false).await?;
        // A newer version may write what this one cannot read; the others are worth seeing nevertheless.
        Ok(entries.iter().filter_map(|entry| serde_json::from_slice(&entry.value).ok()).collect())
    }
}

async fn stay(shared: Arc<Shared>, member: Member, ended: CancellationToken) {
    let joined_at = now();
    let mut lease = None;
    let mut snapshots = shared.snapshots.subscribe();
    loop {
        let revision = snapshots.borrow_and_update().revision;
        let Member { node, listen, admin, version } = member.clone();
        let status = MemberStatus { node, listen, admin, version, revision, joined_at: joined_at.clone() };
        let beat = async {
            if let Err(error) = register(&shared, &status, &mut lease).await {
                tracing::debug!(%error, "this server cannot register as a member; it tries again");
            }
        };
        tokio::select! {
            () = beat => {}
            () = ended.cancelled() => break,
        }
        tokio::select! {
            () = tokio::time::sleep(BEAT) => {}
            _ = snapshots.changed() => {}
            () = ended.cancelled() => break,
        }
    }
    if let Some(lease) = lease {
        tokio::time::timeout(FAREWELL, shared.kv.revoke(lease)).await.ok();
    }
}

async fn register(shared: &Shared, status: &MemberStatus, lease: &mut Option<i64>) -> Result<(), Error> {
    let alive = match *lease {
        Some(id) => shared.kv.keep_alive(id).await?.then_some(id),
        None => None,
    };
    let id = match alive {
        Some(id) => id,
        None => shared.kv.grant(TTL).await?,
    };
    *lease = Some(id);
    let value = serde_json::to_vec(status).map_err(tree::encoding)?;
    let put = Put { lease: Some(id), ..Put::new(format!("{MEMBERS}{}", status.node), value) };
    match shared.kv.txn(Txn { puts: vec![put], ..Txn::default() }).await? {
        Outcome::Done => Ok(()),
        Outcome::Refused => {
            Err(Error::new(ErrorKind::Conflict, "an unconditional write was refused; try again"))
        }
        Outcome::Unknown(error) => Err(error),
    }
}
