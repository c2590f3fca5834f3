//! `caisson:sql`: its functions, and the handles that they give.

mod statements;

use crate::bindings::caisson::sql::client::{self, Isolation, TransactionOptions};
use crate::run::Run;
use crate::values::{connection, most};
use arbitrary::{Result, Unstructured};
use statements::{sets, statement};

const CONNECTIONS: &[&str] = &["db", "db", "db", "file", "file", "read-db", "closed-db"];

pub(crate) async fn step(data: &mut Unstructured<'_>, run: &mut Run) -> Result<()> {
    match data.int_in_range(0..=9_u8)? {
        0..=1 => {
            let (to, statement) = (connection(data, CONNECTIONS)?, statement(data)?);
            run.call(data, "sql query", client::query(to, statement)).await?;
        }
        2 => {
            let (to, statement) = (connection(data, CONNECTIONS)?, statement(data)?);
            run.call(data, "sql execute", client::execute(to, statement)).await?;
        }
        3 => {
            let (to, (text, sets)) = (connection(data, CONNECTIONS)?, sets(data)?);
            run.call(data, "sql batch", client::batch(to, text, sets)).await?;
        }
        4 => {
            let (to, statement) = (connection(data, CONNECTIONS)?, statement(data)?);
            let cursor = run.call(data, "sql open", client::open(to, statement)).await?;
            run.cursors.extend(cursor);
        }
        5 => cursor(data, run).await?,
        6 => {
            let (to, options) = (connection(data, CONNECTIONS)?, options(data)?);
            let transaction = run.call(data, "sql begin", client::begin(to, options)).await?;
            run.transactions.extend(transaction);
        }
        _ => transaction(data, run).await?,
    }
    Ok(())
}

fn options(data: &mut Unstructured<'_>) -> Result<TransactionOptions> {
    let isolation = *data.choose(&[
        None,
        None,
        Some(Isolation::ReadUncommitted),
        Some(Isolation::ReadCommitted),
        Some(Isolation::RepeatableRead),
        Some(Isolation::Serializable),
    ])?;
    Ok(TransactionOptions { isolation, read_only: data.ratio(1, 5)? })
}

async fn cursor(data: &mut Unstructured<'_>, run: &mut Run) -> Result<()> {
    let Some(cursor) = run.cursors.pop() else { return Ok(()) };
    cursor.columns();
    run.called("sql cursor.columns");
    let want = most(data)?;
    if data.ratio(1, 4)? {
        // Both at once: the second finds it taken.
        let (one, two) = futures_util::future::join(cursor.fetch(want), cursor.fetch(want)).await;
        run.note("sql cursor.fetch", Some(one));
        run.note("sql cursor.fetch", Some(two));
    } else {
        run.call(data, "sql cursor.fetch", cursor.fetch(want)).await?;
    }
    if data.ratio(2, 3)? {
        run.cursors.push(cursor);
    }
    Ok(())
}

async fn transaction(data: &mut Unstructured<'_>, run: &mut Run) -> Result<()> {
    let Some(one) = run.transactions.pop() else { return Ok(()) };
    match data.int_in_range(0..=6_u8)? {
        0..=1 => {
            let statement = statement(data)?;
            run.call(data, "sql transaction.query", one.query(statement)).await?;
        }
        2 => {
            let statement = statement(data)?;
            run.call(data, "sql transaction.execute", one.execute(statement)).await?;
        }
        3 => {
            let (text, sets) = sets(data)?;
            run.call(data, "sql transaction.batch", one.batch(text, sets)).await?;
        }
        4 => drop(run.call(data, "sql transaction.commit", one.commit()).await?),
        5 => drop(run.call(data, "sql transaction.rollback", one.rollback()).await?),
        _ => {
            let statement = statement(data)?;
            let (asked, ended) = futures_util::future::join(one.query(statement), one.commit()).await;
            run.note("sql transaction.query", Some(asked));
            run.note("sql transaction.commit", Some(ended));
        }
    }
    // Kept after its end as well: whatever comes then is refused.
    if data.ratio(3, 4)? {
        run.transactions.push(one);
    }
    Ok(())
}
