//! The file.

use crate::entry::{Entry, Filter};
use crate::writer::{self, Writer};
use caisson_capability::usage::{Refusal, Witness};
use jiff::{Timestamp, ToSpan as _};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow};
use sqlx::{ConnectOptions as _, QueryBuilder, Row as _, Sqlite, SqlitePool};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Entries that are kept, newest first.
const KEPT: i64 = 1_000_000;

/// How long entries are kept, in hours.
const KEPT_HOURS: i64 = 90 * 24;

/// How long another reader may hold the file.
const BUSY: Duration = Duration::from_secs(5);

/// The audit file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the audit file {path} cannot be used: {source}", path = path.display())]
pub struct AuditError {
    path: PathBuf,
    source: sqlx::Error,
}

/// What was refused on this server. Refusals are told to it as a [`Witness`]; it may be asked at any time.
#[derive(Debug)]
pub struct Audit {
    pool: SqlitePool,
    path: PathBuf,
    writer: Writer,
}

impl Audit {
    /// Opens the file, or makes it, and starts to write to it. Dropping it writes what is left and ends that.
    ///
    /// # Errors
    ///
    /// The folder cannot be written to, or the file is none of ours.
    pub async fn open(path: &Path) -> Result<Self, AuditError> {
        let fault = |source| AuditError { path: path.to_owned(), source };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(BUSY)
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new().max_connections(2).connect_with(options).await.map_err(fault)?;
        let table = "CREATE TABLE IF NOT EXISTS refusals (id INTEGER PRIMARY KEY, at TEXT NOT NULL, cid TEXT NOT NULL, \
                     service TEXT NOT NULL, connection TEXT NOT NULL, capability TEXT NOT NULL, operation TEXT NOT NULL, \
                     principal TEXT, detail TEXT, observed INTEGER NOT NULL, count INTEGER NOT NULL)";
        sqlx::query(table).execute(&pool).await.map_err(fault)?;
        sqlx::query("CREATE INDEX IF NOT EXISTS by_service ON refusals (service, id)")
            .execute(&pool)
            .await
            .map_err(fault)?;
        let writer = writer::start(pool.clone());
        Ok(Self { pool, path: path.to_owned(), writer })
    }

    /// The newest entries that are wanted, newest first. What was refused before this call is among them.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub async fn query(&self, filter: &Filter) -> Result<Vec<Entry>, AuditError> {
        self.writer.flush().await;
        let mut query: QueryBuilder<Sqlite> = QueryBuilder::new(
            "SELECT at, cid, service, connection, capability, operation, principal, detail, observed, count \
             FROM refusals WHERE 1 = 1",
        );
        let texts = [("service", &filter.service), ("connection", &filter.connection), ("cid", &filter.cid)];
        for (column, wanted) in texts {
            if let Some(wanted) = wanted {
                query.push(format!(" AND {column} = ")).push_bind(wanted);
            }
        }
        if let Some(observed) = filter.observed {
            query.push(" AND observed = ").push_bind(observed);
        }
        if let Some(since) = filter.since {
            query.push(" AND at >= ").push_bind(since.to_string());
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(filter.limit));
        let fault = |source| AuditError { path: self.path.clone(), source };
        let rows = query.build().fetch_all(&self.pool).await.map_err(fault)?;
        rows.iter().map(entry).collect::<Result<_, _>>().map_err(fault)
    }

    /// Writes what has been told until now.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the writing to go on.
    pub async fn flush(&self) {
        self.writer.flush().await;
    }
}

impl Witness for Audit {
    fn refused(&self, refusal: &Refusal) {
        self.writer.tell(Entry::of(refusal));
    }
}

fn entry(row: &SqliteRow) -> Result<Entry, sqlx::Error> {
    Ok(Entry {
        at: row.try_get(0)?,
        cid: row.try_get(1)?,
        service: row.try_get(2)?,
        connection: row.try_get(3)?,
        capability: row.try_get(4)?,
        operation: row.try_get(5)?,
        principal: row.try_get(6)?,
        detail: row.try_get(7)?,
        observed: row.try_get(8)?,
        count: row.try_get::<i64, _>(9)?.unsigned_abs(),
    })
}

/// Writes entries, all or none.
pub(crate) async fn insert(pool: &SqlitePool, entries: &[Entry]) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    for entry in entries {
        sqlx::query(
            "INSERT INTO refusals (at, cid, service, connection, capability, operation, principal, detail, observed, count) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&entry.at)
        .bind(&entry.cid)
        .bind(&entry.service)
        .bind(&entry.connection)
        .bind(&entry.capability)
        .bind(&entry.operation)
        .bind(&entry.principal)
        .bind(&entry.detail)
        .bind(entry.observed)
        .bind(i64::try_from(entry.count).unwrap_or(i64::MAX))
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await
}

/// Takes out what is too old or too much.
pub(crate) async fn sweep(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    let oldest = Timestamp::now().checked_sub(KEPT_HOURS.hours()).unwrap_or(Timestamp::MIN);
    sqlx::query("DELETE FROM refusals WHERE at < ? OR id <= (SELECT MAX(id) FROM refusals) - ?")
        .bind(oldest.to_string())
        .bind(KEPT)
        .execute(pool)
        .await
        .map(drop)
}
