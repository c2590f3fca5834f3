//! Passwords: argon2id to keep them, and a cache so that a client that sends one with every request pays for it once.
//!
//! # Why the cache is safe
//!
//! Argon2 protects what is *stored*: who steals the store has to spend 19 MiB and some 20 ms on every guess. The cache is in
//! memory only, so it adds nothing to what such a thief has. It holds no password: its keys are BLAKE3 over definition, stored
//! hash, user name and password, under a random key that never leaves the process. Who can read the memory of the process has
//! that key, but then also sees passwords as they arrive. Only successes are remembered, so guessing is as slow as before, and
//! they say no more than "this was right within the last ten minutes". A changed password changes the stored hash and thereby
//! the key: what was right before is not found any more. The number of entries is bounded.
//!
//! # Why a flood is harmless
//!
//! At most half of the cores compute hashes, on threads of their own; at most [`MAX_WAITING`] attempts wait for one. More are
//! refused with 503, while clients that are in the cache do not notice.

use crate::refusal;
use crate::shared::{Shared, Verify};
use crate::table::{Kept, Key, Table};
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use caisson_capability::{Error, ErrorKind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// How long a success is remembered.
const REMEMBERED: Duration = Duration::from_secs(600);
/// How many successes are remembered.
const MAX_REMEMBERED: usize = 10_000;
/// How many attempts may wait for a thread.
const MAX_WAITING: usize = 64;
/// How a stored hash begins.
const PREFIX: &str = "$argon2id$";
/// The most that a stored hash may ask for, in KiB: a hash from elsewhere must not be able to take all memory.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
/// The most rounds that a stored hash may ask for.
const MAX_ROUNDS: u32 = 16;

/// Hashes a password for the store: a PHC string, argon2id with what OWASP recommends (19 MiB, two rounds, one lane).
/// Takes some 20 ms: call it where blocking is allowed.
///
/// # Errors
///
/// `internal` if the system has no randomness or no memory.
pub fn hash(plain: &str) -> Result<String, Error> {
    let wrong = |detail: String| {
        let text =
            "the password could not be hashed: the system gave no random bytes or no memory; try again";
        Error::new(ErrorKind::Internal, text).detail(detail)
    };
    let params = Params::new(19_456, 2, 1, None).map_err(|error| wrong(error.to_string()))?;
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| wrong(error.to_string()))?;
    let hash =
        argon.hash_password_with_salt(plain.as_bytes(), &salt).map_err(|error| wrong(error.to_string()))?;
    Ok(hash.to_string())
}

/// Whether a password and a hash from [`hash`] belong together. Takes some 20 ms: call it where blocking is allowed.
#[must_use]
pub fn verify(plain: &str, phc: &str) -> bool {
    is_hash(phc) && Argon2::default().verify_password(plain.as_bytes(), phc).is_ok()
}

/// Whether a stored password is a hash, and not the password itself.
#[must_use]
pub fn is_hash(stored: &str) -> bool {
    stored.starts_with(PREFIX)
}

/// Checks that a stored hash can be read, and does not ask for more than a login may cost.
pub(crate) fn check_hash(phc: &str) -> Result<(), String> {
    let advice = "set the password anew, in plain text";
    let parsed =
        PasswordHash::new(phc).map_err(|error| format!("is no argon2id hash ({error}); {advice}"))?;
    let params = Params::try_from(&parsed)
        .map_err(|error| format!("has parameters that argon2id has not ({error}); {advice}"))?;
    if parsed.hash.is_none() || parsed.salt.is_none() {
        return Err(format!("is an argon2id hash without its salt or result; {advice}"));
    }
    if params.m_cost() > MAX_MEMORY_KIB || params.t_cost() > MAX_ROUNDS {
        return Err(format!(
            "asks for {} KiB and {} rounds, more than the {MAX_MEMORY_KIB} KiB and {MAX_ROUNDS} rounds that a login may \
             cost; {advice}",
            params.m_cost(),
            params.t_cost()
        ));
    }
    Ok(())
}

/// When a success is forgotten.
struct Until(Instant);

impl Kept for Until {
    type Now = Instant;

    fn rank(&self, now: Instant) -> Option<u64> {
        let left = self.0.saturating_duration_since(now);
        (!left.is_zero()).then(|| u64::try_from(left.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// Checks passwords against hashes, on threads of its own, and remembers successes.
pub(crate) struct Passwords {
    verify: Verify,
    threads: Arc<Semaphore>,
    waiting: AtomicUsize,
    right: Mutex<Table<Until>>,
}

/// Counts one that waits, as long as it exists.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Passwords {
    pub(crate) fn new(verify: Verify) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            verify,
            threads: Arc::new(Semaphore::new((cores / 2).max(1))),
            waiting: AtomicUsize::new(0),
            right: Mutex::new(Table::new(MAX_REMEMBERED)),
        }
    }

    /// Where a success with these would be remembered.
    pub(crate) fn key(shared: &Shared, definition: &str, phc: &str, username: &str, password: &str) -> Key {
        let parts = [
            &b"password"[..],
            definition.as_bytes(),
            phc.as_bytes(),
            username.as_bytes(),
            password.as_bytes(),
        ];
        shared.digest(&parts)
    }

    pub(crate) fn remembers(&self, key: &Key, now: Instant) -> bool {
        let right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        right.get(key).is_some_and(|until| until.0 > now)
    }

    pub(crate) fn remember(&self, key: Key, now: Instant) {
        let mut right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        let until = now + REMEMBERED;
        right.entry(key, now, || Until(until)).0 = until;
    }

    /// Verifies a password on a thread where it may take its time.
    ///
    /// # Errors
    ///
    /// `unavailable` if too many wait already.
    ///
    /// # Cancel safety
    ///
    /// A computation that has begun goes on and keeps its thread until it ends, so that those who hang up cannot start more of
    /// them than there are threads.
    pub(crate) async fn verify(&self, password: String, phc: Arc<str>) -> Result<bool, Error> {
        let permit = match Arc::clone(&self.threads).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => self.queue().await?,
        };
        let verify = Arc::clone(&self.verify);
        let computed = tokio::task::spawn_blocking(move || {
            let right = verify(&password, &phc);
            drop(permit);
            right
        });
        computed.await.map_err(|error| {
            Error::new(ErrorKind::Internal, "the password could not be checked; try again").source(error)
        })
    }

    async fn queue(&self) -> Result<tokio::sync::OwnedSemaphorePermit, Error> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if before >= MAX_WAITING {
            return Err(refusal::busy());
        }
        Arc::clone(&self.threads).acquire_owned().await.map_err(|_closed| refusal::busy())
    }
}

#[cfg(test)]
mod tests;
