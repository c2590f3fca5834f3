//! Rate limits: token buckets, counted by each node for itself.
//!
//! A bucket is one number: when it will be full again (the generic cell rate algorithm). The header fields are those of
//! draft-ietf-httpapi-ratelimit-headers-06: `RateLimit-Limit`, `RateLimit-Remaining`, `RateLimit-Reset`.

use crate::address::with_block_bytes;
use crate::table::{Kept, Key, Table};
use caisson_capability::{Error, ErrorKind, Fault, Field};
use caisson_definition::model::{RateBy, RateLimit};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So that requests of different callers seldom wait for one another.
const SHARDS: usize = 16;
/// How many buckets one limit has at most. Full ones are forgotten first, which changes nothing.
const MAX_BUCKETS: usize = 100_000;
/// How many limits are remembered before those go that nothing uses.
const MAX_LIMITERS: usize = 1_024;
const NANOS: u64 = 1_000_000_000;

/// What is left after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// How many may come at once.
    pub limit: u32,
    /// How many may still come now.
    pub remaining: u32,
    /// When all of `limit` may come again.
    pub reset_secs: u64,
}

impl Taken {
    /// The header fields that tell a caller.
    #[must_use]
    pub fn headers(&self) -> [Field; 3] {
        [
            ("RateLimit-Limit".to_owned(), self.limit.to_string()),
            ("RateLimit-Remaining".to_owned(), self.remaining.to_string()),
            ("RateLimit-Reset".to_owned(), self.reset_secs.to_string()),
        ]
    }
}

/// When the bucket is full again, in nanoseconds since the limiter was made.
struct Bucket(u64);

impl Kept for Bucket {
    type Now = u64;

    fn rank(&self, now: u64) -> Option<u64> {
        (self.0 > now).then_some(self.0)
    }
}

/// The buckets of one limit.
pub struct Limiter {
    key: Key,
    began: Instant,
    by: RateBy,
    burst: u32,
    /// Nanoseconds that one request costs.
    cost: u64,
    shards: Vec<Mutex<Table<Bucket>>>,
}

impl std::fmt::Debug for Limiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limiter").field("by", &self.by).field("burst", &self.burst).finish_non_exhaustive()
    }
}

impl Limiter {
    /// All buckets full. [`Shared::limiter`](crate::Shared::limiter) makes one that outlives a change of definitions.
    #[must_use]
    pub fn new(limit: &RateLimit) -> Self {
        Self::at(limit, Instant::now())
    }

    pub(crate) fn at(limit: &RateLimit, now: Instant) -> Self {
        let requests = u64::from(limit.rate.requests.max(1));
        Self {
            key: crate::shared::process_key(),
            began: now,
            by: limit.by,
            burst: limit.burst.unwrap_or(limit.rate.requests).max(1),
            cost: (u64::from(limit.rate.seconds) * NANOS / requests).max(1),
            shards: (0..SHARDS).map(|_| Mutex::new(Table::new(MAX_BUCKETS / SHARDS))).collect(),
        }
    }

    /// Whose requests are counted together, and thereby what to [`take`](Self::take) by.
    #[must_use]
    pub fn by(&self) -> RateBy {
        self.by
    }

    /// Takes from the bucket with this name: of a caller, or empty where there is only one bucket.
    ///
    /// # Errors
    ///
    /// `quota-exceeded`, the caller's fault, with `retry_after` and the header fields, if the bucket is empty. Nothing is taken
    /// then.
    pub fn take(&self, key: &str, now: Instant) -> Result<Taken, Error> {
        self.take_bytes(*b"name", key.as_bytes(), now)
    }

    /// Takes from the bucket of an address; IPv6 addresses of one /64 have one together, and so have all that are unknown.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    pub fn take_address(&self, peer: Option<IpAddr>, now: Instant) -> Result<Taken, Error> {
        with_block_bytes(peer, |block| self.take_bytes(*b"addr", block, now))
    }

    /// Takes from the bucket that the limit is about: of the address, of the caller, or the only one. A caller that is unknown is
    /// counted by address.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    pub fn take_for(
        &self,
        peer: Option<IpAddr>,
        principal: Option<&str>,
        now: Instant,
    ) -> Result<Taken, Error> {
        match (self.by, principal) {
            (RateBy::Channel, _) => self.take("", now),
            (RateBy::Principal, Some(name)) => self.take(name, now),
            (RateBy::Principal, None) | (RateBy::Address, _) => self.take_address(peer, now),
        }
    }

    fn take_bytes(&self, kind: [u8; 4], bytes: &[u8], now: Instant) -> Result<Taken, Error> {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&kind).update(bytes);
        let key = *hasher.finalize().as_bytes();
        let shard = usize::from(key.first().copied().unwrap_or(0)) % SHARDS;
        let now = u64::try_from(now.saturating_duration_since(self.began).as_nanos()).unwrap_or(u64::MAX);
        let Some(shard) = self.shards.get(shard) else {
            return Err(Error::new(ErrorKind::Internal, "a rate limit has no buckets; report this as a bug"));
        };
        let mut buckets = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(key, now, || Bucket(now));
        self.pour(bucket, now)
    }

    fn pour(&self, bucket: &mut Bucket, now: u64) -> Result<Taken, Error> {
        let full = self.cost.saturating_mul(u64::from(self.burst));
        let wanted = bucket.0.max(now).saturating_add(self.cost);
        let debt = wanted.saturating_sub(now);
        if debt > full {
            return Err(self.refused(debt - full, bucket.0.saturating_sub(now)));
        }
        bucket.0 = wanted;
        let remaining = u32::try_from((full - debt) / self.cost).unwrap_or(u32::MAX).min(self.burst);
        Ok(Taken { limit: self.burst, remaining, reset_secs: debt.div_ceil(NANOS) })
    }

    fn refused(&self, wait: u64, until_full: u64) -> Error {
        let taken = Taken { limit: self.burst, remaining: 0, reset_secs: until_full.div_ceil(NANOS) };
        let mut error = Error::new(ErrorKind::QuotaExceeded, "Too many requests")
            .fault(Fault::Caller)
            .detail("a rate limit was reached")
            .retry_after(Duration::from_nanos(wait));
        error.headers.extend(taken.headers());
        error
    }
}

/// Limiters by scope and limit.
pub(crate) struct Limiters(Mutex<HashMap<Scope, Arc<Limiter>>>);

/// Name of what is limited, and the limit: requests, seconds, burst, by.
type Scope = (String, u32, u32, Option<u32>, RateBy);

impl Limiters {
    pub(crate) fn new() -> Self {
        Self(Mutex::default())
    }

    pub(crate) fn get(&self, scope: &str, limit: &RateLimit, now: Instant) -> Arc<Limiter> {
        let scope = (scope.to_owned(), limit.rate.requests, limit.rate.seconds, limit.burst, limit.by);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_LIMITERS && !all.contains_key(&scope) {
            all.retain(|_, limiter| Arc::strong_count(limiter) > 1);
        }
        Arc::clone(all.entry(scope).or_insert_with(|| Arc::new(Limiter::at(limit, now))))
    }
}

#[cfg(test)]
mod tests;
