//! The backend of clusters: etcd, over its v3 API.

mod connect;
mod watching;

pub use connect::{EtcdOptions, Password};

use super::{Compare, Entry, Kv, KvFuture, Outcome, Signal, Txn};
use crate::{Error, ErrorKind};
use connect::Connection;
use etcd_client::{Client, Compare as EtcdCompare, CompareOp, GetOptions, KvClient, PutOptions, TxnOp};
use etcd_client::{KeyValue, Txn as EtcdTxn, TxnOpResponse};
use futures_util::stream::BoxStream;
use std::sync::Arc;
use std::time::Duration;

/// Most bytes of one answer: a batch of [`READ_BATCH`] values of 512 KiB.
const MAX_ANSWER: usize = 64 << 20;
/// Keys that are read at once.
const READ_BATCH: usize = 64;
/// Entries of one page of a list.
const LIST_PAGE: i64 = 1000;

/// etcd.
#[derive(Clone, Debug)]
pub struct EtcdKv {
    connection: Arc<Connection>,
}

impl EtcdKv {
    /// A client of etcd. It connects when it is used first.
    ///
    /// # Errors
    ///
    /// The options do not make sense, or one of their files cannot be read.
    pub fn new(options: &EtcdOptions) -> Result<Self, Error> {
        Ok(Self { connection: Arc::new(Connection::new(options)?) })
    }

    fn name(&self, key: &str) -> String {
        format!("{}{key}", self.connection.prefix)
    }

    fn entry(&self, pair: &KeyValue) -> Result<Entry, Error> {
        let key =
            std::str::from_utf8(pair.key()).ok().and_then(|key| key.strip_prefix(&self.connection.prefix));
        let key = key.ok_or_else(|| {
            Error::new(
                ErrorKind::Damaged,
                "etcd holds a key here that this server has not written; use another prefix",
            )
        })?;
        Ok(Entry { key: key.to_owned(), value: pair.value().to_vec().into(), version: pair.mod_revision() })
    }

    /// One transaction for each batch, so that what is read together belongs together.
    async fn read(&self, keys: &[String]) -> Result<Vec<Entry>, Error> {
        let ops: Vec<TxnOp> = keys.iter().map(|key| TxnOp::get(self.name(key), None)).collect();
        let answer = self
            .connection
            .read(|client| {
                let txn = EtcdTxn::new().and_then(ops.clone());
                async move { kv(&client).txn(txn).await }
            })
            .await?;
        let mut found = Vec::new();
        for op in answer.op_responses() {
            if let TxnOpResponse::Get(got) = op {
                for pair in got.kvs() {
                    found.push(self.entry(pair)?);
                }
            }
        }
        Ok(found)
    }

    async fn page(&self, from: String, end: &str, keys_only: bool) -> Result<(Vec<Entry>, bool), Error> {
        let mut options = GetOptions::new().with_range(end).with_limit(LIST_PAGE);
        if keys_only {
            options = options.with_keys_only();
        }
        let answer = self
            .connection
            .read(|client| {
                let (from, options) = (from.clone(), options.clone());
                async move { kv(&client).get(from, Some(options)).await }
            })
            .await?;
        let entries = answer.kvs().iter().map(|pair| self.entry(pair)).collect::<Result<_, _>>()?;
        Ok((entries, answer.more()))
    }
}

/// The largest answers do not fit the default limit of 4 MiB.
fn kv(client: &Client) -> KvClient {
    client.kv_client().max_decoding_message_size(MAX_ANSWER)
}

/// The first name after all names with this prefix. Prefixes are ASCII, and end with `/` or a letter.
fn end_of(prefix: &str) -> String {
    let mut end = prefix.to_owned();
    let last = end.pop().unwrap_or('/');
    end.push(char::from_u32(u32::from(last) + 1).unwrap_or(char::MAX));
    end
}

impl Kv for EtcdKv {
    fn is_shared(&self) -> bool {
        true
    }

    fn get(&self, keys: Vec<String>) -> KvFuture<'_, Result<Vec<Entry>, Error>> {
        Box::pin(async move {
            let mut found = Vec::new();
            for batch in keys.chunks(READ_BATCH) {
                found.extend(self.read(batch).await?);
            }
            Ok(found)
        })
    }

    fn list(&self, prefix: String, keys_only: bool) -> KvFuture<'_, Result<Vec<Entry>, Error>> {
        Box::pin(async move {
            let mut from = self.name(&prefix);
            let end = end_of(&from);
            let mut all: Vec<Entry> = Vec::new();
            loop {
                let (page, more) = self.page(from, &end, keys_only).await?;
                all.extend(page);
                match all.last() {
                    Some(last) if more => from = format!("{}\0", self.name(&last.key)),
                    _ => return Ok(all),
                }
            }
        })
    }

    fn txn(&self, txn: Txn) -> KvFuture<'_, Result<Outcome, Error>> {
        Box::pin(async move {
            let compare = |Compare { key, version }: &Compare| match version {
                Some(version) => EtcdCompare::mod_revision(self.name(key), CompareOp::Equal, *version),
                None => EtcdCompare::create_revision(self.name(key), CompareOp::Equal, 0),
            };
            let compares: Vec<EtcdCompare> = txn.compares.iter().map(compare).collect();
            let mut ops: Vec<TxnOp> = Vec::new();
            for put in txn.puts {
                let options = put.lease.map(|lease| PutOptions::new().with_lease(lease));
                ops.push(TxnOp::put(self.name(&put.key), put.value, options));
            }
            ops.extend(txn.deletes.iter().map(|key| TxnOp::delete(self.name(key), None)));
            let request = EtcdTxn::new().when(compares).and_then(ops);
            self.connection.write(|client| async move { kv(&client).txn(request).await }).await
        })
    }

    fn watch(&self, prefix: String) -> BoxStream<'static, Signal> {
        watching::watch(Arc::clone(&self.connection), self.name(&prefix))
    }

    fn grant(&self, ttl: Duration) -> KvFuture<'_, Result<i64, Error>> {
        Box::pin(async move {
            let seconds = i64::try_from(ttl.as_secs().max(1)).unwrap_or(i64::MAX);
            let grant = |client: Client| async move { client.lease_client().grant(seconds, None).await };
            Ok(self.connection.read(grant).await?.id())
        })
    }

    fn keep_alive(&self, lease: i64) -> KvFuture<'_, Result<bool, Error>> {
        Box::pin(async move {
            let keep = |client: Client| async move {
                match client.lease_client().keep_alive(lease).await {
                    Ok(_) => Ok(true),
                    Err(etcd_client::Error::LeaseKeepAliveError(_)) => Ok(false),
                    Err(error) => Err(error),
                }
            };
            self.connection.read(keep).await
        })
    }

    fn revoke(&self, lease: i64) -> KvFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let revoke = |client: Client| async move { client.lease_client().revoke(lease).await };
            self.connection.read(revoke).await.map(drop)
        })
    }
}
