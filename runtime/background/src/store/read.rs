//! Questions to the file.

use crate::entry::{Entry, Filter, State};
use crate::task::{Group, Millis, Task, kind};
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqlitePool};

type Result<T> = std::result::Result<T, sqlx::Error>;

/// A call that waits.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) id: i64,
    pub(crate) due: Millis,
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

/// Services that are asked for in one statement: SQLite puts 500 together at most.
const TOGETHER: usize = 64;

/// From each service to the next one, over however many calls there are between them.
const FIRST_OF_ALL: &str = "WITH RECURSIVE services (service) AS (\
     SELECT * FROM (SELECT service FROM tasks WHERE state = 0 ORDER BY service LIMIT 1) UNION ALL \
     SELECT (SELECT service FROM tasks WHERE state = 0 AND service > services.service ORDER BY service LIMIT 1) \
     FROM services WHERE service IS NOT NULL) \
     SELECT service, (SELECT due FROM tasks WHERE state = 0 AND tasks.service = services.service ORDER BY due LIMIT 1) \
     FROM services WHERE service IS NOT NULL";

/// The first calls that wait of each of these services, so many at most, in the order in which they are made.
pub(crate) async fn waiting(pool: &SqlitePool, services: &[(&str, usize)]) -> Result<Vec<Vec<Waiting>>> {
    let mut found = Vec::with_capacity(services.len());
    for services in services.chunks(TOGETHER) {
        let mut of_these: Vec<Vec<Waiting>> = services.iter().map(|_| Vec::new()).collect();
        for row in of_services(services).build().fetch_all(pool).await? {
            let place: i64 = row.try_get(0)?;
            let of_one = usize::try_from(place).ok().and_then(|place| of_these.get_mut(place));
            let one = Waiting { id: row.try_get(1)?, due: row.try_get(2)?, bytes: row.try_get(3)? };
            of_one.into_iter().for_each(|of_one| of_one.push(one.clone()));
        }
        found.append(&mut of_these);
    }
    Ok(found)
}

fn of_services(services: &[(&str, usize)]) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("");
    for (place, (service, most)) in (0_i64..).zip(services) {
        query.push(if place == 0 { "SELECT * FROM (SELECT " } else { " UNION ALL SELECT * FROM (SELECT " });
        query.push(place).push(" AS place, id, due, bytes FROM tasks WHERE state = 0 AND service = ");
        query.push_bind((*service).to_owned()).push(" ORDER BY due, id LIMIT ");
        query.push_bind(i64::try_from(*most).unwrap_or(i64::MAX)).push(")");
    }
    query
}

/// The services whose calls wait, and when the first call of each is due.
pub(crate) async fn services(pool: &SqlitePool) -> Result<Vec<(String, Millis)>> {
    let rows = sqlx::query(FIRST_OF_ALL).fetch_all(pool).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, open};
    use tempfile::TempDir;

    async fn store() -> (Store, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (open(&folder.path().join("background.db")).await.unwrap(), folder)
    }

    async fn insert(store: &mut Store, service: &str, state: i64, due: Millis) {
        let insert = "INSERT INTO tasks (state, source, service, kind, cid, body, callback, created, due, repeats, interval, \
                      attempt, waits, bytes) VALUES (?, '', ?, '', '', '', '[]', 0, ?, 0, 0, 0, 0, 0)";
        let insert = sqlx::query(insert).bind(state).bind(service).bind(due);
        insert.execute(&mut store.connection).await.unwrap();
    }

    #[tokio::test]
    async fn calls_of_services_are_found_in_the_index_in_their_order() {
        let (store, _folder) = store().await;
        let query = of_services(&[("a", 2), ("b", 1)]);
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", query.sql().as_str()));
        let explain = sqlx::query(explain).bind("a").bind(2).bind("b").bind(1);
        let rows = explain.fetch_all(&store.readers).await.unwrap();
        let steps: Vec<String> = rows.iter().map(|row| row.get(3)).collect();
        let search = "SEARCH tasks USING COVERING INDEX ready (service=?)";
        assert_eq!(steps.iter().filter(|step| *step == search).count(), 2, "{steps:?}");
        let slow = |step: &&String| step.contains("SCAN tasks") || step.contains("TEMP B-TREE");
        assert_eq!(steps.iter().find(slow), None, "{steps:?}");
    }

    #[tokio::test]
    async fn each_of_many_services_is_answered_for_itself() {
        let (mut store, _folder) = store().await;
        let names: Vec<String> = (0..150).map(|number| format!("s{number}")).collect();
        for (due, name) in (0_i64..).zip(&names) {
            insert(&mut store, name, 0, 1_000).await;
            insert(&mut store, name, 0, due).await;
        }
        let mut asked: Vec<(&str, usize)> = names.iter().map(|name| (name.as_str(), 1)).collect();
        asked.extend([("s7", 5), ("nobody", 5)]);
        let found = waiting(&store.readers, &asked).await.unwrap();
        let dues: Vec<Vec<Millis>> =
            found.iter().map(|of_one| of_one.iter().map(|one| one.due).collect()).collect();
        assert_eq!(dues[..150], (0..150).map(|due| vec![due]).collect::<Vec<_>>());
        assert_eq!(dues[150..], [vec![7, 1_000], vec![]]);
        assert!(waiting(&store.readers, &[]).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn each_service_is_told_with_its_first_call_that_waits() {
        let (mut store, _folder) = store().await;
        assert_eq!(services(&store.readers).await.unwrap(), []);
        let calls =
            [("b", 0, 9), ("b", 0, 7), ("a\0", 0, 5), ("a", 0, 6), ("", 0, 4), ("c", 2, 1), ("b", 1, 1)];
        for (service, state, due) in calls {
            insert(&mut store, service, state, due).await;
        }
        let expected =
            [("", 4), ("a", 6), ("a\0", 5), ("b", 7)].map(|(service, due)| (service.to_owned(), due));
        assert_eq!(services(&store.readers).await.unwrap(), expected);
    }
}
