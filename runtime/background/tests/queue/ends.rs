//! Calls that fail, and servers that end.

use crate::harness::{Place, Services, answer, asking, eventually, task};
use caisson_background::{Filter, State};
use caisson_capability::background::{Background as _, Retry, Task};
use caisson_capability::{Error, ErrorKind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

#[tokio::test]
async fn what_is_queued_or_under_way_when_the_server_is_killed_is_made_after_the_next_start() {
    let mut place = Place::new();
    place.settings.workers = 3;
    let hanging = place.start(&Services::hanging()).await;
    for number in 0..8 {
        hanging.queue.enqueue(&asking("x"), task(&format!("s{number}"))).await.unwrap();
    }
    hanging.begun(3).await;
    hanging.killed().await;
    let opened = place.start(&Services::good()).await;
    opened.empty_but(0).await;
    let mut attempts: Vec<_> =
        opened.services.calls().iter().map(|call| (call.service.to_string(), call.attempt)).collect();
    attempts.sort();
    let expected: Vec<_> =
        (0..8).map(|number| (format!("s{number}"), if number < 3 { 2 } else { 1 })).collect();
    assert_eq!(attempts, expected);
}

#[tokio::test]
async fn a_call_during_which_the_server_ends_again_and_again_is_given_up() {
    let place = Place::new();
    for round in 0..5 {
        let opened = place.start(&Services::hanging()).await;
        if round == 0 {
            opened.queue.enqueue(&asking("x"), task("deadly")).await.unwrap();
        }
        opened.begun(1).await;
        opened.killed().await;
    }
    let opened = place.start(&Services::good()).await;
    opened.empty_but(1).await;
    assert_eq!(opened.services.called(), Vec::<String>::new());
    let reason = opened.failed().await[0].reason.clone().unwrap();
    assert!(reason.contains("the server ended while it was being made"), "{reason}");
}

#[tokio::test]
async fn an_orderly_stop_lets_calls_end_and_breaks_off_the_others_without_holding_that_against_them() {
    let place = Place::new();
    for _ in 0..7 {
        let opened = place.start(&Services::hanging()).await;
        if opened.kept().await.is_empty() {
            opened.queue.enqueue(&asking("x"), task("slow")).await.unwrap();
        }
        opened.begun(1).await;
        opened.stop.cancel();
        opened.queue.stopped().await;
        let kept = opened.kept().await;
        assert_eq!((kept.len(), kept[0].state), (1, State::Waiting));
        // What comes in now waits for the next start.
        opened.killed().await;
    }
    let opened = place.start(&Services::good()).await;
    opened.empty_but(0).await;
    assert_eq!(opened.services.calls()[0].attempt, 8);
}

#[tokio::test]
async fn a_callback_that_is_gone_is_kept_with_its_reason_and_can_be_made_again_or_removed() {
    let place = Place::new();
    let opened = place.open(&Services::good()).await;
    let asked = Task { callback: vec!["gone".to_owned(), "there".to_owned()], ..task("a") };
    let by = asking("x");
    opened.queue.enqueue(&by, asked.clone()).await.unwrap();
    opened.queue.enqueue(&by, asked).await.unwrap();
    // It is there when the call is asked for, and not when it has been answered.
    opened.services.lack(&["gone"]);
    opened.queue.start(opened.stop.clone());
    opened.empty_but(2).await;
    let failed = opened.failed().await;
    assert_eq!((failed[0].service.as_str(), failed[0].source.as_str()), ("gone", "x"));
    assert_eq!((failed[0].kind.as_str(), failed[0].attempts), ("invoke-async-callback", 1));
    assert!(failed[0].reason.as_deref().unwrap().contains("no service named"), "{failed:?}");
    assert_eq!(place.metrics.background.given_up.get(), 2);
    // Counted when they are on disk, which is a moment later than they can be read there.
    eventually("they are counted", async || place.metrics.background.failed.get() == 2).await;
    opened.services.lack(&[]);
    assert!(opened.queue.retry(failed[0].id).await.unwrap());
    opened.empty_but(1).await;
    assert!(!opened.queue.retry(failed[0].id).await.unwrap(), "it is gone");
    assert!(opened.queue.remove(failed[1].id).await.unwrap());
    opened.empty_but(0).await;
    assert!(!opened.queue.remove(u64::MAX).await.unwrap());
    eventually("none is counted", async || place.metrics.background.failed.get() == 0).await;
}

#[tokio::test]
async fn a_service_that_fails_is_tried_as_often_as_was_asked_and_stops_when_it_answers() {
    let count = AtomicUsize::new(0);
    let services = Services::new(move |call| {
        let result = match (&*call.service, count.fetch_add(1, SeqCst)) {
            ("a", 0..=1) | ("hopeless", _) => Err(Error::new(ErrorKind::Internal, "not yet")),
            _ => Ok(answer("at last")),
        };
        Box::pin(std::future::ready(result))
    });
    let opened = Place::new().start(&services).await;
    let retry = Some(Retry { repeats: 3, interval: Duration::ZERO });
    let asked = Task {
        retry,
        callback: vec!["b".to_owned()],
        report: Some(r#"{"context": 5}"#.to_owned()),
        ..task("a")
    };
    opened.queue.enqueue(&asking("x"), asked.clone()).await.unwrap();
    opened.empty_but(0).await;
    let calls = services.calls();
    let attempts: Vec<_> = calls.iter().map(|call| (&*call.service, call.attempt)).collect();
    assert_eq!(attempts, [("a", 1), ("a", 2), ("a", 3), ("b", 1)]);
    let told: serde_json::Value = serde_json::from_slice(&calls[3].request.body).unwrap();
    assert_eq!(
        (&told["ok"], &told["context"], &told["response"]),
        (&true.into(), &5.into(), &"at last".into())
    );
    // And one that never does: its report says so, and nothing is kept.
    let asked = Task { service: "hopeless".to_owned(), ..asked };
    opened.queue.enqueue(&asking("x"), asked).await.unwrap();
    opened.empty_but(0).await;
    let calls = services.calls();
    assert_eq!(calls.len(), 9);
    let told: serde_json::Value = serde_json::from_slice(&calls[8].request.body).unwrap();
    assert_eq!(
        (&told["ok"], &told["exception"], &told["response"]),
        (&false.into(), &"not yet".into(), &().into())
    );
}

#[tokio::test]
async fn what_the_host_cannot_do_now_waits_and_is_not_lost() {
    let place = Place::new();
    let services = Services::failing(|| Error::new(ErrorKind::Unavailable, "busy"));
    let opened = place.start(&services).await;
    opened.queue.enqueue(&asking("x"), task("a")).await.unwrap();
    eventually("it is tried again later", async || place.metrics.background.retried.get() == 1).await;
    eventually("it waits", async || opened.kept().await[0].state == State::Waiting).await;
    let kept = opened.kept().await;
    assert_eq!(kept[0].reason.as_deref(), Some("busy"));
    assert!(kept[0].due > kept[0].created, "{kept:?}");
    let of_others = Filter { service: Some("b".to_owned()), limit: 10, ..Filter::default() };
    assert!(opened.queue.list(&of_others).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_that_is_none_of_ours_is_refused_and_left_alone() {
    let place = Place::new();
    let content = vec![7_u8; 9_000];
    std::fs::write(place.file(), &content).unwrap();
    let error = caisson_background::Queue::open(&place.file(), place.settings, place.metrics.clone())
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("background.db") && text.contains("put back a backup"), "{text}");
    assert_eq!(std::fs::read(place.file()).unwrap(), content);
}
