//! Changes of the file. Many of them are one transaction; each is all or nothing.

use crate::entry::State;
use crate::outcome;
use crate::quota::Amount;
use crate::task::{Group, Millis, Task};
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection as _, QueryBuilder, Row as _, Sqlite, SqliteConnection};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

type Result<T> = std::result::Result<T, sqlx::Error>;

/// Rows of one statement: SQLite takes 32,766 values in one.
const ROWS: usize = 200;

/// A change.
#[derive(Debug)]
pub(crate) enum Change {
    /// Calls come in, with their numbers. Room was taken for them.
    Insert { tasks: Vec<Task>, group: Option<Group> },
    /// Attempts begin.
    Claim { ids: Vec<i64> },
    /// A call is done.
    Done { task: Box<Task>, group: Option<Group>, callbacks: Vec<Task>, item: Option<String>, at: Millis },
    /// A call is to be made again.
    Again { id: i64, due: Millis, repeats: u32, waits: u32, reason: String },
    /// A call has failed for good.
    Dead { id: i64, reason: String, at: Millis },
    /// Attempts were broken off because the server stops.
    Release { ids: Vec<i64> },
    /// An operator wants one that has failed to be made again.
    Revive { id: i64, at: Millis },
    /// An operator wants a call gone that is not being made.
    Remove { id: i64 },
    /// What has failed long ago leaves, and all but so many of the newest.
    Sweep { before: Millis, keep: i64 },
}

/// What a change has done.
#[derive(Debug, Default)]
pub(crate) struct Effect {
    /// Rows that it concerned.
    pub(crate) rows: u64,
    /// Calls that have come in, are no longer waiting, and so on, by who asked for them. Not those that room was taken for.
    pub(crate) amounts: Vec<(String, Amount)>,
    /// By how much the number of calls in each state has changed.
    pub(crate) states: [i64; 3],
    /// Services whose calls have come to wait, and when the first of them is due.
    pub(crate) waiting: Vec<(String, Millis)>,
}

/// Carries out changes, all or none.
pub(crate) async fn apply(
    connection: &mut SqliteConnection,
    changes: &[&Change],
    next_id: &AtomicI64,
) -> Result<Vec<Effect>> {
    let mut open = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut effects = Vec::with_capacity(changes.len());
    let (mut arriving, mut leaving) = (Vec::new(), Vec::new());
    let mut callbacks = Vec::new();
    for change in changes {
        let effect = match change {
            Change::Insert { tasks, group } => {
                if let Some(group) = group {
                    insert_group(&mut open, group).await?;
                }
                arriving.extend(tasks.iter());
                inserted(tasks)
            }
            Change::Done { task, group, callbacks: told, item, at } => {
                leaving.push(task.id);
                let mut told = told.clone();
                if let (Some(group), Some(item), Some((_, place))) = (group, item, task.group) {
                    told.extend(ended_in_group(&mut open, group, place, item, *at).await?);
                }
                for one in &mut told {
                    one.id = next_id.fetch_add(1, Relaxed);
                }
                let effect = done(task, &told);
                callbacks.extend(told);
                effect
            }
            other => small(&mut open, other).await?,
        };
        effects.push(effect);
    }
    arriving.extend(callbacks.iter());
    insert(&mut open, &arriving).await?;
    delete(&mut open, &leaving).await?;
    open.commit().await?;
    Ok(effects)
}

fn amount(tasks: i64, bytes: i64) -> Amount {
    Amount { tasks, bytes }
}

fn length(tasks: &[Task]) -> i64 {
    i64::try_from(tasks.len()).unwrap_or(i64::MAX)
}

fn inserted(tasks: &[Task]) -> Effect {
    let states = [length(tasks), 0, 0];
    Effect { rows: tasks.len() as u64, states, waiting: first_of_each(tasks), ..Effect::default() }
}

/// Of calls of the same service one after the other, the first that is due.
fn first_of_each(tasks: &[Task]) -> Vec<(String, Millis)> {
    let runs = tasks.chunk_by(|one, next| one.service == next.service);
    let first = |run: &[Task]| {
        let due = run.iter().map(|task| task.due).min()?;
        Some((run.first()?.service.clone(), due))
    };
    runs.filter_map(first).collect()
}

