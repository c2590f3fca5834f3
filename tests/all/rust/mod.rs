//! Services that are components of their own: written with the Rust SDK, and made by the tools of others.

mod cpython;
mod new;
mod shared;

use crate::harness::{Server, Setup, rust_guest};
use serde_json::{Value, json};

/// One instance for all, whose memory stays.
const ONE_DOOR: &str = "isolation = \"reuse\"\nmax_requests = 1000000000\n[limits]\nconcurrency = 1\n";

fn with_a_door() -> Setup {
    let meeting = rust_guest("meeting");
    Setup::new().file("door.wasm", &meeting).file("door.toml", ONE_DOOR).file("first.wasm", meeting)
}

#[tokio::test]
async fn two_calls_of_one_request_go_on_at_the_same_time() {
    let server = with_a_door()
        .file("second.wasm", rust_guest("meeting"))
        .file("together.wasm", rust_guest("together"))
        .start()
        .await;
    // Each of the two leaves only when the other one has come in.
    let question = json!({"services": ["first", "second"]}).to_string();
    assert_eq!(server.post("together", question).await.json(), json!(["2", "2"]));
}

#[tokio::test]
async fn one_call_that_fails_leaves_the_others_alone() {
    let setup = Setup::new().file("hello.wasm", rust_guest("hello"));
    let server = setup.file("together.wasm", rust_guest("together")).start().await;
    let question = json!({"services": ["hello", "nobody", "hello"]}).to_string();
    let said = server.post("together", question).await.json();
    assert_eq!((&said[0], &said[2]), (&json!("How goes it?"), &json!("How goes it?")), "{said}");
    assert!(said[1].as_str().unwrap().starts_with("failed: "), "{said}");
}

#[tokio::test]
async fn a_service_in_rust_is_reused_when_it_asks_for_that() {
    let server = with_a_door().start().await;
    for count in ["1", "2", "3"] {
        assert_eq!(server.post("door", "enter").await.good(), count);
    }
}

#[tokio::test]
async fn the_time_of_a_service_that_waits_again_and_again_is_added_up() {
    let server = with_a_door().file("first.toml", "[limits]\ncpu_time_ms = 50\n").start().await;
    // Nobody else comes, so it looks for ever.
    let answer = server.get("first").await;
    assert!(answer.text().contains("cpu_time_ms = 50"), "{} {}", answer.status, answer.text());
}

/// An order of the samples' kind.
fn order() -> Value {
    json!({
        "id": 4711,
        "note": "leave it at the door",
        "items": [{"sku": "a-1", "qty": 2, "price": 10.25}, {"sku": "b-2", "qty": 1, "price": 0.5}],
    })
}

#[tokio::test]
async fn the_order_in_rust_answers_what_the_one_in_python_does() {
    let python = include_str!("../../../samples/services/order.py");
    let server =
        Setup::new().file("order.py", python).file("warehouse.wasm", rust_guest("order")).start().await;
    let expected = server.post("order.transform-order", order().to_string()).await.json();
    assert_eq!(server.post("warehouse", order().to_string()).await.json(), expected);
}

#[tokio::test]
async fn mistakes_of_the_caller_are_told_to_the_caller() {
    let server = Server::with("warehouse.wasm", rust_guest("order")).await;
    for (message, says) in
        [("", "missing field `id`"), ("{", "EOF"), ("[1]", "not the JSON that is expected")]
    {
        let answer = server.post("warehouse", message).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert!(answer.text().contains(says), "{}", answer.text());
    }
}
