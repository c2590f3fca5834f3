//! One cache: entries by key, and the order in which they were used.

use crate::entry::{Now, millis};
use crate::which::Choice;
use crate::{Condition, Entry, MAX_ANSWER, MAX_ENTRIES, MAX_KEY, Parts, Refused, Write};
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What an entry takes beside its key and value, about.
const OVERHEAD: usize = 256;

#[derive(Debug, Default)]
pub(crate) struct Cache {
    entries: HashMap<Arc<str>, Slot>,
    /// By the count of uses; the last one was used last.
    order: BTreeMap<u64, Arc<str>>,
    uses: u64,
    /// Of all entries.
    pub(crate) bytes: usize,
}

#[derive(Clone, Debug, Default)]
struct Slot {
    value: Bytes,
    used: u64,
    hits: u64,
    expiry: Duration,
    ends: Option<Instant>,
    expires_at: u64,
    last_read: u64,
    prev_read: u64,
    last_write: u64,
    prev_write: u64,
}

impl Slot {
    fn has_ended(&self, now: Now) -> bool {
        self.ends.is_some_and(|ends| ends <= now.at)
    }

    /// Ends after this time from now.
    fn end_after(&mut self, expiry: Duration, now: Now) {
        self.expiry = expiry;
        // A time beyond all clocks is no end.
        self.ends =
            Some(expiry).filter(|expiry| !expiry.is_zero()).and_then(|expiry| now.at.checked_add(expiry));
        self.expires_at = self.ends.map_or(0, |_| now.millis.saturating_add(millis(expiry)));
    }

    fn told(&self, key: &str, parts: Parts) -> Entry {
        Entry {
            key: key.to_owned(),
            value: if parts == Parts::Keys { Bytes::new() } else { self.value.clone() },
            position: 0,
            hits: self.hits,
            expiry_ms: millis(self.expiry),
            expires_at: self.expires_at,
            last_read: self.last_read,
            prev_read: self.prev_read,
            last_write: self.last_write,
            prev_write: self.prev_write,
        }
    }
}

fn size(key: &str, value: &Bytes) -> usize {
    key.len().saturating_add(value.len()).saturating_add(OVERHEAD)
}

impl Cache {
    pub(crate) fn get(
        &mut self,
        choice: &Choice<'_>,
        limit: usize,
        parts: Parts,
        now: Now,
    ) -> Result<Vec<Entry>, Refused> {
        let keys = self.choose(choice, limit, now);
        self.bound(&keys, parts)?;
        // As they were before this call, which changes their order.
        let positions = if parts == Parts::Details { self.positions() } else { HashMap::new() };
        // The first one is the most recent, and stays that.
        let mut found = Vec::with_capacity(keys.len());
        for key in keys.iter().rev() {
            if parts != Parts::Keys {
                self.read(key, now);
            }
            let told = self.entries.get(key).map(|slot| slot.told(key, parts));
            found.extend(
                told.map(|told| Entry { position: positions.get(key).copied().unwrap_or(0), ..told }),
            );
        }
        found.reverse();
        Ok(found)
    }

    pub(crate) fn put(
        &mut self,
        choice: &Choice<'_>,
        limit: usize,
        write: &Write,
        parts: Parts,
        now: Now,
    ) -> Result<Vec<Entry>, Refused> {
        let present = self.choose(choice, limit, now);
        self.bound(&present, parts)?;
        let before = self.tell(&present, parts);
        let keys: Vec<Arc<str>> = match choice {
            Choice::Keys(keys) => keys.iter().take(limit).map(|key| key.as_str().into()).collect(),
            Choice::Matching(_) => present,
        };
        if let Some(key) = keys.iter().find(|key| key.is_empty() || key.len() > MAX_KEY) {
            let given = key.len();
            return Err(Refused::Unfit(format!("a key has 1 to {MAX_KEY} bytes, this one has {given}")));
        }
        for key in keys {
            let wanted = match write.condition {
                Condition::Always => true,
                Condition::IfAbsent => !self.entries.contains_key(&key),
                Condition::IfPresent => self.entries.contains_key(&key),
            };
            if wanted {
                self.write(key, write, now);
            }
        }
        while self.entries.len() > MAX_ENTRIES && self.evict() {}
        Ok(before)
    }

    pub(crate) fn delete(
        &mut self,
        choice: &Choice<'_>,
        limit: usize,
        parts: Parts,
        now: Now,
    ) -> Result<Vec<Entry>, Refused> {
        let keys = self.choose(choice, limit, now);
        self.bound(&keys, parts)?;
        let gone = self.tell(&keys, parts);
        for key in &keys {
            self.remove(key);
        }
        Ok(gone)
    }

