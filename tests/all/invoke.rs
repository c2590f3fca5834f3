//! Services that call each other.

use crate::harness::{HEALTHY, Healthy, Server, Setup, assert_problem, call};
use http::Method;

const SERVICES: &str = r#"
from caisson import Service
from zato.common.exception import NotFound, Conflict

class Outer(Service):
    name = 'outer'
    def handle(self):
        self.logger.info('in outer')
        answer = self.invoke('inner', {'n': self.request.payload['n']})
        self.response.payload = {'inner said': answer, 'cid': self.cid}

class Inner(Service):
    name = 'inner'
    def handle(self):
        self.logger.info('in inner')
        self.response.payload = {'doubled': self.request.payload['n'] * 2, 'cid': self.cid}

class Forwarding(Service):
    name = 'forwarding'
    def handle(self):
        self.response.payload = self.invoke(self.request.payload['to'], '')

class Catching(Service):
    name = 'catching'
    def handle(self):
        try:
            self.invoke(self.request.payload['to'], '')
        except Exception as error:
            self.response.payload = {
                'type': type(error).__name__, 'text': str(error), 'status': getattr(error, 'status', None)}

class Missing(Service):
    name = 'missing'
    def handle(self):
        raise NotFound(self.cid, 'No such order')

class Buggy(Service):
    name = 'buggy'
    def handle(self):
        raise ValueError('only for the operator')

class Itself(Service):
    name = 'itself'
    def handle(self):
        self.response.payload = self.invoke('itself', '')

class A(Service):
    name = 'a'
    def handle(self):
        self.response.payload = self.invoke('b', '')

class B(Service):
    name = 'b'
    def handle(self):
        self.response.payload = self.invoke('a', '')

class Guarded(Service):
    name = 'guarded'
    def handle(self):
        try:
            self.invoke('spin', '')
        except Exception as error:
            self.response.payload = str(error)
"#;

const SPIN: &str = "from caisson import Service\nclass Spin(Service):\n    name = 'spin'\n    def handle(self):\n        while True: pass\n";

fn setup() -> Setup {
    Setup::new()
        .file("services.py", SERVICES)
        .file("spin.py", SPIN)
        .file("spin.toml", "[limits]\ncpu_time_ms = 300\n")
        .file("healthy.py", HEALTHY)
}

async fn server() -> Server {
    setup().start().await
}

#[tokio::test]
async fn a_service_gets_the_answer_of_another_under_one_correlation_id() {
    let server = server().await;
    let answer = server.post("outer", r#"{"n": 21}"#).await;
    answer.good();
    let (cid, said) = (answer.cid().to_owned(), answer.json());
    assert_eq!(said["inner said"]["doubled"], 42, "{said}");
    assert_eq!(
        (&said["cid"], &said["inner said"]["cid"]),
        (&cid.as_str().into(), &cid.as_str().into()),
        "{said}"
    );
    let records = server.records(&format!("cid={cid}")).await;
    let lines: Vec<_> =
        records.iter().map(|r| (r["service"].as_str().unwrap(), r["message"].as_str().unwrap())).collect();
    assert_eq!(lines, [("outer", "in outer"), ("inner", "in inner")]);
}

#[tokio::test]
async fn errors_pass_through_as_they_are() {
    let server = server().await;
    let to = |name: &str| format!(r#"{{"to": "{name}"}}"#);
    assert_problem(&server.post("forwarding", to("missing")).await, 404, "No such order");
    assert_problem(&server.post("forwarding", to("nobody")).await, 404, "no service named nobody");
    let buggy = server.post("forwarding", to("buggy")).await;
    assert_problem(&buggy, 500, "");
    assert!(!buggy.text().contains("only for the operator"), "{}", buggy.text());
    let caught = server.post("catching", to("missing")).await.json();
    assert_eq!(caught, serde_json::json!({"type": "NotFound", "text": "No such order", "status": 404}));
    let caught = server.post("catching", to("buggy")).await.json();
    assert_eq!(caught["status"], 500, "{caught}");
    assert!(!caught.to_string().contains("only for the operator"), "{caught}");
}

#[tokio::test]
async fn the_traceback_of_a_called_service_is_in_the_log() {
    let server = server().await;
    let answer = server.post("forwarding", r#"{"to": "buggy"}"#).await;
    let record = server.log_record("only for the operator").await;
    assert!(record.contains(answer.cid()) && record.contains("line 40"), "{record}");
}

#[tokio::test]
async fn a_service_that_calls_itself_is_refused() {
    let server = server().await;
    assert_problem(&server.get("itself").await, 500, "A service cannot invoke itself");
}

#[tokio::test]
async fn a_circle_of_calls_ends() {
    let server = server().await;
    let healthy = Healthy::watch(&server);
    for _ in 0..3 {
        let answer = server.get("a").await;
        assert!(answer.status.as_u16() >= 400, "{}", answer.status);
        assert_problem(&answer, answer.status.as_u16(), "more than 32 deep (limit depth)");
    }
    healthy.assert_never_failed(5).await;
}

#[tokio::test]
async fn circles_that_wait_for_each_other_end_at_the_deadline() {
    // More calls than the services have places: each chain holds some and waits for more.
    let server = setup().argument("--request-timeout-secs=3").start().await;
    let healthy = Healthy::watch(&server);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (client, url) = (server.http.clone(), server.url("a"));
        calls.spawn(async move { call(&client, Method::GET, &url).await.unwrap() });
    }
    for answer in calls.join_all().await {
        assert!(answer.status.as_u16() >= 400, "{}", answer.status);
        assert_problem(&answer, answer.status.as_u16(), "");
    }
    assert_problem(&server.get("a").await, 429, "limit depth");
    healthy.assert_never_failed(100).await;
}

#[tokio::test]
async fn the_limit_of_a_called_service_is_an_error_that_its_caller_can_handle() {
    let server = server().await;
    let answer = server.get("guarded").await;
    assert!(answer.good().contains("limit cpu_time_ms = 300"), "{}", answer.text());
}