fn done(task: &Task, told: &[Task]) -> Effect {
    let mut amounts = vec![(task.source.clone(), amount(-1, -task.bytes()))];
    amounts.extend(told.iter().map(|one| (one.source.clone(), amount(1, one.bytes()))));
    Effect { rows: 1, amounts, states: [length(told), -1, 0], waiting: first_of_each(told) }
}

/// Changes of single rows.
async fn small(connection: &mut SqliteConnection, change: &Change) -> Result<Effect> {
    match change {
        Change::Claim { ids } => {
            let set = "state = 1, attempt = attempt + 1 WHERE state = 0";
            Ok(Effect { waiting: Vec::new(), ..moved(connection, set, ids, [-1, 1, 0]).await? })
        }
        Change::Release { ids } => moved(connection, "state = 0 WHERE state = 1", ids, [1, -1, 0]).await,
        Change::Again { id, due, repeats, waits, reason } => {
            let query = "UPDATE tasks SET state = 0, due = ?, repeats = ?, waits = ?, lost = 0, reason = ? WHERE id = ? \
                         RETURNING service, due";
            let query = sqlx::query(query).bind(due).bind(repeats).bind(waits).bind(reason).bind(id);
            waits_again(&query.fetch_all(connection).await?, [1, -1, 0])
        }
        Change::Dead { id, reason, at } => {
            let query = sqlx::query("UPDATE tasks SET state = 2, due = ?, reason = ? WHERE id = ?");
            let query = query.bind(at).bind(reason).bind(id);
            Ok(counted(query.execute(connection).await?.rows_affected(), [0, -1, 1]))
        }
        Change::Revive { id, at } => {
            let query = "UPDATE tasks SET state = 0, due = ?, waits = 0, lost = 0, expires = NULL WHERE id = ? AND state = 2 \
                         RETURNING service, due";
            waits_again(&sqlx::query(query).bind(at).bind(id).fetch_all(connection).await?, [1, 0, -1])
        }
        Change::Remove { id } => {
            // One of a group stays: its group would wait for it for ever.
            let which = "id = ? AND state <> 1 AND batch IS NULL";
            removed(connection, which, &[*id]).await
        }
        Change::Sweep { before, keep } => {
            let which = "state = 2 AND (due < ? OR id <= (SELECT id FROM tasks WHERE state = 2 ORDER BY id DESC LIMIT 1 OFFSET ?))";
            removed(connection, which, &[*before, *keep]).await
        }
        Change::Insert { .. } | Change::Done { .. } => Ok(Effect::default()),
    }
}

/// Calls come from one state into another.
async fn moved(
    connection: &mut SqliteConnection,
    set: &'static str,
    ids: &[i64],
    states: [i64; 3],
) -> Result<Effect> {
    let mut rows = Vec::new();
    for ids in ids.chunks(ROWS) {
        let mut update: QueryBuilder<Sqlite> = QueryBuilder::new("UPDATE tasks SET ");
        update.push(set).push(" AND id IN (");
        let mut list = update.separated(", ");
        ids.iter().for_each(|id| {
            list.push_bind(*id);
        });
        update.push(") RETURNING service, due");
        rows.extend(update.build().fetch_all(&mut *connection).await?);
    }
    waits_again(&rows, states)
}

fn waits_again(rows: &[SqliteRow], states: [i64; 3]) -> Result<Effect> {
    let waiting = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    Ok(Effect { waiting: waiting.collect::<Result<_>>()?, ..counted(rows.len() as u64, states) })
}

fn counted(rows: u64, states: [i64; 3]) -> Effect {
    let times = i64::try_from(rows).unwrap_or(i64::MAX);
    Effect { rows, states: states.map(|by| by * times), ..Effect::default() }
}

async fn removed(connection: &mut SqliteConnection, which: &str, values: &[i64]) -> Result<Effect> {
    let query = format!("DELETE FROM tasks WHERE {which} RETURNING source, bytes, state");
    let mut query = sqlx::query(sqlx::AssertSqlSafe(query));
    for value in values {
        query = query.bind(*value);
    }
    let mut effect = Effect::default();
    for row in query.fetch_all(connection).await? {
        effect.rows += 1;
        effect.amounts.push((row.try_get(0)?, amount(-1, -row.try_get::<i64, _>(1)?)));
        let state = State::of(row.try_get(2)?).number();
        if let Some(count) = usize::try_from(state).ok().and_then(|state| effect.states.get_mut(state)) {
            *count -= 1;
        }
    }
    Ok(effect)
}

