//! PostgreSQL.

mod decode;
mod encode;
mod numeric;

use super::dialect::{Dialect, OptionsOf, Yield};
use crate::error;
use crate::statement::Kind;
use crate::value::{Outcome, TransactionOptions, Value};
use caisson_capability::{BoxFuture, Error};
use futures_util::stream::BoxStream;
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgArguments, PgColumn, PgConnection, PgQueryResult, PgRow, PgStatement};
use sqlx::{
    AssertSqlSafe, Column as _, ConnectOptions as _, Connection as _, Executor as _, Postgres, Row as _,
    SqlSafeStr as _,
};

impl Dialect for Postgres {
    /// The number of the server's process.
    type Facts = i32;

    const KIND: Kind = Kind::Postgres;

    fn facts(conn: &mut PgConnection) -> BoxFuture<'_, sqlx::Result<i32>> {
        Box::pin(async move {
            sqlx::query_scalar("select pg_backend_pid()").persistent(false).fetch_one(conn).await
        })
    }

    fn run(conn: &mut PgConnection, text: String) -> BoxFuture<'_, sqlx::Result<()>> {
        Box::pin(async move { sqlx::raw_sql(AssertSqlSafe(text)).execute(conn).await.map(drop) })
    }

    fn prepare(conn: &mut PgConnection, text: String) -> BoxFuture<'_, sqlx::Result<PgStatement>> {
        conn.prepare(AssertSqlSafe(text).into_sql_str())
    }

    fn fetch(conn: &mut PgConnection, text: String, arguments: PgArguments) -> BoxStream<'_, Yield<Self>> {
        conn.fetch_many(sqlx::query_with(AssertSqlSafe(text), arguments))
    }

    fn arguments(_facts: &i32, statement: &PgStatement, values: &[Value]) -> Result<PgArguments, Error> {
        encode::arguments(statement, values)
    }

    fn readable(column: &PgColumn) -> Result<(), Error> {
        if decode::readable(column.type_info()) {
            return Ok(());
        }
        let (name, kind) = (column.name(), column.type_info());
        Err(error::unfit(format!(
            "the column `{name}` is of type {kind}, which has no form here: write `{name}::text`"
        )))
    }

    fn value(row: &PgRow, index: usize) -> Result<Value, Error> {
        decode::value(row.try_get_raw(index).map_err(error::of)?)
    }

    fn outcome(result: &PgQueryResult) -> Outcome {
        Outcome { affected: result.rows_affected(), last_insert_id: None }
    }

    fn limit(_facts: &i32, millis: u64) -> Option<String> {
        Some(format!("SET statement_timeout = {millis}"))
    }

    /// One round trip. The SELECT takes a snapshot, after which PostgreSQL does not let a transaction become one that writes.
    fn begin(how: TransactionOptions) -> Vec<String> {
        let isolation = how.isolation.map(|level| format!(" ISOLATION LEVEL {}", level.as_sql()));
        let mut text = format!("BEGIN{}", isolation.unwrap_or_default());
        if how.read_only {
            text.push_str(" READ ONLY; SELECT 1");
        }
        vec![text]
    }

    fn end(commit: bool, _read_only: bool) -> Vec<String> {
        vec![if commit { "COMMIT" } else { "ROLLBACK" }.to_owned()]
    }

    fn aborts(_error: &dyn DatabaseError) -> bool {
        true
    }

    fn stop<'a>(options: &'a OptionsOf<Self>, facts: &'a i32) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            // Without a second session the statement ends by statement_timeout, and when the server notices that we are gone.
            if let Ok(mut conn) = options.connect().await {
                drop(Self::run(&mut conn, format!("SELECT pg_terminate_backend({facts})")).await);
                drop(conn.close().await);
            }
        })
    }
}
