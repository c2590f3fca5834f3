//! Caches that are filled without end: they forget, and nobody else's do.

use super::{beside, hoard, hoarded, setup};
use crate::harness::{HANG, Healthy, assert_problem, http1_client, post};
use tokio::task::JoinSet;

const LIMITS: &str = "wall_time_ms = 50000\ncpu_time_ms = 20000";

#[tokio::test]
async fn entries_values_and_caches_without_end_stay_within_bounds_and_others_keep_theirs() {
    let server = setup(LIMITS).start().await;
    let healthy = Healthy::watch(&server);
    beside(&server, "remember before").await.assert_times("remember: ok", 1);

    let tally = hoarded(&server, "entries 30000").await;
    tally.assert_times("put: ok", 30);
    tally.assert_times("entries: 10000", 1);
    // Of the largest values, as many as fit into a quarter of all memory for caches.
    let tally = hoarded(&server, "values 200").await;
    tally.assert_times("put: ok", 200);
    tally.assert_times("entries: 63", 1);
    tally.assert_times("all: ErrorKind::QuotaExceeded: the values have more than 16 MiB together", 1);
    let tally = hoarded(&server, "caches 1000").await;
    tally.assert_times("make: ok", 63);
    tally.assert_times("make: ErrorKind::QuotaExceeded: there are 64 caches already", 937);

    beside(&server, "recall").await.assert_times("known: before", 1);
    // As much again, until all the memory would be used up by two.
    for _ in 0..3 {
        hoarded(&server, "values 200").await.assert_times("entries: 63", 1);
    }
    beside(&server, "recall").await.assert_times("known: before", 1);
    healthy.assert_never_failed(20).await;
}

#[tokio::test]
async fn what_fits_into_no_cache_is_refused_with_the_reason() {
    let server = setup(LIMITS).start().await;
    let healthy = Healthy::watch(&server);
    let tally = hoarded(&server, "unfit-caches").await;
    println!("{}", tally.0);
    for (begins, times) in [
        ("value: ErrorKind::InvalidInput: a value has at most 1048576 bytes, this one has 1048577", 1),
        ("value: ErrorKind::InvalidInput: a value has at most 1048576 bytes, this one has 16777216", 1),
        ("key: ErrorKind::InvalidInput: a key has 1 to 1024 bytes, this one has 0", 1),
        ("key: ErrorKind::InvalidInput: a key, or a text to find keys by, has 1025 bytes: at most 1024", 1),
        ("key: ErrorKind::InvalidInput: a key, or a text to find keys by, has 1048576 bytes", 1),
        ("name: ErrorKind::InvalidInput: the name of a cache has 1 to 128 bytes, this one has 0", 2),
        ("name: ErrorKind::InvalidInput: the name of a cache has 1 to 128 bytes, this one has 129", 2),
        ("name: ErrorKind::InvalidInput: the name of a cache has 1 to 128 bytes, this one has 1048576", 2),
        ("keys: ErrorKind::QuotaExceeded: 10001 keys at once: give at most 10000", 1),
        ("keys: ErrorKind::QuotaExceeded: 100000 keys at once: give at most 10000", 1),
        ("which: ErrorKind::QuotaExceeded: 65 texts at once: give at most 64", 6),
        ("which: ErrorKind::InvalidInput: a key, or a text to find keys by, has 1048576 bytes", 6),
        ("which: ErrorKind::InvalidInput: the regular expression cannot be used", 9),
        ("which: ok", 0),
        ("far: ok", 1),
    ] {
        tally.assert_times(begins, times);
    }
    // More than the host takes out of a guest in one call: that is no answer any more, but the end.
    for _ in 0..2 {
        assert_problem(&hoard(&server, "large 33554432").await, 500, "limit answer_bytes = 16777216");
    }
    hoarded(&server, "large 1048576").await.assert_times("large: ok", 1);
    healthy.assert_never_failed(20).await;
}

#[tokio::test]
async fn a_search_that_takes_long_ends_with_the_time_of_the_service_and_holds_nobody_up() {
    let server = setup("wall_time_ms = 10000\ncpu_time_ms = 2000").start().await;
    let healthy = Healthy::watch(&server);
    let mut calls = JoinSet::new();
    // More than the server has threads, on most machines: nobody may be held up who waits for one.
    for _ in 0..8 {
        let url = server.url("hoards");
        calls.spawn(async move { post(&http1_client(), &url, "search").await.unwrap() });
    }
    let ended = tokio::time::timeout(HANG, calls.join_all()).await.expect("the search goes on");
    for answer in ended {
        // Refused with an error value, or stopped by a limit.
        let is_bounded = answer.status == 200 || answer.text().contains("limit ");
        assert!(is_bounded, "{}: {}", answer.status, answer.text());
    }
    healthy.assert_never_failed(20).await;
}
