//! Calls that are made, and their callbacks.

use crate::harness::{Place, Services, asking, eventually, task};
use caisson_capability::Cid;
use caisson_capability::background::{Background as _, Origin, Task};
use std::time::Duration;

#[tokio::test]
async fn a_call_is_made_once_with_all_that_belongs_to_it() {
    let place = Place::new();
    let opened = place.start(&Services::good()).await;
    let asked = Task {
        cid: Some(Cid::from("c1")),
        environ: Some(r#"{"k": 1}"#.to_owned()),
        in_reply_to: Some("c0".to_owned()),
        content_type: Some("text/plain".to_owned()),
        origin: Origin::Schedule,
        name: Some("nightly".to_owned()),
        ..task("a")
    };
    let ticket = opened.queue.enqueue(&asking("x"), asked).await.unwrap();
    assert_eq!(ticket.cid, Cid::from("c1"));
    opened.empty_but(0).await;
    let calls = opened.services.calls();
    let [call] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!((&*call.service, call.cid.as_str(), call.attempt, call.depth), ("a", "c1", 1, 0));
    assert_eq!((call.channel.kind, &*call.channel.name), ("scheduler", "nightly"));
    assert_eq!(
        (call.chain.in_reply_to.as_deref(), call.chain.environ.as_deref()),
        (Some("c0"), Some(r#"{"k": 1}"#))
    );
    assert_eq!(
        (call.request.content_type.as_deref(), &call.request.body[..]),
        (Some("text/plain"), &b"a"[..])
    );
    assert_eq!(call.trace.traceparent.as_deref(), Some("trace"));
    assert_eq!(place.metrics.background.done.get(), 1);
    let left = || place.metrics.background.waiting.get() + place.metrics.background.running.get();
    eventually("nothing is counted", async || left() == 0).await;
}

#[tokio::test]
async fn callbacks_are_called_with_the_answer_and_know_what_they_reply_to() {
    let opened = Place::new().start(&Services::good()).await;
    let asked = Task { callback: vec!["b".to_owned(), "c".to_owned()], ..task("a") };
    let ticket = opened.queue.enqueue(&asking("x"), asked).await.unwrap();
    opened.empty_but(0).await;
    let calls = opened.services.calls();
    assert_eq!(calls.len(), 3);
    for call in &calls[1..] {
        assert_eq!(call.channel.kind, "invoke-async-callback");
        assert_eq!(call.chain.in_reply_to.as_deref(), Some(ticket.cid.as_str()));
        assert_eq!(call.request.body, "a", "the answer of the first");
    }
}

#[tokio::test]
async fn a_call_waits_for_its_time_and_does_not_keep_others_waiting() {
    let opened = Place::new().start(&Services::good()).await;
    let by = asking("x");
    for (name, millis) in [("late", 300), ("never", 3_600_000), ("soon", 0)] {
        let asked = Task { delay: Duration::from_millis(millis), ..task(name) };
        opened.queue.enqueue(&by, asked).await.unwrap();
    }
    opened.begun(2).await;
    assert_eq!(opened.services.called(), ["soon", "late"]);
    // They have begun, and leave when it is on disk what they came to.
    eventually("they are done", async || opened.kept().await.len() == 1).await;
    let kept = opened.kept().await;
    assert_eq!(kept.iter().map(|entry| entry.service.as_str()).collect::<Vec<_>>(), ["never"]);
    assert!(opened.queue.remove(kept[0].id).await.unwrap());
    assert!(!opened.queue.remove(kept[0].id).await.unwrap());
    opened.empty_but(0).await;
}

#[tokio::test]
async fn what_expires_before_it_can_begin_is_dropped_and_counted() {
    let place = Place::new();
    let services = Services::good();
    let opened = place.open(&services).await;
    let by = asking("x");
    let short = Task { expires: Some(Duration::ZERO), callback: vec!["b".to_owned()], ..task("expired") };
    let reported = Task { report: Some("{}".to_owned()), ..short.clone() };
    for asked in [short, reported, Task { expires: Some(Duration::from_secs(3_600)), ..task("good") }] {
        opened.queue.enqueue(&by, asked).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(5)).await;
    opened.queue.start(opened.stop.clone());
    opened.empty_but(0).await;
    let mut called = services.called();
    called.sort();
    assert_eq!(called, ["b", "good"], "who wants a report is told");
    let told = services.calls().iter().find(|call| &*call.service == "b").unwrap().request.body.clone();
    assert!(String::from_utf8_lossy(&told).contains("it expired before it could begin"), "{told:?}");
    assert_eq!(place.metrics.background.expired.get(), 2);
}

#[tokio::test]
async fn ten_thousand_calls_are_made_with_a_bounded_number_at_a_time() {
    let mut place = Place::new();
    (place.settings.workers, place.settings.workers_of_one) = (12, 8);
    let services = Services::new(|call| {
        let body = call.service.to_string();
        Box::pin(async move {
            tokio::task::yield_now().await;
            Ok(crate::harness::answer(body))
        })
    });
    let opened = place.start(&services).await;
    let queue = &opened.queue;
    let mut callers = Vec::new();
    for caller in 0..50 {
        callers.push(async move {
            let by = asking("x");
            for _ in 0..200 {
                queue.enqueue(&by, task(if caller % 2 == 0 { "a" } else { "b" })).await.unwrap();
            }
        });
    }
    futures(callers).await;
    eventually("all are done", async || place.metrics.background.done.get() == 10_000).await;
    opened.empty_but(0).await;
    assert_eq!(services.calls().len(), 10_000);
    assert!(services.most() <= 12, "{}", services.most());
}

async fn futures(all: Vec<impl Future<Output = ()>>) {
    let mut all: Vec<_> = all.into_iter().map(Box::pin).collect();
    std::future::poll_fn(|context| {
        all.retain_mut(|one| one.as_mut().poll(context).is_pending());
        if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

#[tokio::test]
async fn a_slow_service_does_not_take_all_places() {
    let mut place = Place::new();
    (place.settings.workers, place.settings.workers_of_one) = (4, 2);
    let services = Services::new(|call| {
        let (slow, body) = (&*call.service == "slow", call.service.to_string());
        Box::pin(async move {
            if slow {
                std::future::pending::<()>().await;
            }
            Ok(crate::harness::answer(body))
        })
    });
    let opened = place.start(&services).await;
    let by = asking("x");
    for name in ["slow"; 20].into_iter().chain(["quick"; 3]) {
        opened.queue.enqueue(&by, task(name)).await.unwrap();
    }
    opened.begun(5).await;
    assert_eq!(services.called().iter().filter(|name| *name == "slow").count(), 2);
}