    pub(crate) fn expire(
        &mut self,
        choice: &Choice<'_>,
        limit: usize,
        expiry: Duration,
        parts: Parts,
        now: Now,
    ) -> Result<Vec<Entry>, Refused> {
        let keys = self.choose(choice, limit, now);
        self.bound(&keys, parts)?;
        for key in &keys {
            if let Some(slot) = self.entries.get_mut(key) {
                slot.end_after(expiry, now);
            }
        }
        Ok(self.tell(&keys, parts))
    }

    pub(crate) fn count(&mut self, now: Now) -> usize {
        self.sweep(now);
        self.entries.len()
    }

    /// Takes out what has ended.
    pub(crate) fn sweep(&mut self, now: Now) {
        let ended: Vec<Arc<str>> = self
            .entries
            .iter()
            .filter(|(_, slot)| slot.has_ended(now))
            .map(|(key, _)| Arc::clone(key))
            .collect();
        for key in ended {
            self.remove(&key);
        }
    }

    /// Takes out what was used least recently; `false`: there is nothing left.
    pub(crate) fn evict(&mut self) -> bool {
        let Some((_, key)) = self.order.first_key_value() else { return false };
        let key = Arc::clone(key);
        self.remove(&key);
        true
    }

    /// The keys that are there of those that are chosen, without what has ended.
    fn choose(&mut self, choice: &Choice<'_>, limit: usize, now: Now) -> Vec<Arc<str>> {
        match choice {
            Choice::Keys(keys) => {
                let mut found = Vec::new();
                for key in keys.iter().take(limit) {
                    match self.entries.get_key_value(key.as_str()) {
                        Some((key, slot)) if slot.has_ended(now) => {
                            let key = Arc::clone(key);
                            self.remove(&key);
                        }
                        Some((key, _)) => found.push(Arc::clone(key)),
                        None => {}
                    }
                }
                found
            }
            Choice::Matching(test) => {
                self.sweep(now);
                self.order.values().rev().filter(|key| test(key)).take(limit).cloned().collect()
            }
        }
    }

    fn bound(&self, keys: &[Arc<str>], parts: Parts) -> Result<(), Refused> {
        if parts == Parts::Keys {
            return Ok(());
        }
        let values = keys.iter().filter_map(|key| self.entries.get(key)).map(|slot| slot.value.len());
        if values.sum::<usize>() > MAX_ANSWER {
            let most = MAX_ANSWER >> 20;
            return Err(Refused::TooMuch(format!(
                "the values have more than {most} MiB together: ask for fewer with `limit`, or for their keys only"
            )));
        }
        Ok(())
    }

    fn tell(&self, keys: &[Arc<str>], parts: Parts) -> Vec<Entry> {
        keys.iter().filter_map(|key| self.entries.get(key).map(|slot| slot.told(key, parts))).collect()
    }

    fn positions(&self) -> HashMap<Arc<str>, u32> {
        self.order.values().rev().cloned().zip(0..).collect()
    }

    fn read(&mut self, key: &Arc<str>, now: Now) {
        self.touch(key);
        if let Some(slot) = self.entries.get_mut(key) {
            slot.hits = slot.hits.saturating_add(1);
            slot.prev_read = std::mem::replace(&mut slot.last_read, now.millis);
        }
    }

    fn touch(&mut self, key: &Arc<str>) {
        self.uses = self.uses.saturating_add(1);
        if let Some(slot) = self.entries.get_mut(key) {
            self.order.remove(&slot.used);
            slot.used = self.uses;
            self.order.insert(self.uses, Arc::clone(key));
        }
    }

    fn write(&mut self, key: Arc<str>, write: &Write, now: Now) {
        let mut slot = self.entries.get(&key).cloned().unwrap_or_default();
        self.remove(&key);
        slot.value = write.value.clone();
        slot.prev_write = std::mem::replace(&mut slot.last_write, now.millis);
        slot.end_after(write.expiry, now);
        self.uses = self.uses.saturating_add(1);
        slot.used = self.uses;
        self.bytes = self.bytes.saturating_add(size(&key, &slot.value));
        self.order.insert(self.uses, Arc::clone(&key));
        self.entries.insert(key, slot);
    }

    fn remove(&mut self, key: &Arc<str>) {
        if let Some(slot) = self.entries.remove(key) {
            self.order.remove(&slot.used);
            self.bytes = self.bytes.saturating_sub(size(key, &slot.value));
        }
    }
}
