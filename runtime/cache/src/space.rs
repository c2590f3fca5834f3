//! The caches of one namespace, and the memory that they share.

use crate::cache::Cache;
use crate::entry::Now;
use crate::{MAX_CACHES, MAX_NAME, Refused};
use std::collections::HashMap;

#[derive(Debug, Default)]
pub(crate) struct Space {
    caches: HashMap<String, Cache>,
}

impl Space {
    /// The cache of this name, made if there is none.
    pub(crate) fn cache(&mut self, name: &str) -> Result<&mut Cache, Refused> {
        if name.is_empty() || name.len() > MAX_NAME {
            let given = name.len();
            return Err(Refused::Unfit(format!(
                "the name of a cache has 1 to {MAX_NAME} bytes, this one has {given}"
            )));
        }
        if !self.caches.contains_key(name) && self.caches.len() >= MAX_CACHES {
            self.caches.retain(|_, cache| cache.bytes > 0);
            if self.caches.len() >= MAX_CACHES {
                return Err(Refused::TooMuch(format!(
                    "there are {MAX_CACHES} caches already: use fewer names, and keys with prefixes"
                )));
            }
        }
        Ok(self.caches.entry(name.to_owned()).or_default())
    }

    pub(crate) fn bytes(&self) -> usize {
        self.caches.values().map(|cache| cache.bytes).sum()
    }

    /// Forgets entries until no more than so many bytes are left: first what has ended, then what was used least recently in the
    /// cache that is the largest.
    pub(crate) fn shrink(&mut self, most: usize, now: Now) {
        if self.bytes() <= most {
            return;
        }
        self.caches.values_mut().for_each(|cache| cache.sweep(now));
        while self.bytes() > most {
            let largest = self.caches.values_mut().max_by_key(|cache| cache.bytes);
            if !largest.is_some_and(Cache::evict) {
                return;
            }
        }
    }
}
