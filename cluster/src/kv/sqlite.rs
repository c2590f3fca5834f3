//! The embedded backend: one table in one SQLite file.
//!
//! The file belongs to one process, so leases and watches are kept in memory, and keys of leases that a process left
//! behind go when the next one opens the file.

use super::{Entry, Kv, KvFuture, Outcome, Signal, Txn};
use crate::{Error, ErrorKind};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{
    ConnectOptions as _, Connection as _, Row as _, Sqlite, SqliteConnection, SqlitePool, Transaction,
};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long another process may hold the file before that is an error.
const BUSY: Duration = Duration::from_secs(5);

/// The row whose version counts transactions: versions never come back, as rows that go take theirs with them.
const CLOCK: &str = "#clock";

/// A SQLite file.
#[derive(Debug)]
pub struct SqliteKv {
    pool: SqlitePool,
    path: PathBuf,
    changed: watch::Sender<u64>,
    lease: AtomicI64,
    leases: Mutex<HashMap<i64, Lease>>,
}

#[derive(Debug)]
struct Lease {
    ttl: Duration,
    ends: Instant,
}

impl SqliteKv {
    /// Opens the file, or makes it, readable by its owner only.
    ///
    /// # Errors
    ///
    /// The folder cannot be written to, the disk is full, or the file is not a database that this version knows.
    pub async fn open(path: &Path) -> Result<Self, Error> {
        create(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            // At debug level every statement would be a line of the server's log.
            .disable_statement_logging();
        let fault = |error| fault(path, &error);
        // One connection: SQLite has one writer anyway, and readers here are few and quick.
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.map_err(fault)?;
        let table = "CREATE TABLE IF NOT EXISTS kv (key TEXT PRIMARY KEY, value BLOB NOT NULL, \
                     version INTEGER NOT NULL, lease INTEGER NOT NULL DEFAULT 0)";
        sqlx::query(table).execute(&pool).await.map_err(fault)?;
        let clock = "INSERT OR IGNORE INTO kv (key, value, version) VALUES (?, x'', 0)";
        sqlx::query(clock).bind(CLOCK).execute(&pool).await.map_err(fault)?;
        sqlx::query("DELETE FROM kv WHERE lease <> 0").execute(&pool).await.map_err(fault)?;
        let (changed, _) = watch::channel(0);
        Ok(Self { pool, path: path.to_owned(), changed, lease: AtomicI64::new(0), leases: Mutex::default() })
    }

    async fn try_txn(&self, txn: Txn) -> Result<Outcome, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        let carried_out = carry_out(&mut connection, txn).await;
        let outcome = keep_if_good(connection, carried_out).await?;
        if outcome == Outcome::Done {
            self.changed.send_modify(|count| *count = count.wrapping_add(1));
        }
        Ok(outcome)
    }

    async fn try_get(&self, keys: Vec<String>) -> Result<Vec<Entry>, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        let found = read(&mut connection, keys).await;
        keep_if_good(connection, found).await
    }

    /// Leases that have run out; their keys go before anything is read or written.
    async fn expire(&self) -> Result<(), Error> {
        let now = Instant::now();
        let over: Vec<i64> = {
            let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
            let over = leases.iter().filter(|(_, lease)| lease.ends <= now).map(|(id, _)| *id).collect();
            leases.retain(|_, lease| lease.ends > now);
            over
        };
        for lease in over {
            self.drop_lease(lease).await?;
        }
        Ok(())
    }

    async fn drop_lease(&self, lease: i64) -> Result<(), Error> {
        let query = sqlx::query("DELETE FROM kv WHERE lease = ?").bind(lease);
        query.execute(&self.pool).await.map_err(|error| fault(&self.path, &error))?;
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
        Ok(())
    }
}

/// Gives a connection back, unless it has failed: on a full disk SQLite rolls back by itself, which sqlx takes for a transaction
/// that is still open, so that no other could ever begin on that connection.
async fn keep_if_good<T>(
    connection: PoolConnection<Sqlite>,
    done: Result<T, sqlx::Error>,
) -> Result<T, sqlx::Error> {
    if done.is_err() {
        // The first error is the one to tell.
        connection.close().await.ok();
    }
    done
}

async fn carry_out(connection: &mut SqliteConnection, txn: Txn) -> Result<Outcome, sqlx::Error> {
    let mut open = connection.begin_with("BEGIN IMMEDIATE").await?;
    for compare in &txn.compares {
        let row = sqlx::query("SELECT version FROM kv WHERE key = ?").bind(&compare.key);
        let version = row.fetch_optional(&mut *open).await?.map(|row| row.try_get::<i64, _>(0));
        if version.transpose()? != compare.version {
            open.rollback().await?;
            return Ok(Outcome::Refused);
        }
    }
    write(&mut open, txn).await?;
    open.commit().await?;
    Ok(Outcome::Done)
}

/// One transaction, so that what is read together belongs together.
async fn read(connection: &mut SqliteConnection, keys: Vec<String>) -> Result<Vec<Entry>, sqlx::Error> {
    let mut found = Vec::new();
    let mut open = connection.begin().await?;
    for key in keys {
        let query = sqlx::query("SELECT key, value, version FROM kv WHERE key = ?").bind(key);
        if let Some(row) = query.fetch_optional(&mut *open).await? {
            found.push(entry(&row)?);
        }
    }
    open.rollback().await?;
    Ok(found)
}

