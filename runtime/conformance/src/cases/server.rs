//! What a server does to a capability: it works, is down, goes, comes back.

use crate::stage::{Stage, grant, guard, is_away, is_lost, shown};
use crate::subject::Subject;
use anyhow::{Context as _, Result, anyhow, ensure};
use caisson_capability::usage::Outcome;
use tokio::net::TcpStream;

/// How many calls may find out that their network connection is gone, after a server was restarted while nobody called. A pool
/// may have that many idle ones.
const STALE: u64 = 8;

pub(super) async fn work<S: Subject>(stage: Stage<S>) -> Result<()> {
    // Whoever connects too early does it on a task, which has its chance here, and stands before us in the queue.
    tokio::task::yield_now().await;
    let ours = TcpStream::connect(stage.cut.address()).await?;
    let accepted = guard("our own connection", stage.cut.until(|passed| passed.accepted > 0)).await?.accepted;
    drop(ours);
    ensure!(accepted == 1, "a connection that nobody has used has connected already");
    for number in 1..=3 {
        stage.works(number).await?;
    }
    ensure!(stage.count(Outcome::Ok) == 3, "work is not one `Lease::call` of `{}`", S::OPERATION);
    stage.ping().await?.map_err(|error| anyhow!("ping of a server that is there: {error}"))
}

pub(super) async fn down<S: Subject>(stage: Stage<S>) -> Result<()> {
    stage.cut.down().await;
    stage.put(stage.good()?, vec![grant(S::OPERATION)]);
    for number in 1..=2 {
        is_away(&stage.fails(number).await?)?;
    }
    let Err(error) = stage.ping().await? else {
        return Err(anyhow!("ping of a server that is down has to fail"));
    };
    is_away(&error).context("ping")?;
    stage.cut.up().await?;
    stage.works(3).await.context("now the server is up")?;
    stage.ping().await?.map_err(|error| anyhow!("ping, now the server is up: {error}"))
}

pub(super) async fn lost<S: Subject>(stage: Stage<S>) -> Result<()> {
    stage.works(1).await?;
    stage.cut.hold();
    let call = stage.begin(stage.lease()?, 2);
    stage.held().await?;
    stage.cut.down().await;
    let ended = guard("the end of a call whose server is gone", call).await?.context("work panicked")?;
    let error = ended.err().context("the answer never came, and work was done all the same")?;
    stage.texts.saw_error(&error);
    is_lost(&error)?;
    ensure!(
        error.retryable == S::REPEATABLE,
        "an error is retryable exactly if the work may be done twice, and is {}",
        shown(&error)
    );
    stage.cut.pass();
    stage.cut.up().await?;
    settles(&stage).await.context("now the server is back")
}

pub(super) async fn reconnect<S: Subject>(stage: Stage<S>) -> Result<()> {
    stage.works(1).await?;
    stage.cut.down().await;
    stage.subject.restart().await;
    stage.cut.up().await?;
    settles(&stage).await.context("the server was restarted")
}

/// A few calls may find that the server had gone; then all is well.
async fn settles<S: Subject>(stage: &Stage<S>) -> Result<()> {
    for number in 100..100 + STALE {
        match stage.work(stage.lease()?, number).await? {
            Ok(()) => return stage.works(200).await.context("after a call that was done"),
            // Whether something had gone out depends on who noticed first.
            Err(error) if !S::REPEATABLE => is_lost(&error)?,
            Err(error) => is_away(&error)?,
        }
    }
    stage.works(200).await
}
