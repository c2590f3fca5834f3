//! CPython itself as a component, made by componentize-py against the contract and nothing of ours.

use crate::harness::{Command, Server, Setup, cpython, rust_guest};
use serde_json::{Value, json};
use std::time::Duration;

/// It is 20 MB, all of which is compiled.
const DEPLOY: Duration = Duration::from_secs(600);

async fn ask(server: &Server, question: Value) -> Value {
    server.post("cpython", question.to_string()).await.json()
}

#[tokio::test]
async fn cpython_is_deployed_answers_and_calls_other_services() {
    let server = Setup::new().file("hello.wasm", rust_guest("hello")).start().await;
    let path = cpython();
    Command::to(&server, ["deploy", path.to_str().unwrap()]).run_for(DEPLOY).await.good();
    let value = json!({"text": "grüß dich", "list": [1, 2.5, null]});
    assert_eq!(ask(&server, json!({"do": "echo", "value": value})).await, value);
    assert_eq!(ask(&server, json!({"do": "where"})).await[0], "CPython");
    let services = json!({"do": "call", "services": ["hello", "hello"]});
    assert_eq!(ask(&server, services).await, json!(["How goes it?", "How goes it?"]));
    let failed = server.post("cpython", json!({"do": "fail"}).to_string()).await;
    assert_eq!(failed.status, 409, "{}", failed.text());
    assert!(failed.text().contains("it is there already") && !failed.text().contains("for the log"));
    assert!(server.logged("service=cpython").await.contains("cpython was asked for echo"));
}
