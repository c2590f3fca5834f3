//! What a component holds until its request ends, gives up in the middle, or uses after its end.

use super::{SECRETS, SESSIONS, World};
use crate::harness::{Healthy, Tally, assert_problem, eventually};

const LIMITS: &str = "wall_time_ms = 50000\ncpu_time_ms = 10000";

impl World {
    async fn tally(&self, mode: &str) -> Tally {
        let text = self.server.post("leaks", mode.to_owned()).await.good();
        for secret in SECRETS {
            assert!(!text.contains(secret), "{mode}: {text}");
        }
        Tally(text)
    }

    /// What was open is closed, what was not committed is undone, and all sessions can be had again.
    async fn assert_as_before(&self) {
        self.assert_nothing_is_left().await;
        assert_eq!(self.postgres.psql("select count(*) from items"), "0", "what was not committed is kept");
        // A new session takes time, of which `acquire_secs` gives little when the machine is busy.
        eventually("all sessions can be had again", async || {
            let sound = self.tally(&format!("transactions {SESSIONS}")).await;
            (sound.times("take: ok") == SESSIONS).then_some(())
        })
        .await;
        self.assert_nothing_is_left().await;
    }
}

#[tokio::test]
async fn thousands_of_anything_are_refused_at_a_bound_and_gone_with_the_request() {
    let world = World::with("leaks", LIMITS, Vec::new()).await;
    let healthy = Healthy::watch(&world.server);
    // What may be held of each, and what is said at the bound.
    for (mode, most, says) in [
        (
            "transactions 10000",
            SESSIONS,
            "take: ErrorKind::Unavailable: all 4 sessions of the connection are in use",
        ),
        (
            "cursors 10000",
            SESSIONS,
            "take: ErrorKind::Unavailable: all 4 sessions of the connection are in use",
        ),
        ("bodies 2000", 1_024, "take: ErrorKind::QuotaExceeded: too many transactions, cursors and bodies"),
        ("uploads 2000", 1_024, "take: ErrorKind::QuotaExceeded: too many transactions, cursors and bodies"),
    ] {
        let tally = world.tally(mode).await;
        println!("{mode}\n{}", tally.0);
        let held = tally.times("take: ok");
        assert!(held > 0 && held <= most, "{mode}: {held} are held:\n{}", tally.0);
        tally.assert(says);
        world.assert_as_before().await;
    }
    healthy.assert_never_failed(50).await;
}

#[tokio::test]
async fn calls_under_way_carry_no_more_than_a_bound() {
    let world = World::with("leaks", LIMITS, Vec::new()).await;
    let tally = world.tally("large 1000").await;
    tally.assert(
        "query: ErrorKind::QuotaExceeded: the calls of the service that are under way carry more than 64 MiB",
    );
    tally.assert("query: ErrorKind::Unavailable: all 4 sessions");
    world.assert_as_before().await;
}

#[tokio::test]
async fn what_was_given_up_or_has_ended_says_so() {
    let world = World::with("leaks", LIMITS, Vec::new()).await;
    let tally = world.tally("cancelled").await;
    println!("{}", tally.0);
    for given_up in ["query", "fetch", "read", "finish", "begin"] {
        tally.assert(&format!("{given_up}: given up"));
    }
    for after in ["query after", "commit after", "fetch after"] {
        tally
            .assert(&format!("{after}: ErrorKind::InvalidInput: it has ended: an earlier call was given up"));
    }
    tally.assert("read after: ErrorKind::Conflict: this body is being read, or a read of it was broken off");
    tally.assert("finish after: ErrorKind::InvalidInput: this upload is finished");
    world.assert_as_before().await;

    let tally = world.tally("ended").await;
    for how in ["committed", "rolled back"] {
        for what in ["query", "execute", "batch", "commit", "rollback"] {
            tally.assert(&format!("{what}: ErrorKind::InvalidInput: it has ended: it was {how}"));
        }
    }
    world.assert_as_before().await;
}

#[tokio::test]
async fn a_transaction_is_rolled_back_however_its_component_ends() {
    let world = World::with("leaks", "wall_time_ms = 3000\ncpu_time_ms = 500", Vec::new()).await;
    let healthy = Healthy::watch(&world.server);
    for (how, status, says) in
        [("traps", 500, ""), ("spins", 500, "limit cpu_time_ms = 500"), ("waits", 504, "")]
    {
        for _ in 0..SESSIONS + 1 {
            assert_problem(&world.server.post("leaks", how).await, status, says);
        }
        world.assert_as_before().await;
    }
    for _ in 0..SESSIONS + 1 {
        world.tally("forgets").await.assert("execute: ok");
    }
    world.assert_as_before().await;
    healthy.assert_never_failed(50).await;
}
