//! Good requests, and the plain mistakes.

use crate::harness::{HELLO, Server, assert_problem, call, http2_client};
use http::Method;

/// Says how it was called.
const MIRROR: &str = "\
from caisson import Service
from zato.common.exception import NotFound, Forbidden

class Mirror(Service):
    name = 'mirror'
    def handle(self):
        http = self.request.http
        self.response.payload = {
            'method': http.method, 'path': http.path, 'GET': dict(http.GET), 'raw': str(self.request.raw_request)}

class Verbs(Service):
    name = 'verbs'
    def handle_GET(self):
        self.response.payload = 'got'
    def handle_POST(self):
        self.response.status_code = 201
        self.response.headers['X-Made'] = 'yes'
        self.response.payload = {'made': self.request.payload}

class Missing(Service):
    name = 'missing'
    def handle(self):
        raise NotFound(self.cid, 'No such order')

class Buggy(Service):
    name = 'buggy'
    def handle(self):
        secret = 'only for the operator'
        raise ValueError(secret)
";

#[tokio::test]
async fn hello_world_answers_as_the_documentation_says() {
    let server = Server::with("hello.py", HELLO).await;
    let answer = server.get("hello.hello-world").await;
    assert_eq!(answer.good(), "How goes it?");
    assert!(answer.header("content-type").starts_with("text/plain"), "{:?}", answer.headers);
    let other = server.get("hello.hello-world").await;
    assert!(!answer.cid().is_empty() && answer.cid() != other.cid(), "{} {}", answer.cid(), other.cid());
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let server = Server::with("hello.py", HELLO).await;
    let answer = call(&server.http, Method::HEAD, &server.url("hello.hello-world")).await.unwrap();
    assert_eq!((answer.good().as_str(), answer.header("content-length")), ("", "12"));
    assert!(!answer.cid().is_empty());
}

#[tokio::test]
async fn a_service_sees_method_path_query_and_body() {
    let server = Server::with("mirror.py", MIRROR).await;
    let answer = server.post("mirror/a%20b?x=1&y=two", "plain").await.json();
    assert_eq!(answer["method"], "POST");
    assert!(answer["path"].as_str().unwrap().ends_with("/services/mirror/a%20b"), "{answer}");
    assert_eq!(answer["GET"], serde_json::json!({"x": "1", "y": "two"}));
    assert!(answer["raw"].as_str().unwrap().contains("plain"), "{answer}");
}

#[tokio::test]
async fn methods_are_told_apart() {
    let server = Server::with("mirror.py", MIRROR).await;
    assert_eq!(server.get("verbs").await.good(), "got");
    let made = server.post("verbs", r#"{"a": [1, null, "\u00e9"]}"#).await;
    assert_eq!((made.status.as_u16(), made.header("x-made")), (201, "yes"), "{}", made.text());
    assert_eq!(made.json(), serde_json::json!({"made": {"a": [1, null, "\u{e9}"]}}));
    let refused = call(&server.http, Method::DELETE, &server.url("verbs")).await.unwrap();
    assert_problem(&refused, 405, "");
}

#[tokio::test]
async fn errors_have_one_shape_and_tell_nothing_of_the_inside() {
    let server = Server::with("mirror.py", MIRROR).await;
    assert_problem(&server.get("mirorr").await, 404, "no service named mirorr");
    assert_problem(
        &call(&server.http, Method::GET, &format!("http://{}/elsewhere", server.listen)).await.unwrap(),
        404,
        "",
    );
    assert_problem(&server.get("missing").await, 404, "No such order");
    let buggy = server.get("buggy").await;
    assert_problem(&buggy, 500, "");
    assert!(!buggy.text().contains("only for the operator"), "{}", buggy.text());
}

#[tokio::test]
async fn the_operator_finds_the_traceback_by_the_correlation_id() {
    let server = Server::with("mirror.py", MIRROR).await;
    let cid = server.get("buggy").await.cid().to_owned();
    let record = server.log_record("only for the operator").await;
    for part in [cid.as_str(), "buggy", "mirror.py", "line 29"] {
        assert!(record.contains(part), "{part:?} is not in {record}");
    }
    let logged = server.logged(&format!("cid={cid}")).await;
    for part in ["Traceback", "mirror.py", "line 29", "only for the operator"] {
        assert!(logged.contains(part), "`caisson logs --cid` does not show {part:?}: {logged:?}");
    }
}

#[tokio::test]
async fn http_2_without_tls_is_answered_many_at_a_time() {
    let server = Server::with("hello.py", HELLO).await;
    let client = http2_client();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (client, url) = (client.clone(), server.url("hello.hello-world"));
        calls.spawn(async move { call(&client, Method::GET, &url).await.unwrap().good() });
    }
    assert!(calls.join_all().await.iter().all(|text| text == "How goes it?"));
}
