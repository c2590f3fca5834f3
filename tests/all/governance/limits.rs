//! Limits by service in definitions hold at once, over what packages say, and go as they came.

use crate::harness::{HELLO, Server, assert_problem};
use http::StatusCode;
use serde_json::{Value, json};

/// Two services in one package, so that a rule can be for one of them.
const TWO: &str = "\
from caisson import Service

class Small(Service):
    def handle(self):
        self.response.payload = str(len(self.request.raw_request))

class Large(Small):
    pass

class Busy(Service):
    def handle(self):
        while True:
            pass
";

async fn limit(server: &Server, limits: Value) {
    let answer = server.submit(&json!({ "limits": limits }), "limits").await.unwrap();
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
}

#[tokio::test]
async fn a_rule_holds_for_the_services_that_it_names_and_goes_with_its_revision() {
    let server = Server::with("two.py", TWO).await;
    assert_eq!(server.post("two.small", vec![b'x'; 100]).await.good(), "100");
    limit(&server, json!([{"services": ["two.sm*"], "payload_bytes": 99}])).await;
    assert_problem(&server.post("two.small", vec![b'x'; 100]).await, 413, "payload_bytes = 99");
    assert_eq!(server.post("two.small", vec![b'x'; 99]).await.good(), "99");
    assert_eq!(server.post("two.large", vec![b'x'; 100]).await.good(), "100", "its sister is not meant");
    limit(&server, json!([])).await;
    assert_eq!(server.post("two.small", vec![b'x'; 100]).await.good(), "100");
}

#[tokio::test]
async fn a_rule_outlives_a_new_version_of_the_package() {
    let server = Server::with("two.py", TWO).await;
    limit(&server, json!([{"services": ["two.*"], "payload_bytes": 9}])).await;
    server.save("two.py", TWO.replace("str(len", "'new ' + str(len"));
    server.version("two", 2).await;
    assert_eq!(server.post("two.small", "x").await.good(), "new 1");
    assert_problem(&server.post("two.small", vec![b'x'; 10]).await, 413, "payload_bytes = 9");
}

#[tokio::test]
async fn the_time_of_the_processor_and_places_are_limited_by_rules_too() {
    let server = Server::with("two.py", TWO).await;
    limit(&server, json!([{"services": ["two.busy"], "cpu_time_ms": 50, "concurrency": 1, "queue": 1}]))
        .await;
    assert_problem(&server.get("two.busy").await, 500, "cpu_time_ms = 50");
    assert_eq!(server.post("two.large", "abc").await.good(), "3");
}

#[tokio::test]
async fn a_rule_that_makes_no_sense_is_refused() {
    let server = Server::with("hello.py", HELLO).await;
    for (rule, says) in [
        (json!({"services": [], "queue": 1}), "services"),
        (json!({"services": ["*"], "queue": 0}), "`queue` has to be at least 1"),
    ] {
        let answer = server.submit(&json!({"limits": [rule]}), "limits").await.unwrap();
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text());
        assert!(answer.text().contains(says), "{says}: {}", answer.text());
    }
}
