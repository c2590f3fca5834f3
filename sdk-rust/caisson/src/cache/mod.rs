//! Values in the memory of the server that outlive requests.
//!
//! ```
//! # use caisson::{Error, Json, cache::Cache};
//! # use serde::{Deserialize, Serialize};
//! # use std::time::Duration;
//! #[derive(Deserialize, Serialize)]
//! struct Customer {
//!     name: String,
//! }
//!
//! # fn handle() -> Result<(), Error> {
//! let customers = Cache::named("customers");
//! let ada = Customer { name: "Ada".to_owned() };
//! customers.set_for("customer.1", Json(&ada), Duration::from_secs(60))?;
//! if let Some(Json(found)) = customers.get::<Json<Customer>>("customer.1")? {
//!     caisson::info!("{} is known", found.name);
//! }
//! customers.prefix("customer.").delete()?;
//! # Ok(())
//! # }
//! ```
//!
//! A server forgets all of it when it restarts, other servers have their own, and any entry may be gone at any time: a cache has 10,000
//! entries at most, and a package a quarter of the memory that there is for caches. A key has 1 to 1,024 bytes, a value up to 1 MiB.
//! Names of caches belong to the package, unless the operator shares them (`serve --shared-names`): then `self.cache` of services in
//! Python means the same caches, and values are exchanged.
//!
//! # Layout
//!
//! * [`Cache`]: entries by their keys. [`Selection`]: those whose keys look alike; [`Entry`]: all that is known of one.
//! * [`IntoValue`], [`FromValue`]: what can be kept and read.

mod selection;
mod value;

use crate::bindings::caisson::service::cache::{Condition, Which};
use crate::{Error, Result, host};
use std::borrow::Cow;
use std::time::Duration;

pub use selection::{Entry, Selection};
pub use value::{FromValue, IntoValue, Value};

