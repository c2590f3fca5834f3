//! SQLite: a file, and a thread for each session.

use super::dialect::{Dialect, OptionsOf, Yield};
use crate::error;
use crate::statement::Kind;
use crate::value::{Outcome, Scalar, TransactionOptions, Value};
use caisson_capability::{BoxFuture, Error};
use futures_util::stream::BoxStream;
use sqlx::error::DatabaseError;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteQueryResult, SqliteRow, SqliteStatement};
use sqlx::{
    Arguments as _, AssertSqlSafe, Decode, Executor as _, Row as _, SqlSafeStr as _, Sqlite, TypeInfo as _,
    ValueRef as _,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// How often a running statement looks whether it is still wanted, in SQLite's own steps.
const STEPS: i32 = 2_000;

/// How a session is told to stop.
#[derive(Debug)]
pub(crate) struct Facts {
    watch: Arc<Watch>,
}

#[derive(Debug)]
struct Watch {
    began: Instant,
    stopped: AtomicBool,
    /// How long a statement may take, in milliseconds; 0 without limit.
    limit_ms: AtomicU64,
    /// When the one that runs has to end, in milliseconds from `began`.
    ends_ms: AtomicU64,
}

impl Watch {
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A statement begins.
    fn begin(&self) {
        let limit = self.limit_ms.load(Relaxed);
        self.ends_ms.store(if limit == 0 { u64::MAX } else { self.now().saturating_add(limit) }, Relaxed);
    }

    fn goes_on(&self) -> bool {
        !self.stopped.load(Relaxed) && self.now() < self.ends_ms.load(Relaxed)
    }
}

impl Dialect for Sqlite {
    type Facts = Facts;

    const KIND: Kind = Kind::Sqlite;

    fn facts(conn: &mut SqliteConnection) -> BoxFuture<'_, sqlx::Result<Facts>> {
        Box::pin(async move {
            let watch = Arc::new(Watch {
                began: Instant::now(),
                stopped: AtomicBool::new(false),
                limit_ms: AtomicU64::new(0),
                ends_ms: AtomicU64::new(u64::MAX),
            });
            let watched = Arc::clone(&watch);
            conn.lock_handle().await?.set_progress_handler(STEPS, move || watched.goes_on());
            Ok(Facts { watch })
        })
    }

    fn run(conn: &mut SqliteConnection, text: String) -> BoxFuture<'_, sqlx::Result<()>> {
        Box::pin(async move { sqlx::raw_sql(AssertSqlSafe(text)).execute(conn).await.map(drop) })
    }

    fn prepare(conn: &mut SqliteConnection, text: String) -> BoxFuture<'_, sqlx::Result<SqliteStatement>> {
        conn.prepare(AssertSqlSafe(text).into_sql_str())
    }

    fn fetch(
        conn: &mut SqliteConnection,
        text: String,
        arguments: SqliteArguments,
    ) -> BoxStream<'_, Yield<Self>> {
        conn.fetch_many(sqlx::query_with(AssertSqlSafe(text), arguments))
    }

    fn arguments(
        _facts: &Facts,
        _statement: &SqliteStatement,
        values: &[Value],
    ) -> Result<SqliteArguments, Error> {
        let mut arguments = SqliteArguments::default();
        for (at, value) in values.iter().enumerate() {
            add(&mut arguments, value)
                .map_err(|why| error::unfit(format!("value {} is {} {why}", at + 1, value.kind())))?;
        }
        Ok(arguments)
    }

    fn value(row: &SqliteRow, index: usize) -> Result<Value, Error> {
        let raw = row.try_get_raw(index).map_err(error::of)?;
        if raw.is_null() {
            return Ok(Value::NULL);
        }
        // What a value is says the value, not the column.
        let kind = raw.type_info().into_owned();
        let wrong = |_error| {
            error::garbled("SQLite gave a text that is not UTF-8: select it as a blob, `CAST(... AS BLOB)`")
        };
        Ok(Value::Scalar(match kind.name() {
            "INTEGER" | "BOOLEAN" => Scalar::Int(<i64 as Decode<'_, Sqlite>>::decode(raw).map_err(wrong)?),
            "REAL" => Scalar::Double(<f64 as Decode<'_, Sqlite>>::decode(raw).map_err(wrong)?),
            "BLOB" => Scalar::Bytes(<Vec<u8> as Decode<'_, Sqlite>>::decode(raw).map_err(wrong)?),
            _ => Scalar::Text(<String as Decode<'_, Sqlite>>::decode(raw).map_err(wrong)?),
        }))
    }

    fn outcome(result: &SqliteQueryResult) -> Outcome {
        let id = Some(result.last_insert_rowid()).filter(|id| *id != 0);
        Outcome { affected: result.rows_affected(), last_insert_id: id }
    }

    fn limit(facts: &Facts, millis: u64) -> Option<String> {
        facts.watch.limit_ms.store(millis, Relaxed);
        facts.watch.begin();
        None
    }

    fn starts(facts: &Facts) {
        facts.watch.begin();
    }

    /// A transaction that writes takes the lock at once: two that read first and write later would wait for each other.
    fn begin(how: TransactionOptions) -> Vec<String> {
        if how.read_only {
            vec!["PRAGMA query_only = 1".to_owned(), "BEGIN".to_owned()]
        } else {
            vec!["BEGIN IMMEDIATE".to_owned()]
        }
    }

    fn end(commit: bool, read_only: bool) -> Vec<String> {
        let mut all = vec![if commit { "COMMIT" } else { "ROLLBACK" }.to_owned()];
        if read_only {
            all.push("PRAGMA query_only = 0".to_owned());
        }
        all
    }

    /// After these SQLite may have rolled back by itself.
    fn aborts(error: &dyn DatabaseError) -> bool {
        let code = error.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or_default();
        matches!(code & 0xff, 7 | 9 | 10 | 13)
    }

    fn interrupt(facts: &Facts) {
        facts.watch.stopped.store(true, Relaxed);
    }

    fn stop<'a>(_options: &'a OptionsOf<Self>, _facts: &'a Facts) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}

fn add(arguments: &mut SqliteArguments, value: &Value) -> Result<(), String> {
    let Value::Scalar(scalar) = value else {
        return Err(
            "which SQLite does not have: write one placeholder for each element, or give JSON".to_owned()
        );
    };
    let added = match scalar {
        Scalar::Null => arguments.add(None::<i64>),
        Scalar::Boolean(yes) => arguments.add(i64::from(*yes)),
        Scalar::Int(number) => arguments.add(*number),
        Scalar::Unsigned(number) => {
            arguments.add(i64::try_from(*number).map_err(|_| "that is larger than SQLite's integers")?)
        }
        Scalar::Double(number) => arguments.add(*number),
        Scalar::Bytes(bytes) => arguments.add(bytes.clone()),
        other => arguments.add(other.text().unwrap_or_default().to_owned()),
    };
    added.map_err(|error| format!("that cannot be sent: {error}"))
}
