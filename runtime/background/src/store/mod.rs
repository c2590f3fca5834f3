//! The file: one SQLite database, written by one connection.
//!
//! [`write`]: changes. [`read`]: questions.

pub(crate) mod read;
pub(crate) mod write;

use crate::quota::Amount;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Row as _, SqliteConnection, SqlitePool};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long another process may hold the file.
const BUSY: Duration = Duration::from_secs(5);

/// What this version writes.
const VERSION: i64 = 2;

/// Times that the server may have ended while a call was being made. A call that ends the server must not do so for ever.
pub(crate) const MAX_LOST: i64 = 5;

const SCHEMA: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS tasks (id INTEGER PRIMARY KEY AUTOINCREMENT, state INTEGER NOT NULL, source TEXT NOT NULL, \
     service TEXT NOT NULL, kind TEXT NOT NULL, name TEXT, cid TEXT NOT NULL, in_reply_to TEXT, environ TEXT, traceparent TEXT, \
     tracestate TEXT, content_type TEXT, body BLOB NOT NULL, callback TEXT NOT NULL, report TEXT, created INTEGER NOT NULL, \
     due INTEGER NOT NULL, expires INTEGER, repeats INTEGER NOT NULL, interval INTEGER NOT NULL, attempt INTEGER NOT NULL, \
     waits INTEGER NOT NULL, lost INTEGER NOT NULL DEFAULT 0, batch INTEGER, place INTEGER, bytes INTEGER NOT NULL, reason TEXT)",
    // All that choosing the next calls of a service needs, so that neither their messages nor the calls of others are read for it.
    "CREATE INDEX IF NOT EXISTS ready ON tasks (service, due, id, bytes) WHERE state = 0",
    // What version 1 had instead.
    "DROP INDEX IF EXISTS waiting",
    "CREATE INDEX IF NOT EXISTS others ON tasks (state, id) WHERE state <> 0",
    "CREATE TABLE IF NOT EXISTS batches (id INTEGER PRIMARY KEY, unfinished INTEGER NOT NULL, source TEXT NOT NULL, \
     fanout INTEGER NOT NULL, cid TEXT NOT NULL, environ TEXT, created INTEGER NOT NULL, size INTEGER NOT NULL, \
     on_target TEXT NOT NULL, on_final TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS items (batch INTEGER NOT NULL, place INTEGER NOT NULL, item TEXT NOT NULL, \
     PRIMARY KEY (batch, place)) WITHOUT ROWID",
];

/// The file of calls in the background cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the calls in the background cannot be kept in {path}: {reason}", path = path.display())]
pub struct StoreError {
    path: PathBuf,
    reason: String,
    #[source]
    source: Option<sqlx::Error>,
}

/// An opened file.
#[derive(Debug)]
pub(crate) struct Store {
    /// Who changes it.
    pub(crate) connection: SqliteConnection,
    /// Who asks.
    pub(crate) readers: SqlitePool,
    /// How it is opened again, should its connection fail.
    pub(crate) options: SqliteConnectOptions,
    /// What is in it, by who asked for it.
    pub(crate) there: Vec<(String, Amount)>,
    /// The first number that was never used.
    pub(crate) next_id: i64,
}

/// Opens the file, or makes it, readable by its owner only. Calls that were being made when the server ended wait again.
pub(crate) async fn open(path: &Path) -> Result<Store, StoreError> {
    let error = |reason: String, source| StoreError { path: path.to_owned(), reason, source };
    create(path).map_err(|fault| {
        error(format!("{fault}; make its folder, writable by the user of this process"), None)
    })?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("journal_size_limit", (64 << 20).to_string())
        .busy_timeout(BUSY)
        .disable_statement_logging();
    let opened = async {
        let mut connection = options.connect().await?;
        let version: i64 = sqlx::query("PRAGMA user_version").fetch_one(&mut connection).await?.try_get(0)?;
        if version > VERSION {
            return Ok(Err(version));
        }
        let (there, next_id) = prepare(&mut connection, version).await?;
        let readers = SqlitePoolOptions::new().max_connections(2).connect_with(options.clone()).await?;
        Ok(Ok(Store { connection, readers, options: options.clone(), there, next_id }))
    };
    match opened.await {
        Ok(Ok(store)) => Ok(store),
        Ok(Err(version)) => {
            let text =
                format!("it is of a newer version of Caisson (its version is {version}): start that one");
            Err(error(text, None))
        }
        Err(source) => {
            let source: sqlx::Error = source;
            Err(error(explain(&source), Some(source)))
        }
    }
}