fn list(names: &[String]) -> String {
    serde_json::Value::from(names).to_string()
}

async fn insert_group(connection: &mut SqliteConnection, group: &Group) -> Result<()> {
    sqlx::query(
        "INSERT INTO batches (id, unfinished, source, fanout, cid, environ, created, size, on_target, on_final) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(group.id)
    .bind(group.size)
    .bind(&group.source)
    .bind(group.is_fanout)
    .bind(&group.cid)
    .bind(&group.environ)
    .bind(group.created)
    .bind(group.size)
    .bind(list(&group.on_target))
    .bind(list(&group.on_final))
    .execute(connection)
    .await
    .map(drop)
}

/// A call of a group has ended. After the last one, the group leaves, and those who are told of all come in.
async fn ended_in_group(
    connection: &mut SqliteConnection,
    group: &Group,
    place: i64,
    item: &str,
    at: Millis,
) -> Result<Vec<Task>> {
    if !group.on_final.is_empty() {
        let query = sqlx::query("INSERT OR REPLACE INTO items (batch, place, item) VALUES (?, ?, ?)");
        query.bind(group.id).bind(place).bind(item).execute(&mut *connection).await?;
    }
    let query = "UPDATE batches SET unfinished = unfinished - 1 WHERE id = ? RETURNING unfinished";
    let row = sqlx::query(query).bind(group.id).fetch_optional(&mut *connection).await?;
    let unfinished: Option<i64> = row.map(|row| row.try_get(0)).transpose()?;
    if unfinished.is_none_or(|number| number > 0) {
        return Ok(Vec::new());
    }
    let query = sqlx::query("SELECT item FROM items WHERE batch = ? ORDER BY place").bind(group.id);
    let rows = query.fetch_all(&mut *connection).await?;
    let items = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>>>()?;
    for table in ["DELETE FROM items WHERE batch = ?", "DELETE FROM batches WHERE id = ?"] {
        sqlx::query(table).bind(group.id).execute(&mut *connection).await?;
    }
    Ok(outcome::finals(group, &items, at))
}

async fn insert(connection: &mut SqliteConnection, tasks: &[&Task]) -> Result<()> {
    for tasks in tasks.chunks(ROWS) {
        let mut query: QueryBuilder<Sqlite> = QueryBuilder::new(
            "INSERT INTO tasks (id, state, source, service, kind, name, cid, in_reply_to, environ, traceparent, tracestate, \
             content_type, body, callback, report, created, due, expires, repeats, interval, attempt, waits, batch, place, bytes) ",
        );
        query.push_values(tasks, |mut row, task| {
            row.push_bind(task.id).push_bind(State::Waiting.number());
            row.push_bind(&task.source).push_bind(&task.service).push_bind(task.kind).push_bind(&task.name);
            row.push_bind(&task.cid).push_bind(&task.in_reply_to).push_bind(&task.environ);
            row.push_bind(&task.traceparent).push_bind(&task.tracestate).push_bind(&task.content_type);
            row.push_bind(&task.body[..]).push_bind(list(&task.callback)).push_bind(&task.report);
            row.push_bind(task.created).push_bind(task.due).push_bind(task.expires);
            row.push_bind(task.repeats)
                .push_bind(task.interval)
                .push_bind(task.attempt)
                .push_bind(task.waits);
            let (batch, place) = task.group.unzip();
            row.push_bind(batch).push_bind(place).push_bind(task.bytes());
        });
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

async fn delete(connection: &mut SqliteConnection, ids: &[i64]) -> Result<()> {
    for ids in ids.chunks(ROWS) {
        let mut query: QueryBuilder<Sqlite> = QueryBuilder::new("DELETE FROM tasks WHERE id IN (");
        let mut list = query.separated(", ");
        ids.iter().for_each(|id| {
            list.push_bind(*id);
        });
        query.push(")");
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}
