//! What outlives a change of the definitions: locks, caches and buckets. It would be a gift to an attacker, and a nuisance to
//! everybody else, if they were reset whenever an operator applies something.

use crate::failure::Failures;
use crate::jwt::remote::Remote;
use crate::limit::Limiter;
use crate::limit::Limiters;
use crate::password::{self, Passwords};
use crate::table::Key;
use crate::wss::Nonces;
use caisson_definition::model::RateLimit;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// How many addresses of key sets are remembered before those go that no definition uses.
const MAX_REMOTES: usize = 64;

/// Tells the time; tests have their own.
pub(crate) type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// Says whether a password and an argon2 hash belong together; tests count how often.
pub(crate) type Verify = Arc<dyn Fn(&str, &str) -> bool + Send + Sync>;

/// What lives as long as the process and is handed from one table of guards to the next: the cache of passwords, failures,
/// buckets, key sets, nonces.
pub struct Shared {
    key: Key,
    clock: Clock,
    pub(crate) failures: Failures,
    pub(crate) passwords: Passwords,
    pub(crate) nonces: Nonces,
    limiters: Limiters,
    remotes: Mutex<HashMap<String, Arc<Remote>>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    /// Nothing remembered yet.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Self::with(Arc::new(Instant::now), Arc::new(password::verify))
    }

    pub(crate) fn with(clock: Clock, verify: Verify) -> Arc<Self> {
        Arc::new(Self {
            key: process_key(),
            clock,
            failures: Failures::new(),
            passwords: Passwords::new(verify),
            nonces: Nonces::new(),
            limiters: Limiters::new(),
            remotes: Mutex::default(),
        })
    }

    /// The buckets of something that has a limit, e.g. `channel/orders`. The same scope and limit have the same buckets, before
    /// and after a change of definitions; another limit begins anew.
    #[must_use]
    pub fn limiter(&self, scope: &str, limit: &RateLimit) -> Arc<Limiter> {
        self.limiters.get(scope, limit, self.now())
    }

    pub(crate) fn now(&self) -> Instant {
        (self.clock)()
    }

    /// A digest that nobody can compute outside of this process. Parts cannot run into each other.
    pub(crate) fn digest(&self, parts: &[&[u8]]) -> Key {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        *hasher.finalize().as_bytes()
    }

    /// The key set at this address.
    pub(crate) fn remote(&self, url: &http::Uri) -> Arc<Remote> {
        let mut remotes = self.remotes.lock().unwrap_or_else(PoisonError::into_inner);
        if remotes.len() >= MAX_REMOTES {
            remotes.retain(|_, remote| Arc::strong_count(remote) > 1);
        }
        Arc::clone(remotes.entry(url.to_string()).or_insert_with(|| Arc::new(Remote::new(url.clone()))))
    }
}

/// A random key. Where the system has no randomness (no system that we know), hash maps' seeds have to do: what the key
/// protects never leaves the memory of this process.
pub(crate) fn process_key() -> Key {
    let mut key = [0; 32];
    if getrandom::fill(&mut key).is_ok() {
        return key;
    }
    use std::hash::{BuildHasher as _, Hasher as _, RandomState};
    let mut hasher = blake3::Hasher::new();
    for _ in 0..4 {
        hasher.update(&RandomState::new().build_hasher().finish().to_le_bytes());
    }
    *hasher.finalize().as_bytes()
}
