//! A connection is replaced while it is used.

use crate::stage::{Stage, grant, guard, shown};
use crate::subject::Subject;
use anyhow::{Context as _, Result, anyhow, ensure};
use caisson_capability::Error;
use caisson_capability::connections::Table;
use futures_util::future::try_join_all;
use std::cell::Cell;
use std::time::Duration;
use tokio::sync::watch;

/// Who calls at the same time.
const CALLERS: u64 = 4;

/// How often the connection is replaced.
const CHANGES: u64 = 5;

/// Calls that are made between two changes.
const CALLS: u64 = 12;

pub(super) async fn closed<S: Subject>(stage: Stage<S>) -> Result<()> {
    let lease = stage.lease()?;
    done(stage.work(lease.clone(), 1).await?)?;
    stage.connections.swap(Table::new());
    ensure!(stage.lease().is_err(), "a table without connections");
    done(stage.work(lease.clone(), 2).await?).context("a lease that was there before")?;
    drop(lease);
    stage.all_closed().await.context("a connection that is in no table and has no lease is closed")
}

pub(super) async fn changed<S: Subject>(stage: Stage<S>) -> Result<()> {
    stage.works(1).await?;
    // So that there always are calls under way.
    stage.cut.slow(Duration::from_millis(2));
    let (calls, stop) = (watch::Sender::new(0_u64), Cell::new(false));
    let callers = (1..=CALLERS).map(async |caller| {
        let mut number = caller * 1_000_000;
        while !stop.get() {
            number += 1;
            done(stage.work(stage.lease()?, number).await?)?;
            calls.send_modify(|calls| *calls += 1);
        }
        Ok(())
    });
    let changes = async {
        for _ in 0..CHANGES {
            stage.put(stage.good()?, vec![grant(S::OPERATION)]);
            let enough = *calls.borrow() + CALLS;
            guard("calls after a change", calls.subscribe().wait_for(|calls| *calls >= enough))
                .await?
                .context("calls")?;
        }
        stop.set(true);
        Ok::<_, anyhow::Error>(())
    };
    tokio::try_join!(changes, try_join_all(callers)).map(drop)
}

fn done(ended: Result<(), Error>) -> Result<()> {
    ended.map_err(|error| anyhow!("work has to be done here: {}", shown(&error)))
}