async fn write(open: &mut Transaction<'_, Sqlite>, txn: Txn) -> Result<(), sqlx::Error> {
    let tick = "UPDATE kv SET version = version + 1 WHERE key = ? RETURNING version";
    let version: i64 = sqlx::query(tick).bind(CLOCK).fetch_one(&mut **open).await?.try_get(0)?;
    for key in txn.deletes {
        sqlx::query("DELETE FROM kv WHERE key = ?").bind(key).execute(&mut **open).await?;
    }
    for put in txn.puts {
        let sql = "INSERT INTO kv (key, value, version, lease) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE \
                   SET value = excluded.value, version = excluded.version, lease = excluded.lease";
        let query = sqlx::query(sql).bind(put.key).bind(put.value.to_vec()).bind(version);
        query.bind(put.lease.unwrap_or(0)).execute(&mut **open).await?;
    }
    Ok(())
}

/// Makes the file beforehand: SQLite would make it readable by everybody whom the umask lets.
fn create(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let made = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    made.map(drop).map_err(|error| {
        let place = path.display();
        let text = format!(
            "{place}: the state cannot be kept here: {error}; make its folder, writable by the user of this process"
        );
        Error::new(ErrorKind::Disk, text)
    })
}

fn entry(row: &SqliteRow) -> Result<Entry, sqlx::Error> {
    let value: Vec<u8> = row.try_get(1)?;
    Ok(Entry { key: row.try_get(0)?, value: value.into(), version: row.try_get(2)? })
}

fn fault(path: &Path, error: &sqlx::Error) -> Error {
    let place = path.display();
    let code = match error {
        sqlx::Error::Database(database) => database.code().and_then(|code| code.parse::<i32>().ok()),
        _ => None,
    };
    // The low byte is the primary code: https://www.sqlite.org/rescode.html
    let (kind, text) = match code.map(|code| code & 0xff) {
        Some(13) => (ErrorKind::Disk, "the disk is full; make room on it, then repeat the change".to_owned()),
        Some(11 | 26) => (
            ErrorKind::Damaged,
            "the file is damaged or not a database; put back a backup of it, or move it away to start empty"
                .to_owned(),
        ),
        Some(8 | 14 | 3) => (
            ErrorKind::Disk,
            format!("the file cannot be written ({error}); give the user of this process the right to"),
        ),
        Some(5 | 6) => (
            ErrorKind::Unavailable,
            "another process holds the file; a data folder belongs to one server: end the other one"
                .to_owned(),
        ),
        Some(10) => (ErrorKind::Disk, format!("the disk fails ({error}); look at the system's log")),
        _ => (ErrorKind::Unavailable, format!("{error}; look at the file and its disk")),
    };
    Error::new(kind, format!("{place}: {text}"))
}

impl Kv for SqliteKv {
    fn is_shared(&self) -> bool {
        false
    }

    fn get(&self, keys: Vec<String>) -> KvFuture<'_, Result<Vec<Entry>, Error>> {
        Box::pin(async move {
            self.expire().await?;
            self.try_get(keys).await.map_err(|error| fault(&self.path, &error))
        })
    }

    fn list(&self, prefix: String, keys_only: bool) -> KvFuture<'_, Result<Vec<Entry>, Error>> {
        Box::pin(async move {
            self.expire().await?;
            let fault = |error| fault(&self.path, &error);
            let sql = if keys_only {
                "SELECT key, x'', version FROM kv WHERE key >= ? AND substr(key, 1, ?) = ? ORDER BY key"
            } else {
                "SELECT key, value, version FROM kv WHERE key >= ? AND substr(key, 1, ?) = ? ORDER BY key"
            };
            let length = i64::try_from(prefix.chars().count()).unwrap_or(i64::MAX);
            let query = sqlx::query(sql).bind(prefix.clone()).bind(length).bind(prefix);
            let rows = query.fetch_all(&self.pool).await.map_err(fault)?;
            rows.iter().map(|row| entry(row).map_err(fault)).collect()
        })
    }

    fn txn(&self, txn: Txn) -> KvFuture<'_, Result<Outcome, Error>> {
        Box::pin(async move {
            self.expire().await?;
            self.try_txn(txn).await.map_err(|error| fault(&self.path, &error))
        })
    }

    fn watch(&self, _prefix: String) -> BoxStream<'static, Signal> {
        let mut changed = self.changed.subscribe();
        changed.mark_changed();
        stream::unfold(changed, |mut changed| async move {
            changed.changed().await.ok()?;
            changed.mark_unchanged();
            Some((Signal::Changed, changed))
        })
        .boxed()
    }

    fn grant(&self, ttl: Duration) -> KvFuture<'_, Result<i64, Error>> {
        Box::pin(async move {
            let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
            // An id is never used twice: the rows of its former owner may not have gone yet.
            let id = self.lease.fetch_add(1, Ordering::Relaxed).saturating_add(1);
            leases.insert(id, Lease { ttl, ends: Instant::now() + ttl });
            Ok(id)
        })
    }

    fn keep_alive(&self, lease: i64) -> KvFuture<'_, Result<bool, Error>> {
        Box::pin(async move {
            let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let alive = leases.get_mut(&lease).filter(|kept| kept.ends > now);
            Ok(alive.map(|kept| kept.ends = now + kept.ttl).is_some())
        })
    }

    fn revoke(&self, lease: i64) -> KvFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            self.leases.lock().unwrap_or_else(PoisonError::into_inner).remove(&lease);
            self.drop_lease(lease).await
        })
    }
}

#[cfg(test)]
mod tests;
