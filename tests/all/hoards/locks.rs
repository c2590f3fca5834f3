//! Locks that are taken without end, and what is left of them.

use super::{beside, hoard, hoarded, setup};
use crate::harness::{Healthy, Server, Tally, assert_problem, eventually, guest, http1_client, post};
use tokio::task::JoinSet;

/// Of an invocation, as the host has it.
const MOST: u32 = 32;

const REFUSED: &str = "more than 32 locks in one invocation (limit locks): release some first";

/// Short, but for one who waits for a lock for as long as the guest does.
const LIMITS: &str = "wall_time_ms = 6000\ncpu_time_ms = 500\nmemory_bytes = 67108864";

/// A lock can be had, in far less than the time that it was taken for.
async fn assert_free(server: &Server, lock: &str) {
    hoarded(server, &format!("try {lock}")).await.assert_times("had: true", 1);
}

#[tokio::test]
async fn locks_without_end_are_refused_at_a_bound_and_free_with_the_request() {
    let server = setup(LIMITS).start().await;
    let healthy = Healthy::watch(&server);
    for _ in 0..5 {
        let tally = hoarded(&server, "locks 1000").await;
        tally.assert_times("take: ok", MOST);
        tally.assert_times(&format!("take: ErrorKind::QuotaExceeded: {REFUSED}"), 1_000 - MOST);
    }
    for number in [0, MOST - 1] {
        assert_free(&server, &format!("many-{number}")).await;
    }
    healthy.assert_never_failed(20).await;
}

#[tokio::test]
async fn whoever_dies_holding_a_lock_gives_it_back() {
    let server = setup(LIMITS).start().await;
    let healthy = Healthy::watch(&server);
    for (how, status, says) in [
        ("traps", 500, ""),
        ("spins", 500, "limit cpu_time_ms = 500"),
        ("sleeps", 504, "limit wall_time_ms = 6000"),
        ("grows", 500, "limit memory_bytes = 67108864"),
        ("fails", 409, "it was not meant to be"),
    ] {
        println!("{how}");
        for _ in 0..2 {
            assert_problem(&hoard(&server, &format!("dies {how}")).await, status, says);
            assert_free(&server, "mine").await;
        }
    }
    hoarded(&server, "dies not").await.assert_times("hold: ok", 1);
    assert_free(&server, "mine").await;
    healthy.assert_never_failed(20).await;
}

#[tokio::test]
async fn waits_that_are_left_behind_take_no_lock_and_locks_of_others_are_others() {
    // Names are the same for all here, so that one may wait for what another one holds.
    let setup = setup("wall_time_ms = 50000").argument("--shared-names");
    let setup = setup.file("waiter.wasm", guest("hoards"));
    let server = setup.file("waiter.toml", format!("[limits]\n{LIMITS}\n")).start().await;
    let healthy = Healthy::watch(&server);
    let (url, mut held) = (server.url("hoards"), JoinSet::new());
    held.spawn(async move { post(&http1_client(), &url, format!("holds {MOST}")).await });
    eventually("all locks are taken", async || {
        let tally = beside(&server, &format!("try held-{}", MOST - 1)).await;
        (tally.times("had: nothing") == 1).then_some(())
    })
    .await;
    for _ in 0..2 {
        let left = server.post("waiter", "waits 1000").await;
        // Whether a request ends with its answer or with what it left, it ends.
        if left.status == 200 {
            let tally = Tally(left.text());
            tally.assert_times("wait: goes on", MOST);
            tally.assert_times(&format!("wait: ErrorKind::QuotaExceeded: {REFUSED}"), 1_000 - MOST);
        } else {
            assert_problem(&left, 504, "limit wall_time_ms = 6000");
        }
    }
    // A caller that goes away takes its request along, and its locks go to those who still wait.
    held.shutdown().await;
    for number in 0..MOST {
        beside(&server, &format!("try held-{number}")).await.assert_times("had: true", 1);
    }
    healthy.assert_never_failed(20).await;
}

#[tokio::test]
async fn another_package_has_locks_of_its_own() {
    let server = setup("wall_time_ms = 50000").start().await;
    let (url, mut held) = (server.url("hoards"), JoinSet::new());
    held.spawn(async move { post(&http1_client(), &url, "holds 1".to_owned()).await });
    eventually("the lock is taken", async || {
        (hoarded(&server, "try held-0").await.times("had: nothing") == 1).then_some(())
    })
    .await;
    beside(&server, "try held-0").await.assert_times("had: true", 1);
    held.shutdown().await;
    assert_free(&server, "held-0").await;
}

#[tokio::test]
async fn what_is_no_lock_is_refused_with_the_reason() {
    let server = setup(LIMITS).start().await;
    let tally = hoarded(&server, "unfit-locks").await;
    for bytes in [0, 257, 1 << 20, 16 << 20] {
        let says = format!("the name of a lock has 1 to 256 bytes, this one has {bytes}");
        tally.assert_times(&format!("name: ErrorKind::InvalidInput: {says}"), 1);
    }
    for (begins, times) in [
        ("time: ErrorKind::InvalidInput: a lock that is held for no time excludes nobody", 1),
        ("own: ok", 1),
        ("again: ErrorKind::Conflict: this invocation has the lock `a` already", 1),
        ("forged: ErrorKind::InvalidInput: this invocation holds no such lock", 4),
        ("release: true", 1),
        ("twice: ErrorKind::InvalidInput: this invocation holds no such lock", 1),
    ] {
        tally.assert_times(begins, times);
    }
}
