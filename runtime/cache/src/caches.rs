//! All caches of a server.

use crate::cache::Cache;
use crate::entry::Now;
use crate::space::Space;
use crate::which::Choice;
use crate::{Entry, MAX_VALUE, Parts, Refused, Which, Write};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Of a namespace, the part of all memory that it may take: one over this.
const SHARE: usize = 4;

/// All caches of a server. Namespaces do not see each other; of the memory, each may take a quarter.
#[derive(Debug)]
pub struct Caches {
    spaces: Mutex<HashMap<Arc<str>, Arc<Cell>>>,
    budget: usize,
    clock: AtomicU64,
}

#[derive(Debug, Default)]
struct Cell {
    space: Mutex<Space>,
    /// Of the last use, and of all of it.
    used: AtomicU64,
    bytes: AtomicUsize,
}

impl Cell {
    fn lock(&self) -> MutexGuard<'_, Space> {
        self.space.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Caches {
    fn default() -> Self {
        Self::new(256 << 20)
    }
}

impl Caches {
    /// Caches that take about so many bytes together.
    #[must_use]
    pub fn new(budget: usize) -> Self {
        // One value has to fit into a share, whatever was asked for.
        Self { spaces: Mutex::default(), budget: budget.max(2 * SHARE * MAX_VALUE), clock: AtomicU64::new(0) }
    }

    /// Entries, most recently used first; those of keys in their order. Counts as reading unless only keys are asked for. A `limit`
    /// of 0 is none.
    ///
    /// # Errors
    ///
    /// Texts that are too long, an expression that cannot be used, an answer that is too large.
    pub fn get(
        &self,
        space: &str,
        cache: &str,
        which: &Which,
        limit: u32,
        parts: Parts,
    ) -> Result<Vec<Entry>, Refused> {
        self.run(space, cache, which, |cache, choice, now| cache.get(choice, most(limit), parts, now))
    }

    /// Writes a value under each of the keys, or over all entries that are meant. Answers what was there before.
    ///
    /// # Errors
    ///
    /// As [`Caches::get`]; a value or key that is too large.
    pub fn put(
        &self,
        space: &str,
        cache: &str,
        which: &Which,
        limit: u32,
        write: &Write,
        parts: Parts,
    ) -> Result<Vec<Entry>, Refused> {
        if write.value.len() > MAX_VALUE {
            let given = write.value.len();
            return Err(Refused::Unfit(format!(
                "a value has at most {MAX_VALUE} bytes, this one has {given}"
            )));
        }
        self.run(space, cache, which, |cache, choice, now| cache.put(choice, most(limit), write, parts, now))
    }

    /// Takes entries out, and answers them.
    ///
    /// # Errors
    ///
    /// As [`Caches::get`].
    pub fn delete(
        &self,
        space: &str,
        cache: &str,
        which: &Which,
        limit: u32,
        parts: Parts,
    ) -> Result<Vec<Entry>, Refused> {
        self.run(space, cache, which, |cache, choice, now| cache.delete(choice, most(limit), parts, now))
    }

    /// Lets entries end after a time from now, and answers them. Zero is no end.
    ///
    /// # Errors
    ///
    /// As [`Caches::get`].
    pub fn expire(
        &self,
        space: &str,
        cache: &str,
        which: &Which,
        limit: u32,
        expiry: Duration,
        parts: Parts,
    ) -> Result<Vec<Entry>, Refused> {
        self.run(space, cache, which, |cache, choice, now| {
            cache.expire(choice, most(limit), expiry, parts, now)
        })
    }

    /// How many entries a cache has.
    ///
    /// # Errors
    ///
    /// A name that is too long, too many caches.
    pub fn count(&self, space: &str, cache: &str) -> Result<u32, Refused> {
        let count = self.run(space, cache, &Which::All, |cache, _, now| Ok(cache.count(now)))?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Bytes that all of them take, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.lock().values().map(|cell| cell.bytes.load(Relaxed)).sum()
    }

    fn run<T>(
        &self,
        space: &str,
        cache: &str,
        which: &Which,
        act: impl FnOnce(&mut Cache, &Choice<'_>, Now) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        let choice = which.choice()?;
        let cell = self.cell(space);
        let now = Now::read();
        let mut open = cell.lock();
        let done = act(open.cache(cache)?, &choice, now);
        open.shrink(self.budget / SHARE, now);
        cell.bytes.store(open.bytes(), Relaxed);
        drop(open);
        self.make_room(&cell);
        done
    }

    fn cell(&self, space: &str) -> Arc<Cell> {
        let mut spaces = self.lock();
        let cell = match spaces.get(space) {
            Some(cell) => Arc::clone(cell),
            None => Arc::clone(spaces.entry(space.into()).or_default()),
        };
        cell.used.store(self.clock.fetch_add(1, Relaxed), Relaxed);
        cell
    }

    /// Empties the namespaces that were used least recently, until all fit.
    fn make_room(&self, own: &Arc<Cell>) {
        if self.bytes() <= self.budget {
            return;
        }
        let mut others: Vec<Arc<Cell>> = self.lock().values().cloned().collect();
        others.retain(|cell| !Arc::ptr_eq(cell, own));
        others.sort_by_key(|cell| cell.used.load(Relaxed));
        for cell in others {
            if self.bytes() <= self.budget {
                return;
            }
            let mut open = cell.lock();
            *open = Space::default();
            cell.bytes.store(0, Relaxed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Cell>>> {
        self.spaces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn most(limit: u32) -> usize {
    if limit == 0 { usize::MAX } else { usize::try_from(limit).unwrap_or(usize::MAX) }
}
