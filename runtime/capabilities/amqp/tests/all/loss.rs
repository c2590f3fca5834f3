//! A broker that is killed, short of disk, or whose operator closes connections.

use super::broker::Broker;
use super::inbound::{Does, answers, consume};
use super::{Room, for_broker, soon, to};
use caisson_capability::{ErrorKind, Response};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const MESSAGES: u32 = 10_000;

/// Publishes numbers until each is confirmed; those that went out more than once.
async fn publish_all(room: &Room, queue: &str) -> HashSet<u32> {
    let mut doubled = HashSet::new();
    for first in (0..MESSAGES).step_by(50) {
        loop {
            let batch: Vec<u32> = (first..first + 50).collect();
            let messages = batch.iter().map(|number| to(queue, &number.to_string())).collect();
            match room.publish(messages).await {
                Ok(()) => break,
                Err(error) => {
                    assert!(
                        matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Timeout),
                        "{error} {:?}",
                        error.detail
                    );
                    if !error.retryable {
                        doubled.extend(batch);
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
    doubled
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_only_what_the_protocol_allows_is_doubled_when_the_broker_is_killed() {
    let broker = Broker::start().await;
    let room = Arc::new(Room::new(for_broker(&broker, &json!({"declare": {"queues": [{"name": "all"}]}}))));
    let (stop, handled) = (CancellationToken::new(), Arc::new(AtomicU32::new(0)));
    // As whoever runs consumers does it: a new one after each end.
    let consuming = tokio::spawn({
        let (room, stop, handled) = (Arc::clone(&room), stop.clone(), Arc::clone(&handled));
        async move {
            let mut seen: HashMap<u32, Vec<bool>> = HashMap::new();
            while !stop.is_cancelled() {
                let counted = Arc::clone(&handled);
                // Takes a moment, so that some are always under way: these are the ones that come again.
                let service: Does = Box::new(move |_| {
                    let counted = Arc::clone(&counted);
                    Box::pin(async move {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        counted.fetch_add(1, Ordering::Relaxed);
                        Ok(Response::default())
                    })
                });
                let mut running = consume(&room, json!({"queue": "all", "prefetch": 100}), service);
                let until = running.stop.clone();
                let mut run = running.run;
                loop {
                    tokio::select! {
                        Some(next) = running.seen.recv() => {
                            let number = str::from_utf8(&next.request.body).unwrap().parse().unwrap();
                            seen.entry(number).or_default().push(next.request.message.unwrap().redelivered);
                        }
                        () = stop.cancelled(), if !until.is_cancelled() => until.cancel(),
                        _ended = &mut run => break,
                    }
                }
                while let Ok(next) = running.seen.try_recv() {
                    let number = str::from_utf8(&next.request.body).unwrap().parse().unwrap();
                    seen.entry(number).or_default().push(next.request.message.unwrap().redelivered);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            seen
        }
    });
    let publishing = tokio::spawn({
        let room = Arc::clone(&room);
        async move { publish_all(&room, "all").await }
    });
    for after in [2_000, 5_000] {
        soon("progress", async {
            while handled.load(Ordering::Relaxed) < after {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        broker.kill9();
        broker.start_again().await;
    }
    let doubled = soon("all confirmations", publishing).await.unwrap();
    let look = broker.look().await;
    soon("an empty queue", async {
        let passive = lapin::options::QueueDeclareOptions { passive: true, ..Default::default() };
        while handled.load(Ordering::Relaxed) < MESSAGES
            || look.queue_declare("all".into(), passive, Default::default()).await.unwrap().message_count()
                > 0
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    stop.cancel();
    let seen = soon("the consumer", consuming).await.unwrap();
    let again = seen.values().filter(|times| times.len() > 1 && times.contains(&true)).count();
    assert!(again > 0, "no message was under way when the broker was killed: this proves nothing");
    for number in 0..MESSAGES {
        let times = seen.get(&number).unwrap_or_else(|| panic!("{number} is lost"));
        let fresh = times.iter().filter(|redelivered| !**redelivered).count();
        assert!(fresh <= 1 || doubled.contains(&number), "{number} came {times:?} and is not marked");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_short_of_disk_is_told_at_once_and_connections_that_are_closed_are_made_again() {
    let broker = Broker::start().await;
    let room = Room::new(for_broker(&broker, &json!({"declare": {"queues": [{"name": "q"}]}})));
    room.publish(vec![to("q", "before")]).await.unwrap();
    broker.control(&["set_disk_free_limit", "9000GB"]).await;
    // The broker lets us know once something is published.
    let error = soon("the refusal", async {
        loop {
            if let Err(error) = room.publish(vec![to("q", "x")]).await {
                break error;
            }
        }
    })
    .await;
    assert_eq!(
        (error.kind, error.code.as_deref()),
        (ErrorKind::Unavailable, Some("connection.blocked")),
        "{error}"
    );
    let error = room.publish(vec![to("q", "x")]).await.unwrap_err();
    assert!(error.retryable && room.connection().ping().await.is_err(), "{error}");
    // Consuming goes on.
    let mut running = consume(&room, json!({"queue": "q"}), answers(|_| Ok(None)));
    running.next().await;
    broker.control(&["set_disk_free_limit", "1MB"]).await;
    soon("the recovery", async {
        while room.publish(vec![to("q", "again")]).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    broker.control(&["close_all_connections", "a test"]).await;
    let error = soon("the loss", running.run).await.unwrap().unwrap_err();
    assert!(error.kind == ErrorKind::Unavailable, "{error}");
    soon("the next connection", async {
        while let Err(error) = room.publish(vec![to("q", "after")]).await {
            assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
        }
    })
    .await;
    broker.kill9();
    assert_eq!(room.publish(vec![to("q", "x")]).await.unwrap_err().kind, ErrorKind::Unavailable);
    broker.start_again().await;
    room.publish(vec![to("q", "up again")]).await.unwrap();
}
