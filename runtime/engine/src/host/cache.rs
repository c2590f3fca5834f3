//! Caches: the bindings' types to those of `caisson_cache` and back.

use super::Host;
use crate::bindings::cache::{self, Condition, Entry, Parts, Which};
use caisson_cache::Refused;
use caisson_capability::{Error, ErrorKind};
use caisson_host::{error, types};
use std::time::Duration;

impl cache::Host for Host {
    fn get(
        &mut self,
        cache: String,
        which: Which,
        limit: u32,
        parts: Parts,
    ) -> Result<Vec<Entry>, types::Error> {
        let scope = self.cache_scope()?;
        let found = self.outside.caches.get(&scope, &cache, &chosen(which), limit, wanted(parts));
        told(found)
    }

    fn put(
        &mut self,
        cache: String,
        which: Which,
        limit: u32,
        value: Vec<u8>,
        expiry_ms: u64,
        condition: Condition,
        parts: Parts,
    ) -> Result<Vec<Entry>, types::Error> {
        let scope = self.cache_scope()?;
        let write = caisson_cache::Write {
            value: value.into(),
            expiry: Duration::from_millis(expiry_ms),
            condition: match condition {
                Condition::Always => caisson_cache::Condition::Always,
                Condition::IfAbsent => caisson_cache::Condition::IfAbsent,
                Condition::IfPresent => caisson_cache::Condition::IfPresent,
            },
        };
        let before = self.outside.caches.put(&scope, &cache, &chosen(which), limit, &write, wanted(parts));
        told(before)
    }

    fn delete(
        &mut self,
        cache: String,
        which: Which,
        limit: u32,
        parts: Parts,
    ) -> Result<Vec<Entry>, types::Error> {
        let scope = self.cache_scope()?;
        let gone = self.outside.caches.delete(&scope, &cache, &chosen(which), limit, wanted(parts));
        told(gone)
    }

    fn expire(
        &mut self,
        cache: String,
        which: Which,
        limit: u32,
        expiry_ms: u64,
        parts: Parts,
    ) -> Result<Vec<Entry>, types::Error> {
        let scope = self.cache_scope()?;
        let expiry = Duration::from_millis(expiry_ms);
        let meant = self.outside.caches.expire(&scope, &cache, &chosen(which), limit, expiry, wanted(parts));
        told(meant)
    }

    fn count(&mut self, cache: String) -> Result<u32, types::Error> {
        let scope = self.cache_scope()?;
        self.outside.caches.count(&scope, &cache).map_err(refused)
    }
}

impl Host {
    /// What is loaded has an image that outlives all caches: it would keep what it has read for ever.
    fn cache_scope(&self) -> Result<std::sync::Arc<str>, types::Error> {
        if self.call.is_some() {
            return Ok(self.scope());
        }
        let text = "caches can be used while a message is handled, not while a module loads";
        Err(error(Error::new(ErrorKind::InvalidInput, text)))
    }
}

fn chosen(which: Which) -> caisson_cache::Which {
    use caisson_cache::Which as To;
    match which {
        Which::All => To::All,
        Which::Keys(keys) => To::Keys(keys),
        Which::Prefix(text) => To::Prefix(text),
        Which::Suffix(text) => To::Suffix(text),
        Which::Contains(text) => To::Contains(text),
        Which::NotContains(text) => To::NotContains(text),
        Which::ContainsAll(texts) => To::ContainsAll(texts),
        Which::ContainsAny(texts) => To::ContainsAny(texts),
        Which::Regex(pattern) => To::Regex(pattern),
    }
}

fn wanted(parts: Parts) -> caisson_cache::Parts {
    match parts {
        Parts::Keys => caisson_cache::Parts::Keys,
        Parts::Values => caisson_cache::Parts::Values,
        Parts::Details => caisson_cache::Parts::Details,
    }
}

fn told(entries: Result<Vec<caisson_cache::Entry>, Refused>) -> Result<Vec<Entry>, types::Error> {
    let entry = |entry: caisson_cache::Entry| Entry {
        key: entry.key,
        value: entry.value.into(),
        position: entry.position,
        hits: entry.hits,
        expiry_ms: entry.expiry_ms,
        expires_at: entry.expires_at,
        last_read: entry.last_read,
        prev_read: entry.prev_read,
        last_write: entry.last_write,
        prev_write: entry.prev_write,
    };
    entries.map(|entries| entries.into_iter().map(entry).collect()).map_err(refused)
}

fn refused(refused: Refused) -> types::Error {
    let kind = match refused {
        Refused::Unfit(_) => ErrorKind::InvalidInput,
        Refused::TooMuch(_) => ErrorKind::QuotaExceeded,
    };
    error(Error::new(kind, refused.to_string()))
}
