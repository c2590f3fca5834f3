//! Calls that are made together.

use crate::harness::{Place, Services, answer, asking, task};
use caisson_capability::background::{Background as _, Group, Pattern};
use caisson_capability::{Cid, Error, ErrorKind};
use serde_json::{Value, json};

fn group(pattern: Pattern, tasks: &[&str], on_target: &[&str], on_final: &[&str]) -> Group {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Group {
        pattern,
        tasks: tasks.iter().map(|name| task(name)).collect(),
        on_target: names(on_target),
        on_final: names(on_final),
        cid: Some(Cid::from("g")),
    }
}

#[tokio::test]
async fn a_fanout_tells_of_each_and_once_of_all() {
    let services = Services::new(|call| {
        let result = match &*call.service {
            "bad" => Err(Error::new(ErrorKind::Internal, "An error has occurred")),
            other => Ok(answer(format!("I am {other}"))),
        };
        Box::pin(std::future::ready(result))
    });
    let opened = Place::new().start(&services).await;
    let asked = group(Pattern::Fanout, &["a", "bad", "c"], &["t"], &["f", "f2"]);
    let ticket = opened.queue.enqueue_group(&asking("x"), asked).await.unwrap();
    assert_eq!(ticket.cid, Cid::from("g"));
    opened.empty_but(0).await;
    let calls = services.calls();
    let of = |name: &str| calls.iter().filter(|call| &*call.service == name).collect::<Vec<_>>();
    assert_eq!((of("t").len(), of("f").len(), of("f2").len()), (3, 1, 1));
    assert!(calls.iter().all(|call| call.cid == Cid::from("g")));
    assert_eq!(of("a")[0].channel.kind, "fanout-call");
    assert_eq!((of("t")[0].channel.kind, of("f")[0].channel.kind), ("fanout-on-target", "fanout-on-final"));
    let told: Value = serde_json::from_slice(&of("f")[0].request.body).unwrap();
    assert_eq!(
        (&told["phase"], &told["source"], &told["on_target"]),
        (&json!("on-final"), &json!("x"), &json!(["t"]))
    );
    let data = told["data"].as_array().unwrap();
    let targets: Vec<_> = data.iter().map(|item| (&item["target"], &item["ok"], &item["response"])).collect();
    assert_eq!(
        targets,
        [
            (&json!("a"), &json!(true), &json!("I am a")),
            (&json!("bad"), &json!(false), &Value::Null),
            (&json!("c"), &json!(true), &json!("I am c"))
        ]
    );
    assert_eq!(data[1]["exception"], "An error has occurred");
}

#[tokio::test]
async fn a_group_that_a_kill_interrupts_still_tells_of_all_exactly_once() {
    let mut place = Place::new();
    place.settings.workers = 2;
    let hanging = Services::new(|call| {
        let (hangs, name) = (&*call.service == "slow", call.service.to_string());
        Box::pin(async move {
            if hangs {
                std::future::pending::<()>().await;
            }
            Ok(answer(name))
        })
    });
    let opened = place.start(&hanging).await;
    let asked = group(Pattern::Fanout, &["a", "slow", "b", "slow", "c"], &[], &["f"]);
    opened.queue.enqueue_group(&asking("x"), asked).await.unwrap();
    opened.begun(3).await;
    opened.killed().await;
    let good = Services::good();
    let opened = place.start(&good).await;
    opened.empty_but(0).await;
    let finals: Vec<_> = good.calls().into_iter().filter(|call| &*call.service == "f").collect();
    let [told] = &finals[..] else { panic!("{finals:?}") };
    let told: Value = serde_json::from_slice(&told.request.body).unwrap();
    let targets: Vec<_> =
        told["data"].as_array().unwrap().iter().map(|item| item["response"].clone()).collect();
    assert_eq!(targets, ["a", "slow", "b", "slow", "c"]);
}

#[tokio::test]
async fn parallel_calls_tell_of_each_only() {
    let services = Services::good();
    let opened = Place::new().start(&services).await;
    let asked = group(Pattern::Parallel, &["a", "b"], &["t"], &[]);
    opened.queue.enqueue_group(&asking("x"), asked).await.unwrap();
    opened.empty_but(0).await;
    let mut called: Vec<_> =
        services.calls().iter().map(|call| (call.service.to_string(), call.channel.kind)).collect();
    called.sort();
    let expected = [
        ("a", "parallel-exec-call"),
        ("b", "parallel-exec-call"),
        ("t", "parallel-exec-on-target"),
        ("t", "parallel-exec-on-target"),
    ];
    assert_eq!(called, expected.map(|(name, kind)| (name.to_owned(), kind)));
}

#[tokio::test]
async fn an_answer_that_is_too_large_to_be_told_of_does_not_stop_the_group() {
    let services = Services::new(|call| {
        let size = if &*call.service == "large" { 4 << 20 } else { 1 };
        Box::pin(std::future::ready(Ok(answer("x".repeat(size)))))
    });
    let opened = Place::new().start(&services).await;
    let asked = group(Pattern::Fanout, &["large", "small"], &[], &["f"]);
    opened.queue.enqueue_group(&asking("x"), asked).await.unwrap();
    opened.empty_but(0).await;
    let calls = services.calls();
    let told = calls.iter().find(|call| &*call.service == "f").unwrap();
    let told: Value = serde_json::from_slice(&told.request.body).unwrap();
    assert_eq!((&told["data"][0]["ok"], &told["data"][1]["ok"]), (&json!(false), &json!(true)));
    assert!(told["data"][0]["exception"].as_str().unwrap().contains("4194304 bytes"), "{told}");
}
