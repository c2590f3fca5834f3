//! Entries that are chosen by what their keys look like.

use super::{FromValue, IntoValue, Value};
use crate::bindings::caisson::service::cache::{self as wit, Condition, Parts, Which};
use crate::time::millis;
use crate::{Error, Result, host};
use std::borrow::Cow;
use std::time::{Duration, SystemTime};

/// Entries of a cache that are meant: it does nothing until it is read or changed. What is read is in the order of its use, the most
/// recent first; of keys that were given, in their order. What is read together has at most 16 MiB.
#[derive(Clone, Debug)]
#[must_use = "a selection does nothing until it is read or changed"]
pub struct Selection {
    cache: Cow<'static, str>,
    which: Which,
    limit: u32,
}

/// An entry with all that is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: Value,
    /// 0 for the entry that was used last.
    pub position: u32,
    /// How often it was read.
    pub hits: u64,
    /// How long it was to be kept when it was written or its time was set; nothing for no end.
    pub expiry: Option<Duration>,
    /// When it ends.
    pub expires_at: Option<SystemTime>,
    /// When it was read last.
    pub last_read: Option<SystemTime>,
    /// When it was read before that.
    pub prev_read: Option<SystemTime>,
    /// When it was written last.
    pub last_write: Option<SystemTime>,
    /// When it was written before that.
    pub prev_write: Option<SystemTime>,
}

impl Entry {
    fn of_wit(entry: wit::Entry) -> Self {
        Self {
            key: entry.key,
            value: Value(entry.value),
            position: entry.position,
            hits: entry.hits,
            expiry: Some(Duration::from_millis(entry.expiry_ms)).filter(|expiry| !expiry.is_zero()),
            expires_at: time(entry.expires_at),
            last_read: time(entry.last_read),
            prev_read: time(entry.prev_read),
            last_write: time(entry.last_write),
            prev_write: time(entry.prev_write),
        }
    }
}

/// 0 stands for never; what is beyond all clocks never comes either.
fn time(millis: u64) -> Option<SystemTime> {
    Some(millis)
        .filter(|millis| *millis > 0)
        .and_then(|millis| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis)))
}

impl Selection {
    pub(super) fn new(cache: Cow<'static, str>, which: Which) -> Self {
        Self { cache, which, limit: 0 }
    }

    /// At most so many of them; 0 for all.
    pub fn limit(mut self, most: u32) -> Self {
        self.limit = most;
        self
    }

    /// Their keys and values.
    ///
    /// # Errors
    ///
    /// `invalid-input`: a text is too long, or the regular expression cannot be used; `quota-exceeded`: the values are too large together,
    /// the texts too many, or the package has too many caches; `internal`: a value is of another kind.
    pub fn get<T: FromValue>(&self) -> Result<Vec<(String, T)>> {
        let found = self.find(Parts::Values)?;
        found.into_iter().map(|entry| self.read(entry)).collect()
    }

    /// Their keys. That does not count as reading.
    ///
    /// # Errors
    ///
    /// As [`Selection::get`].
    pub fn keys(&self) -> Result<Vec<String>> {
        Ok(self.find(Parts::Keys)?.into_iter().map(|entry| entry.key).collect())
    }

    /// All that is known of them, which takes longer.
    ///
    /// # Errors
    ///
    /// As [`Selection::get`].
    pub fn entries(&self) -> Result<Vec<Entry>> {
        Ok(self.find(Parts::Details)?.into_iter().map(Entry::of_wit).collect())
    }

    /// Sets all of them to this value, without an end. How many were there before.
    ///
    /// # Errors
    ///
    /// As [`Selection::get`]; `invalid-input`: the value is too large, or a key is empty.
    pub fn set(&self, value: impl IntoValue) -> Result<usize> {
        self.put(value, None, Condition::Always)
    }

    /// Sets all of them to this value for some time, counted in whole milliseconds and at least one. How many were there before.
    ///
    /// # Errors
    ///
    /// As [`Selection::set`].
    pub fn set_for(&self, value: impl IntoValue, time: Duration) -> Result<usize> {
        self.put(value, Some(time), Condition::Always)
    }

    /// Deletes them. Their keys and values.
    ///
    /// # Errors
    ///
    /// As [`Selection::get`]; values of another kind are deleted as well.
    pub fn take<T: FromValue>(&self) -> Result<Vec<(String, T)>> {
        let gone = host::cache::delete(&self.cache, &self.which, self.limit, Parts::Values);
        gone.map_err(Error::of_capability)?.into_iter().map(|entry| self.read(entry)).collect()
    }

    /// Deletes them. How many there were.
    ///
    /// # Errors
    ///
    /// As [`Selection::get`].
    pub fn delete(&self) -> Result<usize> {
        told(host::cache::delete(&self.cache, &self.which, self.limit, Parts::Keys))
    }

    /// Lets them end after some time from now, counted in whole milliseconds and at least one. How many there are.
    ///
    /// # Errors
    ///
    /// As [`Selection::get`].
    pub fn expire(&self, time: Duration) -> Result<usize> {
        self.end(Some(time))
    }

    /// Lets them have no end. How many there are.
    ///
    /// # Errors
    ///
    /// As [`Selection::get`].
    pub fn persist(&self) -> Result<usize> {
        self.end(None)
    }

    /// Writes if it is to be written. How many were there before.
    pub(super) fn put(
        &self,
        value: impl IntoValue,
        time: Option<Duration>,
        condition: Condition,
    ) -> Result<usize> {
        let Value(value) = value.into_value()?;
        let (cache, which) = (&self.cache, &self.which);
        told(host::cache::put(cache, which, self.limit, &value, expiry(time), condition, Parts::Keys))
    }

    fn find(&self, parts: Parts) -> Result<Vec<wit::Entry>> {
        host::cache::get(&self.cache, &self.which, self.limit, parts).map_err(Error::of_capability)
    }

    fn end(&self, time: Option<Duration>) -> Result<usize> {
        told(host::cache::expire(&self.cache, &self.which, self.limit, expiry(time), Parts::Keys))
    }

    fn read<T: FromValue>(&self, entry: wit::Entry) -> Result<(String, T)> {
        let wit::Entry { key, value, .. } = entry;
        match T::from_value(Value(value)) {
            Ok(value) => Ok((key, value)),
            Err(error) => {
                let why = error.log_detail().unwrap_or_default();
                let detail = format!("the key {key:?} of the cache {:?}: {why}", self.cache);
                Err(error.detail(detail))
            }
        }
    }
}

/// What is to be kept for no time must not be kept for ever, for which zero stands.
fn expiry(time: Option<Duration>) -> u64 {
    time.map_or(0, |time| millis(time).max(1))
}

fn told(
    entries: Result<Vec<wit::Entry>, crate::bindings::caisson::capability::types::Error>,
) -> Result<usize> {
    entries.map(|entries| entries.len()).map_err(Error::of_capability)
}