async fn prepare(
    connection: &mut SqliteConnection,
    version: i64,
) -> Result<(Vec<(String, Amount)>, i64), sqlx::Error> {
    // Nothing is written to a file that is as it should be: its disk may be full.
    if version < VERSION {
        for statement in SCHEMA {
            sqlx::query(*statement).execute(&mut *connection).await?;
        }
        // Last: a server that ends before this does all of it again.
        let done = format!("PRAGMA user_version = {VERSION}");
        sqlx::query(sqlx::AssertSqlSafe(done)).execute(&mut *connection).await?;
    }
    sqlx::query("UPDATE tasks SET state = 0, lost = lost + 1 WHERE state = 1")
        .execute(&mut *connection)
        .await?;
    let next = "SELECT MAX((SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'tasks'), \
                (SELECT COALESCE(MAX(id), 0) FROM batches)) + 1";
    let next_id = sqlx::query(next).fetch_one(&mut *connection).await?.try_get(0)?;
    let rows = sqlx::query("SELECT source, COUNT(*), SUM(bytes) FROM tasks GROUP BY source")
        .fetch_all(&mut *connection)
        .await?;
    let amount = |row: &sqlx::sqlite::SqliteRow| {
        Ok((row.try_get(0)?, Amount { tasks: row.try_get(1)?, bytes: row.try_get(2)? }))
    };
    Ok((rows.iter().map(amount).collect::<Result<_, sqlx::Error>>()?, next_id))
}

/// Makes the file beforehand: SQLite would make it readable by everybody whom the umask lets.
fn create(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path).map(drop)
}

/// What is wrong, and what to do.
pub(crate) fn explain(error: &sqlx::Error) -> String {
    let code = match error {
        sqlx::Error::Database(database) => database.code().and_then(|code| code.parse::<i32>().ok()),
        _ => None,
    };
    // The low byte is the primary code: https://www.sqlite.org/rescode.html
    match code.map(|code| code & 0xff) {
        Some(13) => "the disk is full; make room on it".to_owned(),
        Some(11 | 26) => {
            "the file is damaged or not a database; put back a backup of it, or move it away to start empty"
                .to_owned()
        }
        Some(5 | 6) => {
            "another process holds the file; a data folder belongs to one server: end the other one"
                .to_owned()
        }
        _ => format!("{error}; look at the file and its disk"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::write::{Change, apply};
    use crate::task::Task;
    use std::sync::atomic::AtomicI64;

    /// What version 1 had, as far as it was different.
    const VERSION_1: [&str; 3] = [
        "DROP INDEX ready",
        "CREATE INDEX waiting ON tasks (due, id, service, bytes) WHERE state = 0",
        "PRAGMA user_version = 1",
    ];

    async fn indexes(store: &mut Store) -> Vec<String> {
        let query = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY name";
        let rows = sqlx::query(query).fetch_all(&mut store.connection).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    #[tokio::test]
    async fn a_file_of_version_1_is_brought_up_to_date_with_its_calls() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("background.db");
        for broken_off in [false, true] {
            let mut store = open(&path).await.unwrap();
            for statement in VERSION_1 {
                sqlx::query(statement).execute(&mut store.connection).await.unwrap();
            }
            let task = Task { id: store.next_id, service: "a".to_owned(), due: 7, ..Task::default() };
            let change = Change::Insert { tasks: vec![task], group: None };
            apply(&mut store.connection, &[&change], &AtomicI64::new(0)).await.unwrap();
            // A server has ended in the middle of it.
            if broken_off {
                sqlx::query(SCHEMA[1]).execute(&mut store.connection).await.unwrap();
            }
        }
        let mut store = open(&path).await.unwrap();
        assert_eq!(indexes(&mut store).await, ["others", "ready"]);
        let version = sqlx::query("PRAGMA user_version").fetch_one(&mut store.connection).await.unwrap();
        assert_eq!(version.get::<i64, _>(0), VERSION);
        let waiting = read::waiting(&store.readers, &[("a", 10)]).await.unwrap();
        assert_eq!(waiting[0].iter().map(|one| one.due).collect::<Vec<_>>(), [7, 7]);
    }

    #[tokio::test]
    async fn a_file_of_a_newer_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("background.db");
        let mut store = open(&path).await.unwrap();
        let newer = format!("PRAGMA user_version = {}", VERSION + 1);
        sqlx::query(sqlx::AssertSqlSafe(newer)).execute(&mut store.connection).await.unwrap();
        let error = open(&path).await.unwrap_err().to_string();
        assert!(error.contains("it is of a newer version of Caisson (its version is 3)"), "{error}");
    }
}
