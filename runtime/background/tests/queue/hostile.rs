//! What services get wrong, or try on purpose.

use crate::harness::{Place, Services, asking, eventually, task};
use caisson_capability::background::{Background as _, Group, Pattern, Retry, Task};
use caisson_capability::{Cid, ErrorKind};
use std::time::Duration;

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_what_is_wrong() {
    let opened = Place::new().open(&Services::good()).await;
    opened.services.lack(&["gone"]);
    let long = || "x".repeat(201);
    let text = |text: &str| Some(text.to_owned());
    let cases = [
        (task("gone"), ErrorKind::NotFound, "no service named gone"),
        (
            Task { callback: vec!["gone".to_owned()], ..task("a") },
            ErrorKind::NotFound,
            "no service named gone",
        ),
        (Task { callback: vec!["b".to_owned(); 33], ..task("a") }, ErrorKind::InvalidInput, "33 callbacks"),
        (Task { body: vec![0; (8 << 20) + 1].into(), ..task("a") }, ErrorKind::InvalidInput, "the message"),
        (
            Task { cid: Some(Cid::from(long().as_str())), ..task("a") },
            ErrorKind::InvalidInput,
            "the correlation id",
        ),
        (Task { name: Some(long()), ..task("a") }, ErrorKind::InvalidInput, "the name"),
        (Task { environ: text("[1]"), ..task("a") }, ErrorKind::InvalidInput, "environ"),
        (
            Task { environ: Some(format!("{{\"a\": \"{}\"}}", "x".repeat(70_000))), ..task("a") },
            ErrorKind::InvalidInput,
            "environ",
        ),
        (Task { report: text("{"), ..task("a") }, ErrorKind::InvalidInput, "the report"),
        (Task { delay: Duration::MAX, ..task("a") }, ErrorKind::InvalidInput, "the delay"),
        (Task { expires: Some(Duration::MAX), ..task("a") }, ErrorKind::InvalidInput, "expires"),
        (
            Task { retry: Some(Retry { repeats: u32::MAX, interval: Duration::ZERO }), ..task("a") },
            ErrorKind::InvalidInput,
            "repeats",
        ),
        (
            Task { retry: Some(Retry { repeats: 1, interval: Duration::MAX }), ..task("a") },
            ErrorKind::InvalidInput,
            "the interval",
        ),
    ];
    for (asked, kind, says) in cases {
        let error = opened.queue.enqueue(&asking("x"), asked).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(says), "{says:?} is not in {error}");
    }
    let group = |tasks: usize, on_final: &[&str]| Group {
        pattern: Pattern::Fanout,
        tasks: (0..tasks).map(|_| task("a")).collect(),
        on_target: Vec::new(),
        on_final: on_final.iter().map(|name| (*name).to_owned()).collect(),
        cid: None,
    };
    for (asked, says) in [
        (group(0, &[]), "at least one call"),
        (group(1_001, &[]), "limit group = 1000"),
        (group(1, &["gone"]), "no service named gone"),
    ] {
        let error = opened.queue.enqueue_group(&asking("x"), asked).await.unwrap_err();
        assert!(error.message.contains(says), "{says:?} is not in {error}");
    }
    assert!(opened.kept().await.is_empty());
}

#[tokio::test]
async fn texts_of_all_kinds_come_back_as_they_were() {
    let opened = Place::new().start(&Services::good()).await;
    for text in ["", "\0", "a\0b", "'; DROP TABLE tasks; --", "\u{1f600}", "\r\n"] {
        let asked = Task { cid: Some(Cid::from(text)), content_type: Some(text.to_owned()), ..task("a") };
        opened.queue.enqueue(&asking(text), asked).await.unwrap();
    }
    opened.empty_but(0).await;
    let mut seen: Vec<_> = opened.services.calls().iter().map(|call| call.cid.as_str().to_owned()).collect();
    seen.sort();
    assert_eq!(seen, ["", "\0", "\r\n", "'; DROP TABLE tasks; --", "a\0b", "\u{1f600}"]);
}

#[tokio::test]
async fn a_service_that_asks_for_too_much_is_refused_and_others_are_not() {
    let mut place = Place::new();
    place.settings.tasks_of_one = 3;
    let services = Services::good();
    let opened = place.open(&services).await;
    for _ in 0..3 {
        opened.queue.enqueue(&asking("greedy"), task("a")).await.unwrap();
    }
    let error = opened.queue.enqueue(&asking("greedy"), task("a")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::QuotaExceeded);
    assert!(error.message.contains("background_tasks_of_one_service = 3"), "{error}");
    opened.queue.enqueue(&asking("modest"), task("a")).await.unwrap();
    // It is counted anew after a restart, and has room again when its calls are done.
    opened.killed().await;
    let opened = place.open(&services).await;
    opened.queue.enqueue(&asking("greedy"), task("a")).await.unwrap_err();
    opened.queue.start(opened.stop.clone());
    opened.empty_but(0).await;
    for _ in 0..3 {
        // The room of a call is given back a moment later than it can be read that it has left.
        let taken = async || opened.queue.enqueue(&asking("greedy"), task("a")).await.is_ok();
        eventually("there is room", taken).await;
    }
}