/// A cache, by its name. It is made when it is used first.
#[derive(Clone, Debug)]
pub struct Cache(Cow<'static, str>);

/// The cache `default`, which is `self.cache.default` in Python.
impl Default for Cache {
    fn default() -> Self {
        Self::named("default")
    }
}

impl Cache {
    /// The cache of this name, which is `self.cache.builtin[name]` in Python. A name has 1 to 128 bytes, and a package up to 64 caches.
    #[must_use]
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        Self(name.into())
    }

    /// The value of a key; nothing when there is none.
    ///
    /// # Errors
    ///
    /// `invalid-input`: the key or the name of the cache is too long; `quota-exceeded`: the package has too many caches; `internal`: the
    /// value is of another kind.
    pub fn get<T: FromValue>(&self, key: impl Into<String>) -> Result<Option<T>> {
        Ok(self.keys([key]).get()?.pop().map(|(_, value)| value))
    }

    /// Sets a key, without an end.
    ///
    /// # Errors
    ///
    /// As [`Cache::get`]; `invalid-input`: the value is too large, or the key is empty.
    pub fn set(&self, key: impl Into<String>, value: impl IntoValue) -> Result<()> {
        self.keys([key]).set(value).map(drop)
    }

    /// Sets a key for some time, counted in whole milliseconds and at least one.
    ///
    /// # Errors
    ///
    /// As [`Cache::set`].
    pub fn set_for(&self, key: impl Into<String>, value: impl IntoValue, time: Duration) -> Result<()> {
        self.keys([key]).set_for(value, time).map(drop)
    }

    /// Sets a key if it is not there; whether it was set. Of several who try at the same time, one succeeds.
    ///
    /// # Errors
    ///
    /// As [`Cache::set`].
    pub fn add(&self, key: impl Into<String>, value: impl IntoValue) -> Result<bool> {
        Ok(self.keys([key]).put(value, None, Condition::IfAbsent)? == 0)
    }

    /// As [`Cache::add`], for some time.
    ///
    /// # Errors
    ///
    /// As [`Cache::set`].
    pub fn add_for(&self, key: impl Into<String>, value: impl IntoValue, time: Duration) -> Result<bool> {
        Ok(self.keys([key]).put(value, Some(time), Condition::IfAbsent)? == 0)
    }

    /// Sets a key if it is there; whether it was set.
    ///
    /// # Errors
    ///
    /// As [`Cache::set`].
    pub fn replace(&self, key: impl Into<String>, value: impl IntoValue) -> Result<bool> {
        Ok(self.keys([key]).put(value, None, Condition::IfPresent)? > 0)
    }

    /// As [`Cache::replace`], for some time.
    ///
    /// # Errors
    ///
    /// As [`Cache::set`].
    pub fn replace_for(&self, key: impl Into<String>, value: impl IntoValue, time: Duration) -> Result<bool> {
        Ok(self.keys([key]).put(value, Some(time), Condition::IfPresent)? > 0)
    }

    /// Deletes a key. Its value, or nothing when there was none.
    ///
    /// # Errors
    ///
    /// As [`Cache::get`]; a value of another kind is deleted as well.
    pub fn take<T: FromValue>(&self, key: impl Into<String>) -> Result<Option<T>> {
        Ok(self.keys([key]).take()?.pop().map(|(_, value)| value))
    }

    /// Deletes a key. Says whether it was there.
    ///
    /// # Errors
    ///
    /// As [`Cache::get`].
    pub fn delete(&self, key: impl Into<String>) -> Result<bool> {
        Ok(self.keys([key]).delete()? > 0)
    }

    /// Lets a key end after some time from now, counted in whole milliseconds and at least one. Says whether it is there.
    ///
    /// # Errors
    ///
    /// As [`Cache::get`].
    pub fn expire(&self, key: impl Into<String>, time: Duration) -> Result<bool> {
        Ok(self.keys([key]).expire(time)? > 0)
    }

    /// Lets a key have no end. Says whether it is there.
    ///
    /// # Errors
    ///
    /// As [`Cache::get`].
    pub fn persist(&self, key: impl Into<String>) -> Result<bool> {
        Ok(self.keys([key]).persist()? > 0)
    }

    /// How many entries there are.
    ///
    /// # Errors
    ///
    /// As [`Cache::get`].
    pub fn count(&self) -> Result<u32> {
        host::cache::count(&self.0).map_err(Error::of_capability)
    }

    /// All entries.
    pub fn all(&self) -> Selection {
        self.select(Which::All)
    }

    /// Those of these keys, at most 10,000. Unlike with other selections, setting them makes those that are not there.
    pub fn keys<K: Into<String>>(&self, keys: impl IntoIterator<Item = K>) -> Selection {
        self.select(Which::Keys(keys.into_iter().map(Into::into).collect()))
    }

    /// Those whose keys begin so.
    pub fn prefix(&self, text: impl Into<String>) -> Selection {
        self.select(Which::Prefix(text.into()))
    }

    /// Those whose keys end so.
    pub fn suffix(&self, text: impl Into<String>) -> Selection {
        self.select(Which::Suffix(text.into()))
    }

    /// Those whose keys have this text within them.
    pub fn contains(&self, text: impl Into<String>) -> Selection {
        self.select(Which::Contains(text.into()))
    }

    /// Those whose keys do not have this text within them.
    pub fn not_contains(&self, text: impl Into<String>) -> Selection {
        self.select(Which::NotContains(text.into()))
    }

    /// Those whose keys have all of these texts within them, which are 64 at most.
    pub fn contains_all<K: Into<String>>(&self, texts: impl IntoIterator<Item = K>) -> Selection {
        self.select(Which::ContainsAll(texts.into_iter().map(Into::into).collect()))
    }

    /// Those whose keys have any of these texts within them, which are 64 at most.
    pub fn contains_any<K: Into<String>>(&self, texts: impl IntoIterator<Item = K>) -> Selection {
        self.select(Which::ContainsAny(texts.into_iter().map(Into::into).collect()))
    }

    /// Those in whose keys this regular expression is found. It is matched in linear time: no look-around, no back-references.
    /// Simulated hosts know none.
    pub fn regex(&self, pattern: impl Into<String>) -> Selection {
        self.select(Which::Regex(pattern.into()))
    }

    fn select(&self, which: Which) -> Selection {
        Selection::new(self.0.clone(), which)
    }
}

#[cfg(test)]
mod tests;
