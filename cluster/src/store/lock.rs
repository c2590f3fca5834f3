//! Named locks: one holder at a time among all servers, for a time that ends by itself.
//!
//! Those who wait on one server stand in a queue of its own, and only the first of them asks the backend: however many wait, a lock
//! costs a few requests. A backend that belongs to one process is not asked at all.

use super::Store;
use super::follow::{Shared, now};
use super::member::FAREWELL;
use crate::Error;
use crate::kv::{Compare, Kv, Outcome, Put, Txn};
use futures_util::StreamExt as _;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Names that are kept before those that nobody uses any more are looked for.
const FEW: usize = 64;

/// A lock that is held. Dropped, it is given back at once; when its time is over, it is given back by itself.
#[derive(Debug)]
pub struct Lock {
    until: Instant,
    ended: DropGuard,
    given_back: JoinHandle<()>,
}

impl Lock {
    fn hold(place: OwnedMutexGuard<()>, until: Instant, lease: Option<(Arc<dyn Kv>, i64)>) -> Self {
        let ended = CancellationToken::new();
        let told = ended.clone();
        let given_back = tokio::spawn(async move {
            tokio::select! {
                () = told.cancelled() => {}
                () = sleep_until(until) => {}
            }
            if let Some((kv, lease)) = lease {
                // If it cannot be told now, the lease ends by itself.
                timeout(FAREWELL, kv.revoke(lease)).await.ok();
            }
            drop(place);
        });
        Self { until, ended: ended.drop_guard(), given_back }
    }

    /// Whether its time is not over yet.
    #[must_use]
    pub fn is_held(&self) -> bool {
        Instant::now() < self.until
    }

    /// Gives it back. `false`: its time was over before, and somebody else may have held it meanwhile.
    ///
    /// # Cancel safety
    ///
    /// It is given back all the same.
    pub async fn release(self) -> bool {
        let held = self.is_held();
        drop(self.ended);
        // Nothing is left to do if the task has ended with the runtime.
        self.given_back.await.ok();
        held
    }
}

/// The queues of those on this server who want a lock.
#[derive(Debug, Default)]
pub(crate) struct Queues(Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>);

impl Queues {
    fn of(&self, name: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = known.get(name).and_then(Weak::upgrade) {
            return queue;
        }
        if known.len() >= FEW && known.len() == known.capacity() {
            known.retain(|_, queue| queue.strong_count() > 0);
        }
        let queue = Arc::default();
        known.insert(name.to_owned(), Arc::downgrade(&queue));
        queue
    }
}

impl Store {
    /// Takes the lock of this name among all servers, waiting for it if need be. `None`: it could not be had in time. After `ttl` it is
    /// given back by itself, also if this server has died; a lease of etcd lasts whole seconds, at least two.
    ///
    /// # Errors
    ///
    /// The backend is away.
    ///
    /// # Cancel safety
    ///
    /// Dropped, nothing is held.
    pub async fn lock(&self, name: &str, ttl: Duration, wait: Duration) -> Result<Option<Lock>, Error> {
        let (shared, give_up) = (&*self.shared, Instant::now() + wait);
        loop {
            let place = shared.locks.of(name).lock_owned();
            let Ok(place) = timeout_at(give_up, place).await else { return Ok(None) };
            if !shared.kv.is_shared() {
                return Ok(Some(Lock::hold(place, Instant::now() + ttl, None)));
            }
            // Of a fixed length, so that no key is the beginning of another one.
            let key = format!("lock/{}", blake3::hash(name.as_bytes()).to_hex());
            if !free(shared, &key, give_up).await? {
                return Ok(None);
            }
            if let Some(lock) = take(shared, key, name, ttl, place).await? {
                return Ok(Some(lock));
            }
        }
    }
}

/// Waits until nobody holds the key; `false`: that did not happen in time.
async fn free(shared: &Shared, key: &str, give_up: Instant) -> Result<bool, Error> {
    let mut changes = None;
    while !shared.kv.get(vec![key.to_owned()]).await?.is_empty() {
        // The first signal comes as soon as the watch is open, so nothing is missed between it and the look before.
        let changes = changes.get_or_insert_with(|| shared.kv.watch(key.to_owned()));
        if timeout_at(give_up, changes.next()).await.is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Takes the key, which was free a moment ago; `None`: another server was quicker.
async fn take(
    shared: &Shared,
    key: String,
    name: &str,
    ttl: Duration,
    place: OwnedMutexGuard<()>,
) -> Result<Option<Lock>, Error> {
    // From before the lease was granted: it lasts at least that long.
    let until = Instant::now() + ttl;
    let seconds = Duration::from_secs(ttl.as_secs().saturating_add(u64::from(ttl.subsec_nanos() > 0)));
    let lease = shared.kv.grant(seconds).await?;
    // Before the key is written: whatever happens from here on, the lease goes with the lock.
    let lock = Lock::hold(place, until, Some((Arc::clone(&shared.kv), lease)));
    // The value is for people who look into the store.
    let value = format!("{name}\n{}", now());
    let put = Put { lease: Some(lease), ..Put::new(key.clone(), value) };
    let compares = vec![Compare { key, version: None }];
    match shared.kv.txn(Txn { compares, puts: vec![put], deletes: Vec::new() }).await? {
        Outcome::Done => Ok(Some(lock)),
        Outcome::Refused => {
            lock.release().await;
            Ok(None)
        }
        Outcome::Unknown(error) => Err(error),
    }
}
