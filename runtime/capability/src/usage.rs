//! What services did with connections: counted for every use, and told to a witness for every refusal.

use crate::{Cid, Error, ErrorKind};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// Who used what for what.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UsageKey {
    /// The service.
    pub service: Arc<str>,
    /// The connection.
    pub connection: Arc<str>,
    /// The capability that the connection is of.
    pub capability: &'static str,
    /// The operation.
    pub operation: &'static str,
}

/// How a use ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was done.
    Ok,
    /// No grant allows it.
    Refused,
    /// No grant allows it, and it was let through all the same (`enforcement: observe`). It is counted once more when it ends.
    Observed,
    /// A limit of the connection was reached, or its breaker is open.
    Limited,
    /// The deadline passed.
    Timeout,
    /// The caller gave up.
    Cancelled,
    /// Whatever else went wrong.
    Failed,
}

impl Outcome {
    /// All of them, in the order of [`Counts::outcomes`].
    pub const ALL: [Self; 7] = [
        Self::Ok,
        Self::Refused,
        Self::Observed,
        Self::Limited,
        Self::Timeout,
        Self::Cancelled,
        Self::Failed,
    ];

    /// The name used in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Observed => "observed",
            Self::Limited => "limited",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    pub(crate) fn of(error: &Error) -> Self {
        match error.kind {
            ErrorKind::Timeout => Self::Timeout,
            ErrorKind::Cancelled => Self::Cancelled,
            ErrorKind::QuotaExceeded => Self::Limited,
            _ => Self::Failed,
        }
    }
}

/// Numbers of one key. They only grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How often each outcome was, in the order of [`Outcome::ALL`].
    pub outcomes: [u64; 7],
    /// Bytes that went out.
    pub sent_bytes: u64,
    /// Bytes that came back.
    pub received_bytes: u64,
    /// Time that calls took, waiting included.
    pub duration: Duration,
    /// Attempts after the first one.
    pub retries: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Cells {
    outcomes: [AtomicU64; 7],
    pub(crate) sent: AtomicU64,
    pub(crate) received: AtomicU64,
    nanos: AtomicU64,
    pub(crate) retries: AtomicU64,
}

impl Cells {
    pub(crate) fn count(&self, outcome: Outcome) {
        let place = Outcome::ALL.iter().position(|one| *one == outcome);
        if let Some(cell) = place.and_then(|place| self.outcomes.get(place)) {
            cell.fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn took(&self, duration: Duration) {
        self.nanos.fetch_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    fn counts(&self) -> Counts {
        Counts {
            outcomes: std::array::from_fn(|place| {
                self.outcomes.get(place).map_or(0, |cell| cell.load(Relaxed))
            }),
            sent_bytes: self.sent.load(Relaxed),
            received_bytes: self.received.load(Relaxed),
            duration: Duration::from_nanos(self.nanos.load(Relaxed)),
            retries: self.retries.load(Relaxed),
        }
    }
}

/// All uses since the server started.
#[derive(Debug, Default)]
pub struct Usage(RwLock<HashMap<UsageKey, Arc<Cells>, RandomState>>);

impl Usage {
    pub(crate) fn cells(&self, key: UsageKey) -> Arc<Cells> {
        if let Some(cells) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(cells);
        }
        Arc::clone(self.0.write().unwrap_or_else(PoisonError::into_inner).entry(key).or_default())
    }

    /// The numbers of all keys, sorted.
    #[must_use]
    pub fn all(&self) -> Vec<(UsageKey, Counts)> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = table.iter().map(|(key, cells)| (key.clone(), cells.counts())).collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all
    }
}

/// A use that no grant allows.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The correlation id of the invocation.
    pub cid: Cid,
    /// Who wanted what for what.
    pub key: UsageKey,
    /// The caller whose message the service was answering, if known.
    pub principal: Option<Arc<str>>,
    /// What was beyond the grants, when the operation itself is granted: a key of Redis.
    pub detail: Option<String>,
    /// It was let through all the same.
    pub observed: bool,
}

/// Is told what has to be kept. It must not wait.
pub trait Witness: Send + Sync + 'static {
    /// A service wanted what no grant allows.
    fn refused(&self, refusal: &Refusal);
}

/// Keeps nothing.
impl Witness for () {
    fn refused(&self, _: &Refusal) {}
}
