//! Calls in the background without end, and those that nobody should make.

use crate::bindings::caisson::service::background::{
    Group, Origin, Pattern, Retry, Task, enqueue, enqueue_group,
};
use crate::tally::Tally;
use futures_util::future::join_all;

/// Calls of a group.
const GROUP: usize = 1_000;

/// Groups under way at the same time.
const TOGETHER: u32 = 4;

const DAY_MS: u64 = 24 * 3_600 * 1_000;

fn call(service: &str, body: &str) -> Task {
    Task {
        service: service.to_owned(),
        content_type: None,
        body: body.as_bytes().to_vec(),
        origin: Origin::Call,
        name: None,
        cid: None,
        in_reply_to: None,
        environ: None,
        delay_ms: 0,
        expires_ms: None,
        retry: None,
        callback: Vec::new(),
        report: None,
    }
}

/// Calls that nobody lives to see.
fn group(size: usize, service: &str) -> Group {
    let one = Task { delay_ms: 365 * DAY_MS, ..call(service, "note never") };
    Group {
        pattern: Pattern::Parallel,
        tasks: vec![one; size],
        on_target: Vec::new(),
        on_final: Vec::new(),
        cid: None,
    }
}

/// Hands over so many groups.
pub(crate) async fn groups(count: u32, own: &str, tally: &mut Tally) {
    for begin in (0..count).step_by(TOGETHER as usize) {
        let some = (begin..count.min(begin + TOGETHER)).map(|_| enqueue_group(group(GROUP, own)));
        for answer in join_all(some).await {
            tally.note("group", answer);
        }
    }
}

/// Each call makes four.
pub(crate) async fn multiply(own: &str, tally: &mut Tally) {
    for answer in join_all((0..4).map(|_| enqueue(call(own, "multiplies")))).await {
        tally.note("multiply", answer);
    }
}

/// Has itself called, to leave a note.
pub(crate) async fn note(text: &str, own: &str, tally: &mut Tally) {
    tally.note("later", enqueue(call(own, &format!("note {text}"))).await);
}

/// Whatever is too long, too large, too late, or for nobody.
pub(crate) async fn unfit(own: &str, tally: &mut Tally) {
    let plain = || call(own, "");
    let long = |bytes: usize| Some("x".repeat(bytes));
    let object = |bytes: usize| Some(format!("{{\"k\": \"{}\"}}", "x".repeat(bytes)));
    let retry = |repeats, interval_ms| Some(Retry { repeats, interval_ms });
    for (what, task) in [
        ("body", Task { body: vec![b'x'; (8 << 20) + 1], ..plain() }),
        ("body", Task { body: vec![b'x'; 16 << 20], ..plain() }),
        ("name", Task { name: long(201), ..plain() }),
        ("cid", Task { cid: long(1 << 20), ..plain() }),
        ("in-reply-to", Task { in_reply_to: long(201), ..plain() }),
        ("content-type", Task { content_type: long(1 << 20), ..plain() }),
        ("environ", Task { environ: object(64 << 10), ..plain() }),
        ("environ", Task { environ: long(10), ..plain() }),
        ("report", Task { report: object(1 << 20), ..plain() }),
        ("callback", Task { callback: vec![own.to_owned(); 33], ..plain() }),
        ("callback", Task { callback: vec!["nobody".to_owned()], ..plain() }),
        ("delay", Task { delay_ms: 11 * 366 * DAY_MS, ..plain() }),
        ("delay", Task { delay_ms: u64::MAX, ..plain() }),
        ("expires", Task { expires_ms: Some(u64::MAX), ..plain() }),
        ("retry", Task { retry: retry(10_001, 0), ..plain() }),
        ("retry", Task { retry: retry(1, u64::MAX), ..plain() }),
        ("service", call("nobody", "")),
        ("service", call(&"n".repeat(1 << 20), "")),
        ("service", call("", "")),
    ] {
        tally.note(what, enqueue(task).await);
    }
    for group in [
        group(0, own),
        group(1_001, own),
        group(5_000, own),
        group(1, "nobody"),
        Group { on_final: vec![own.to_owned(); 33], ..group(1, own) },
        Group { cid: long(201), ..group(1, own) },
    ] {
        tally.note("group", enqueue_group(group).await);
    }
}
