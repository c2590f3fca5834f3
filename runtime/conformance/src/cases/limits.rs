//! What may not be done, what takes too long, what is given up, what has to wait.

use crate::stage::{SERVICE, SHORT, Stage, grant, guard, policy, shown};
use crate::subject::Subject;
use anyhow::{Context as _, Result, anyhow, ensure};
use caisson_capability::policy::Enforcement;
use caisson_capability::usage::Outcome;
use caisson_capability::{Error, ErrorKind, Policy};

pub(super) async fn denied<S: Subject>(stage: Stage<S>) -> Result<()> {
    for grants in [vec![], vec![grant("something-else")]] {
        stage.put(stage.good()?, grants);
        let error = stage.fails(1).await?;
        ensure!(error.kind == ErrorKind::AccessDenied, "no grant allows it, and it is {}", shown(&error));
        for part in [SERVICE, S::OPERATION, "under-test"] {
            ensure!(
                error.message.contains(part),
                "`{part}` of the grant to add is not in `{}`",
                error.message
            );
        }
    }
    ensure!(
        (stage.count(Outcome::Refused), stage.refusals()) == (2, 2),
        "each refusal is counted and witnessed once"
    );
    let accepted = stage.cut.passed().accepted;
    ensure!(accepted == 0, "a call that was refused reached the server");
    let observed = Policy { enforcement: Enforcement::Observe, ..policy() };
    stage.put(stage.make(&stage.subject.options(stage.cut.address()), observed)?, vec![]);
    stage.works(2).await.context("a connection that only observes")?;
    ensure!(stage.count(Outcome::Observed) == 1, "what is let through is counted");
    Ok(())
}

pub(super) async fn deadline<S: Subject>(stage: Stage<S>) -> Result<()> {
    stage.works(1).await?;
    stage.cut.hold();
    is_late(&stage, stage.work(stage.lease_within(SHORT)?, 2).await?)?;
    stage.cut.pass();
    stage.works(3).await.context("after a call that was too slow")?;
    let mut late = 1;
    if let Some(slow) = stage.subject.slow(stage.lease_within(SHORT)?) {
        is_late(&stage, guard("slow work", slow).await?).context("slow work")?;
        late += 1;
        stage.works(4).await.context("after slow work")?;
    }
    let counted = stage.count(Outcome::Timeout);
    ensure!(counted == late, "{late} calls were too slow, and {counted} are counted");
    Ok(())
}

fn is_late<S: Subject>(stage: &Stage<S>, ended: Result<(), Error>) -> Result<()> {
    let error = ended.err().context("the answer came after the deadline, and work was done all the same")?;
    stage.texts.saw_error(&error);
    ensure!(error.kind == ErrorKind::Timeout, "the deadline has passed, and it is {}", shown(&error));
    Ok(())
}

pub(super) async fn cancelled<S: Subject>(stage: Stage<S>) -> Result<()> {
    // With one network connection, a place that is lost is missed at once.
    single(&stage)?;
    stage.works(1).await?;
    for number in [2, 3] {
        stage.cut.hold();
        let call = stage.begin(stage.lease()?, number);
        stage.held().await?;
        call.abort();
        ensure!(
            guard("the end of a call that is cancelled", call).await?.is_err(),
            "the answer is still held back"
        );
        stage.cut.pass();
        stage.works(number + 10).await.context("after a call that was cancelled")?;
    }
    let counted = stage.count(Outcome::Cancelled);
    ensure!(counted == 2, "2 calls were cancelled, and {counted} are counted");
    Ok(())
}

/// Puts in a connection that makes one call at a time. Says whether it is its pool that sees to that, and not the layers.
fn single<S: Subject>(stage: &Stage<S>) -> Result<bool> {
    let single = stage.subject.single(stage.cut.address());
    let live = match &single {
        Some(options) => stage.make(options, policy())?,
        None => {
            let options = stage.subject.options(stage.cut.address());
            stage.make(&options, Policy { max_concurrent: 1, ..policy() })?
        }
    };
    stage.put(live, vec![grant(S::OPERATION)]);
    Ok(single.is_some())
}

pub(super) async fn exhausted<S: Subject>(stage: Stage<S>) -> Result<()> {
    let is_pooled = single(&stage)?;
    stage.works(1).await?;
    let before = stage.cut.passed().accepted;
    stage.cut.hold();
    let first = stage.begin(stage.lease()?, 2);
    stage.held().await?;
    let second = stage.work(stage.lease_within(SHORT)?, 3).await?;
    let error =
        second.err().context("the only network connection is taken, and work was done all the same")?;
    ensure!(
        matches!(error.kind, ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::QuotaExceeded),
        "a pool that is exhausted is {}",
        shown(&error)
    );
    let third = stage.begin(stage.lease()?, 4);
    stage.cut.pass();
    for (which, call) in [("first", first), ("waiting", third)] {
        let ended = guard("a call that had its turn", call).await?.context("work panicked")?;
        ended.map_err(|error| anyhow!("the {which} call: {}", shown(&error)))?;
    }
    stage.works(5).await?;
    let more = stage.cut.passed().accepted - before;
    ensure!(!is_pooled || more == 0, "more calls than its one network connection opened {more} others");
    Ok(())
}
