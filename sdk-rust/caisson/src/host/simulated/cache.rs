//! Caches that forget nothing but what has ended.

use super::{capability, current, refused};
use crate::bindings::caisson::service::cache::{Condition, Entry, Parts, Which};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

/// Bytes of a value; as the server has it.
const MAX_VALUE: usize = 1 << 20;

/// Bytes of a key; as the server has it.
const MAX_KEY: usize = 1_024;

/// The caches of a simulated host, by their names.
pub(crate) type Caches = BTreeMap<String, Vec<Slot>>;

/// An entry; the one that was used last is the last of its cache.
pub(crate) struct Slot {
    entry: Entry,
    ends: Option<Instant>,
}

impl Slot {
    fn end_after(&mut self, expiry_ms: u64) {
        let expiry = Duration::from_millis(expiry_ms);
        self.ends =
            Some(expiry).filter(|time| !time.is_zero()).and_then(|time| Instant::now().checked_add(time));
        self.entry.expiry_ms = expiry_ms;
        self.entry.expires_at = self.ends.map_or(0, |_| now().saturating_add(expiry_ms));
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Works on a cache without what has ended.
fn with<T>(name: &str, act: impl FnOnce(&mut Vec<Slot>) -> Result<T>) -> Result<T, capability::Error> {
    let state = current().map_err(refused)?;
    let mut caches = state.caches.borrow_mut();
    let slots = caches.entry(name.to_owned()).or_default();
    slots.retain(|slot| slot.ends.is_none_or(|ends| Instant::now() < ends));
    act(slots).map_err(refused)
}

/// The keys that are there of those that are chosen, most recently used first.
fn choose(slots: &[Slot], which: &Which, limit: u32) -> Result<Vec<String>> {
    let all = slots.iter().rev().map(|slot| slot.entry.key.as_str());
    let meant: Box<dyn Fn(&&str) -> bool + '_> = match which {
        Which::All => Box::new(|_| true),
        Which::Keys(keys) => {
            let there =
                keys.iter().take(most(limit)).filter(|key| slots.iter().any(|one| one.entry.key == **key));
            return Ok(there.cloned().collect());
        }
        Which::Prefix(text) => Box::new(move |key| key.starts_with(text.as_str())),
        Which::Suffix(text) => Box::new(move |key| key.ends_with(text.as_str())),
        Which::Contains(text) => Box::new(move |key| key.contains(text.as_str())),
        Which::NotContains(text) => Box::new(move |key| !key.contains(text.as_str())),
        Which::ContainsAll(texts) => {
            Box::new(move |key| texts.iter().all(|text| key.contains(text.as_str())))
        }
        Which::ContainsAny(texts) => {
            Box::new(move |key| texts.iter().any(|text| key.contains(text.as_str())))
        }
        Which::Regex(_) => {
            return Err(Error::unavailable(
                "the simulated host knows no regular expressions: the server does",
            ));
        }
    };
    Ok(all.filter(|key| meant(key)).take(most(limit)).map(str::to_owned).collect())
}

fn most(limit: u32) -> usize {
    if limit == 0 { usize::MAX } else { usize::try_from(limit).unwrap_or(usize::MAX) }
}

fn told(slots: &[Slot], keys: &[String], parts: Parts) -> Vec<Entry> {
    let told = |key: &String| {
        let at = slots.iter().rev().position(|slot| slot.entry.key == *key)?;
        let mut entry = slots.iter().rev().nth(at)?.entry.clone();
        entry.position = if parts == Parts::Details { u32::try_from(at).unwrap_or(u32::MAX) } else { 0 };
        if parts == Parts::Keys {
            entry.value.clear();
        }
        Some(entry)
    };
    keys.iter().filter_map(told).collect()
}

/// Takes an entry out, to be put back as the one that was used last.
fn take(slots: &mut Vec<Slot>, key: &str) -> Option<Slot> {
    let at = slots.iter().position(|slot| slot.entry.key == key)?;
    Some(slots.remove(at))
}

pub(crate) fn get(
    cache: &str,
    which: &Which,
    limit: u32,
    parts: Parts,
) -> Result<Vec<Entry>, capability::Error> {
    with(cache, |slots| {
        let keys = choose(slots, which, limit)?;
        // Positions are those from before, the rest is as it is now.
        let positions: Vec<u32> = told(slots, &keys, parts).iter().map(|entry| entry.position).collect();
        for key in keys.iter().rev().filter(|_| parts != Parts::Keys) {
            let Some(mut slot) = take(slots, key) else { continue };
            slot.entry.hits += 1;
            slot.entry.prev_read = std::mem::replace(&mut slot.entry.last_read, now());
            slots.push(slot);
        }
        let entries = told(slots, &keys, parts).into_iter().zip(positions);
        Ok(entries.map(|(entry, position)| Entry { position, ..entry }).collect())
    })
}

pub(crate) fn put(
    cache: &str,
    which: &Which,
    limit: u32,
    value: &[u8],
    expiry_ms: u64,
    condition: Condition,
    parts: Parts,
) -> Result<Vec<Entry>, capability::Error> {
    with(cache, |slots| {
        if value.len() > MAX_VALUE {
            let given = value.len();
            return Err(Error::invalid(format!(
                "a value has at most {MAX_VALUE} bytes, this one has {given}"
            )));
        }
        let there = choose(slots, which, limit)?;
        let before = told(slots, &there, parts);
        let keys = match which {
            Which::Keys(keys) => keys.iter().take(most(limit)).cloned().collect(),
            _ => there,
        };
        if let Some(key) = keys.iter().find(|key| key.is_empty() || key.len() > MAX_KEY) {
            let given = key.len();
            return Err(Error::invalid(format!("a key has 1 to {MAX_KEY} bytes, this one has {given}")));
        }
        for key in keys {
            let is_there = slots.iter().any(|slot| slot.entry.key == key);
            let wanted = match condition {
                Condition::Always => true,
                Condition::IfAbsent => !is_there,
                Condition::IfPresent => is_there,
            };
            if wanted {
                write(slots, key, value, expiry_ms);
            }
        }
        Ok(before)
    })
}

fn write(slots: &mut Vec<Slot>, key: String, value: &[u8], expiry_ms: u64) {
    let mut slot = take(slots, &key).unwrap_or_else(|| Slot {
        entry: Entry {
            key,
            value: Vec::new(),
            position: 0,
            hits: 0,
            expiry_ms: 0,
            expires_at: 0,
            last_read: 0,
            prev_read: 0,
            last_write: 0,
            prev_write: 0,
        },
        ends: None,
    });
    slot.entry.value = value.to_vec();
    slot.entry.prev_write = std::mem::replace(&mut slot.entry.last_write, now());
    slot.end_after(expiry_ms);
    slots.push(slot);
}

pub(crate) fn delete(
    cache: &str,
    which: &Which,
    limit: u32,
    parts: Parts,
) -> Result<Vec<Entry>, capability::Error> {
    with(cache, |slots| {
        let keys = choose(slots, which, limit)?;
        let gone = told(slots, &keys, parts);
        slots.retain(|slot| !keys.contains(&slot.entry.key));
        Ok(gone)
    })
}

pub(crate) fn expire(
    cache: &str,
    which: &Which,
    limit: u32,
    expiry_ms: u64,
    parts: Parts,
) -> Result<Vec<Entry>, capability::Error> {
    with(cache, |slots| {
        let keys = choose(slots, which, limit)?;
        for slot in slots.iter_mut().filter(|slot| keys.contains(&slot.entry.key)) {
            slot.end_after(expiry_ms);
        }
        Ok(told(slots, &keys, parts))
    })
}

pub(crate) fn count(cache: &str) -> Result<u32, capability::Error> {
    with(cache, |slots| Ok(u32::try_from(slots.len()).unwrap_or(u32::MAX)))
}
