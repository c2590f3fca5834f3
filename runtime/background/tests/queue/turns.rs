//! Who is called next when there is more to do than can be done at a time.

use crate::harness::{Place, Services, answer, asking, task};
use caisson_background::Settings;
use caisson_capability::background::{Background as _, Task};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// All answer at once but those whose names end like this.
fn but_hanging(end: &'static str) -> Arc<Services> {
    Services::new(move |call| {
        let (hangs, body) = (call.service.ends_with(end), call.service.to_string());
        Box::pin(async move {
            if hangs {
                std::future::pending::<()>().await;
            }
            Ok(answer(body))
        })
    })
}

fn place(workers: usize, workers_of_package: usize, workers_of_one: usize) -> Place {
    let mut place = Place::new();
    place.settings = Settings { workers, workers_of_package, workers_of_one, ..place.settings };
    place
}

#[tokio::test]
async fn a_package_of_many_slow_services_does_not_take_all_places() {
    let opened = place(8, 6, 4).open(&but_hanging("slow")).await;
    let by = asking("x");
    for number in 0..40 {
        opened.queue.enqueue(&by, task(&format!("p.{number}-slow"))).await.unwrap();
    }
    for _ in 0..20 {
        opened.queue.enqueue(&by, task("q.quick")).await.unwrap();
    }
    opened.queue.start(opened.stop.clone());
    opened.begun(26).await;
    let called = opened.services.called();
    assert_eq!(called.iter().filter(|name| name.starts_with("p.")).count(), 6, "{called:?}");
}

#[tokio::test]
async fn nobody_starves_behind_a_package_with_more_services_and_more_calls() {
    let opened = place(1, 1, 1).open(&Services::good()).await;
    let by = asking("x");
    let mut expected: HashMap<String, Vec<String>> = HashMap::new();
    for (services, calls, package) in [(40, 5, "p"), (2, 5, "q"), (1, 5, "r")] {
        for number in (0..calls).flat_map(|_| 0..services) {
            let asked = task(&format!("{package}.{number}"));
            let ticket = opened.queue.enqueue(&by, asked.clone()).await.unwrap();
            expected.entry(asked.service).or_default().push(ticket.cid.as_str().to_owned());
        }
    }
    opened.queue.start(opened.stop.clone());
    opened.empty_but(0).await;
    let called = opened.services.called();
    let last = |package: &str| called.iter().rposition(|name| name.starts_with(package)).unwrap();
    // One of three turns each, then one of two: 5 calls are made within 15, and 10 within 25.
    assert!(last("r") < 15 && last("q") < 25, "{called:?}");
    let rounds: Vec<_> =
        called[25..].chunks(40).map(|round| round.iter().collect::<std::collections::HashSet<_>>()).collect();
    assert!(
        rounds[..4].iter().all(|round| round.len() == 40),
        "each of its services once a round: {called:?}"
    );
    let mut made: HashMap<String, Vec<String>> = HashMap::new();
    for call in opened.services.calls() {
        made.entry(call.service.to_string()).or_default().push(call.cid.as_str().to_owned());
    }
    assert_eq!(made, expected, "each service's in their order");
}

#[tokio::test]
async fn calls_that_come_in_while_all_are_busy_have_their_turns() {
    let opened = place(2, 1, 1).start(&but_hanging("slow")).await;
    let by = asking("x");
    for _ in 0..50 {
        opened.queue.enqueue(&by, task("p.slow")).await.unwrap();
    }
    opened.begun(1).await;
    for number in 0..50 {
        // Some of them are not due yet when they come in.
        let delay = Duration::from_millis(number % 5);
        let asked = Task { delay, ..task(&format!("q.{}", number % 7)) };
        opened.queue.enqueue(&by, asked).await.unwrap();
    }
    opened.begun(51).await;
    assert_eq!(opened.services.called().iter().filter(|name| *name == "p.slow").count(), 1);
}

#[tokio::test]
async fn what_waits_in_line_when_the_server_is_killed_has_its_turn_after_the_next_start() {
    let place = place(2, 2, 2);
    let hanging = place.start(&Services::hanging()).await;
    for number in 0..30 {
        let delay = if number % 3 == 0 { Duration::from_millis(50) } else { Duration::ZERO };
        let asked = Task { delay, ..task(&format!("p{}.{}", number % 2, number % 10)) };
        hanging.queue.enqueue(&asking("x"), asked).await.unwrap();
    }
    hanging.begun(2).await;
    hanging.killed().await;
    let opened = place.start(&Services::good()).await;
    opened.empty_but(0).await;
    assert_eq!(opened.services.calls().len(), 30);
}
