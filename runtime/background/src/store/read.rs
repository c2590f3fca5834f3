//! Questions to the file.

use crate::entry::{Entry, Filter, State};
use crate::task::{Group, Millis, Task, kind};
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqlitePool};

type Result<T> = std::result::Result<T, sqlx::Error>;

/// A call whose time has come.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) id: i64,
    pub(crate) service: String,
    pub(crate) bytes: i64,
}

/// A call that is to be made.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) task: Task,
    pub(crate) group: Option<Group>,
    /// How often the server has ended while it was being made.
    pub(crate) lost: i64,
}

/// The calls whose time has come, those that wait longest first; none of these services.
pub(crate) async fn due(pool: &SqlitePool, now: Millis, but: &[&str], most: i64) -> Result<Vec<Due>> {
    let mut query: QueryBuilder<Sqlite> =
        QueryBuilder::new("SELECT id, service, bytes FROM tasks WHERE state = 0 AND due <= ");
    query.push_bind(now);
    if !but.is_empty() {
        query.push(" AND service NOT IN (");
        let mut list = query.separated(", ");
        for service in but {
            list.push_bind((*service).to_owned());
        }
        query.push(")");
    }
    query.push(" ORDER BY due, id LIMIT ").push_bind(most);
    let rows = query.build().fetch_all(pool).await?;
    rows.iter()
        .map(|row| Ok(Due { id: row.try_get(0)?, service: row.try_get(1)?, bytes: row.try_get(2)? }))
        .collect()
}

/// When the next call is due after now.
pub(crate) async fn next_due(pool: &SqlitePool, now: Millis) -> Result<Option<Millis>> {
    let query =
        sqlx::query("SELECT due FROM tasks WHERE state = 0 AND due > ? ORDER BY due LIMIT 1").bind(now);
    query.fetch_optional(pool).await?.map(|row| row.try_get(0)).transpose()
}

/// Whole calls, with their groups.
pub(crate) async fn take(pool: &SqlitePool, ids: &[i64]) -> Result<Vec<Taken>> {
    let mut query: QueryBuilder<Sqlite> =
        QueryBuilder::new("SELECT * FROM tasks WHERE state = 1 AND id IN (");
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(*id);
    }
    query.push(") ORDER BY due, id");
    let mut taken = Vec::new();
    for row in query.build().fetch_all(pool).await? {
        let task = task(&row)?;
        let group = match task.group {
            Some((batch, _)) => group(pool, batch).await?,
            None => None,
        };
        taken.push(Taken { task, group, lost: row.try_get("lost")? });
    }
    Ok(taken)
}

async fn group(pool: &SqlitePool, id: i64) -> Result<Option<Group>> {
    let row = sqlx::query("SELECT * FROM batches WHERE id = ?").bind(id).fetch_optional(pool).await?;
    row.map(|row| {
        Ok(Group {
            id,
            source: row.try_get("source")?,
            is_fanout: row.try_get("fanout")?,
            cid: row.try_get("cid")?,
            environ: row.try_get("environ")?,
            created: row.try_get("created")?,
            size: row.try_get("size")?,
            on_target: names(&row, "on_target")?,
            on_final: names(&row, "on_final")?,
        })
    })
    .transpose()
}

fn names(row: &SqliteRow, column: &str) -> Result<Vec<String>> {
    let text: String = row.try_get(column)?;
    serde_json::from_str(&text).map_err(|error| sqlx::Error::Decode(error.into()))
}

fn task(row: &SqliteRow) -> Result<Task> {
    let batch: Option<i64> = row.try_get("batch")?;
    let place: Option<i64> = row.try_get("place")?;
    let body: Vec<u8> = row.try_get("body")?;
    Ok(Task {
        id: row.try_get("id")?,
        source: row.try_get("source")?,
        service: row.try_get("service")?,
        kind: kind::of(row.try_get("kind")?),
        name: row.try_get("name")?,
        cid: row.try_get("cid")?,
        in_reply_to: row.try_get("in_reply_to")?,
        environ: row.try_get("environ")?,
        traceparent: row.try_get("traceparent")?,
        tracestate: row.try_get("tracestate")?,
        content_type: row.try_get("content_type")?,
        body: body.into(),
        callback: names(row, "callback")?,
        report: row.try_get("report")?,
        created: row.try_get("created")?,
        due: row.try_get("due")?,
        expires: row.try_get("expires")?,
        repeats: row.try_get("repeats")?,
        interval: row.try_get("interval")?,
        attempt: row.try_get("attempt")?,
        waits: row.try_get("waits")?,
        group: batch.zip(place),
    })
}

/// Calls for operators, the newest first.
pub(crate) async fn list(pool: &SqlitePool, filter: &Filter) -> Result<Vec<Entry>> {
    let mut query: QueryBuilder<Sqlite> = QueryBuilder::new(
        "SELECT id, state, service, source, kind, name, cid, created, due, attempt, length(body), reason FROM tasks WHERE 1 = 1",
    );
    if let Some(state) = filter.state {
        query.push(" AND state = ").push_bind(state.number());
    }
    if let Some(service) = &filter.service {
        query.push(" AND service = ").push_bind(service);
    }
    query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(filter.limit));
    query.build().fetch_all(pool).await?.iter().map(entry).collect()
}

fn entry(row: &SqliteRow) -> Result<Entry> {
    let time = |millis: i64| Timestamp::from_millisecond(millis).unwrap_or_default().to_string();
    Ok(Entry {
        id: row.try_get::<i64, _>(0)?.unsigned_abs(),
        state: State::of(row.try_get(1)?),
        service: row.try_get(2)?,
        source: row.try_get(3)?,
        kind: row.try_get(4)?,
        name: row.try_get(5)?,
        cid: row.try_get(6)?,
        created: time(row.try_get(7)?),
        due: time(row.try_get(8)?),
        attempts: row.try_get(9)?,
        bytes: row.try_get::<i64, _>(10)?.unsigned_abs(),
        reason: row.try_get(11)?,
    })
}

/// How many calls are in each state.
pub(crate) async fn counts(pool: &SqlitePool) -> Result<[i64; 3]> {
    let mut counts = [0; 3];
    for row in sqlx::query("SELECT state, COUNT(*) FROM tasks GROUP BY state").fetch_all(pool).await? {
        let state: i64 = row.try_get(0)?;
        if let Some(count) = usize::try_from(state).ok().and_then(|state| counts.get_mut(state)) {
            *count = row.try_get(1)?;
        }
    }
    Ok(counts)
}
