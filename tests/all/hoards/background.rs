//! Calls in the background without end: they are refused at a bound that is the service's own.

use super::{OTHER, beside, hoard, hoarded, setup};
use crate::harness::{Healthy, Server, Tally, eventually};
use serde_json::json;

const LIMITS: &str = "wall_time_ms = 50000\ncpu_time_ms = 20000";

/// Calls that one service may have waiting, in thousands.
const THOUSANDS: u32 = 250;

const FULL: &str = "ErrorKind::QuotaExceeded: too much waits to be called in the background \
                    (limit background_tasks_of_one_service = 250000)";

/// A call of the other service is taken in, and made.
async fn assert_made_beside(server: &Server, text: &str) {
    beside(server, &format!("later {text}")).await.assert_times("later: ok", 1);
    eventually(&format!("the call {text} is made"), async || {
        let noted = server.logged(&format!("service={OTHER}")).await;
        noted.lines().any(|line| line == format!("noted {text}")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn calls_without_end_are_refused_at_a_bound_that_no_restart_lifts() {
    let mut server = setup(LIMITS).start().await;
    let healthy = Healthy::watch(&server);
    let mut taken = 0;
    loop {
        // Groups of a thousand, few in each request: the disk may be slow.
        let tally = hoarded(&server, "groups 20").await;
        taken += tally.times("group: ok");
        if tally.times(&format!("group: {FULL}")) > 0 {
            break;
        }
        assert!(taken <= THOUSANDS, "{taken} groups are taken in");
    }
    assert_eq!(taken, THOUSANDS);
    hoarded(&server, "later more").await.assert_times(&format!("later: {FULL}"), 1);
    assert_made_beside(&server, "meanwhile").await;
    healthy.assert_never_failed(50).await;

    server.restart().await;
    hoarded(&server, "later more").await.assert_times(&format!("later: {FULL}"), 1);
    assert_made_beside(&server, "afterwards").await;
}

#[tokio::test]
async fn calls_that_make_calls_leave_places_for_others() {
    let server = setup(LIMITS).start().await;
    let healthy = Healthy::watch(&server);
    hoarded(&server, "multiplies").await.assert_times("multiply: ok", 4);
    eventually("they have multiplied", async || {
        let metrics = server.admin_get("/metrics").await.text();
        let waiting = metrics.lines().find_map(|line| line.strip_prefix("caisson_background_waiting "));
        waiting.and_then(|number| number.parse::<u64>().ok()).filter(|number| *number > 500).map(drop)
    })
    .await;
    for number in 0..5 {
        assert_made_beside(&server, &format!("among-{number}")).await;
    }
    healthy.assert_never_failed(50).await;
}

#[tokio::test]
async fn what_nobody_should_call_is_refused_with_the_reason_and_nothing_of_it_stays() {
    let server = setup(LIMITS).start().await;
    let answer = hoard(&server, "unfit-calls").await;
    let tally = Tally(answer.good());
    println!("{}", tally.0);
    let of_a_call =
        |what: &str, bytes: usize| format!("{what} of a call in the background has {bytes} bytes");
    for (begins, says, times) in [
        ("body", of_a_call("the message", (8 << 20) + 1), 1),
        ("body", of_a_call("the message", 16 << 20), 1),
        ("name", of_a_call("the name", 201), 1),
        ("cid", of_a_call("the correlation id", 1 << 20), 1),
        ("in-reply-to", of_a_call("in_reply_to", 201), 1),
        ("content-type", of_a_call("the media type", 1 << 20), 1),
        ("environ", "environ of a call in the background has".to_owned(), 2),
        ("report", "the report of a call in the background has".to_owned(), 1),
        ("callback", "33 callbacks are more than 32".to_owned(), 1),
        ("delay", "the delay of a call in the background is".to_owned(), 2),
        ("expires", "the time until it expires of a call in the background is".to_owned(), 1),
        ("retry", "10001 repeats are more than 10000".to_owned(), 1),
        ("retry", "the interval of a call in the background is".to_owned(), 1),
        ("group", "a group of calls in the background needs at least one call".to_owned(), 1),
        ("group", "33 callbacks are more than 32".to_owned(), 1),
        ("group", of_a_call("the correlation id", 201), 1),
    ] {
        tally.assert_times(&format!("{begins}: ErrorKind::InvalidInput: {says}"), times);
    }
    for (begins, times) in [
        ("callback: ErrorKind::NotFound: no service named nobody", 1),
        ("service: ErrorKind::NotFound: no service named", 3),
        ("group: ErrorKind::NotFound: no service named nobody", 1),
        (
            "group: ErrorKind::QuotaExceeded: 1001 calls are more than a group may have (limit group = 1000)",
            1,
        ),
        (
            "group: ErrorKind::QuotaExceeded: 5000 calls are more than a group may have (limit group = 1000)",
            1,
        ),
    ] {
        tally.assert_times(begins, times);
    }
    // A name as long as that is not shown in full.
    assert!(answer.body.len() < 20_000, "{} bytes", answer.body.len());
    assert_eq!(server.admin_get("/api/v1/tasks").await.json(), json!([]));
}
