//! What is needed of a backend: a handful of operations on keys, the same for every one.

pub mod etcd;
pub mod sqlite;

use crate::Error;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

/// A future of a backend.
pub type KvFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A key with what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, without the prefix that the backend may put before all names.
    pub key: String,
    /// Its value; empty when only keys were asked for.
    pub value: Bytes,
    /// Changes with every write of the key and never comes back, not even after the key was deleted.
    pub version: i64,
}

/// What has to hold for a transaction to be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compare {
    /// The key.
    pub key: String,
    /// Its version; `None`: there is no such key.
    pub version: Option<i64>,
}

/// A value to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// The key.
    pub key: String,
    /// Its value.
    pub value: Bytes,
    /// The lease that the key goes away with.
    pub lease: Option<i64>,
}

impl Put {
    /// A value that stays.
    #[must_use]
    pub fn new(key: impl Into<String>, value: impl Into<Bytes>) -> Self {
        Self { key: key.into(), value: value.into(), lease: None }
    }
}

/// Reads nothing and writes everything, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Txn {
    /// All of these have to hold.
    pub compares: Vec<Compare>,
    /// What is written.
    pub puts: Vec<Put>,
    /// What goes. Keys that there are not do no harm.
    pub deletes: Vec<String>,
}

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Carried out, and on disk.
    Done,
    /// Something was not as it had to be; nothing has happened.
    Refused,
    /// It was sent, and no answer came: it may have been carried out, or may be yet.
    Unknown(Error),
}

/// What a watch tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Something may have changed: read. The first of these comes at once.
    Changed,
    /// The connection is lost; the watch goes on trying.
    Lost(Error),
    /// The connection is back: read.
    Back,
}

/// A key-value store with versions. Every call ends by itself: no caller needs a timeout.
pub trait Kv: fmt::Debug + Send + Sync {
    /// Whether other processes see the same keys.
    fn is_shared(&self) -> bool;

    /// The entries of those of the keys that exist, in no particular order.
    fn get(&self, keys: Vec<String>) -> KvFuture<'_, Result<Vec<Entry>, Error>>;

    /// All entries whose keys begin with this, sorted; without values if only the keys are wanted.
    fn list(&self, prefix: String, keys_only: bool) -> KvFuture<'_, Result<Vec<Entry>, Error>>;

    /// Carries out a transaction. Not more than [`MAX_OPS`] operations and [`MAX_BYTES`] of values.
    fn txn(&self, txn: Txn) -> KvFuture<'_, Result<Outcome, Error>>;

    /// Tells of changes below a prefix, for ever. Signals are merged: one may stand for many changes.
    fn watch(&self, prefix: String) -> BoxStream<'static, Signal>;

    /// A lease: keys that are put with it go when it has not been kept alive for that long.
    fn grant(&self, ttl: Duration) -> KvFuture<'_, Result<i64, Error>>;

    /// Keeps a lease alive; `false`: it has run out already.
    fn keep_alive(&self, lease: i64) -> KvFuture<'_, Result<bool, Error>>;

    /// Ends a lease, and with it its keys.
    fn revoke(&self, lease: i64) -> KvFuture<'_, Result<(), Error>>;
}

/// Most operations of one transaction: etcd's default limit is 128.
pub const MAX_OPS: usize = 100;

/// Most bytes of values of one transaction: etcd's default limit is 1.5 MiB for the whole request.
pub const MAX_BYTES: usize = 1 << 20;

/// Splits what is to be written unconditionally into transactions that every backend takes.
#[must_use]
pub fn batches(puts: Vec<Put>) -> Vec<Txn> {
    let (mut all, mut batch, mut bytes) = (Vec::new(), Txn::default(), 0);
    for put in puts {
        let size = put.key.len() + put.value.len();
        if batch.puts.len() >= MAX_OPS || (bytes + size > MAX_BYTES && !batch.puts.is_empty()) {
            all.push(std::mem::take(&mut batch));
            bytes = 0;
        }
        bytes += size;
        batch.puts.push(put);
    }
    if !batch.puts.is_empty() {
        all.push(batch);
    }
    all
}
