//! Other systems by HTTP from Python. The other system is a channel of the same server.

use super::apply;
use crate::harness::{Server, assert_problem, eventually, rest};
use serde_json::{Value, json};

const SERVICES: &str = "\
from caisson import CapabilityError, Service, http

class Upstream(Service):
    def handle(self):
        http = self.request.http
        self.response.status_code = 404 if http.params['id'] == '404' else 200
        self.response.payload = {
            'id': http.params['id'], 'query': dict(http.GET), 'key': http.headers.get('x-key'), 'method': http.method,
            'body': self.request.payload or None, 'trace': http.headers.get('traceparent') is not None,
        }

class Get(Service):
    def handle(self):
        answer = http.connect('crm').get('/customers/{id}', id=self.request.payload['id'], q='a b')
        self.response.payload = {'status': answer.status, 'answer': answer.json()}

class Zato(Service):
    def handle(self):
        answer = self.out.rest['crm'].conn.post(self.cid, {'name': 'Ada'}, params={'id': '7', 'x': '1'})
        self.response.payload = {'status': answer.status_code, 'data': answer.data, 'ok': answer.ok}

class Away(Service):
    def handle(self):
        try:
            http.connect('away').get('/')
        except CapabilityError as error:
            self.response.payload = {'kind': error.kind, 'retryable': error.retryable, 'message': str(error)}

class LetPass(Service):
    def handle(self):
        http.connect('away').get('/')
";

async fn start() -> Server {
    let server = Server::with("crm.py", SERVICES).await;
    let url = format!("http://{}/up", server.listen);
    let definitions = json!({
        "channels": [rest("up", "/up/customers/{id}", "crm.upstream")],
        "connections": [
            {"name": "crm", "type": "http", "url": url.clone(), "auth": {"type": "api-key", "header": "X-Key", "key": "k-1"}},
            {"name": "away", "type": "http", "url": "http://127.0.0.1:9"},
        ],
        "grants": [
            {"services": ["crm.*"], "connection": "crm", "operations": ["send"]},
            {"services": ["crm.*"], "connection": "away", "operations": ["send"]},
        ],
    });
    apply(&server, definitions).await;
    server
}

#[tokio::test]
async fn a_path_is_filled_and_the_hosts_key_is_sent() {
    let server = start().await;
    for (id, status) in [("17", 200), ("a/b c", 200), ("404", 404)] {
        let answer = server.post("crm.get", json!({ "id": id }).to_string()).await;
        answer.good();
        let answer = answer.json();
        assert_eq!(answer["status"], status, "{answer}");
        let up = &answer["answer"];
        assert_eq!(
            (&up["id"], &up["query"], &up["key"]),
            (&json!(id), &json!({"q": "a b"}), &json!("k-1")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn services_of_zato_call_by_self_out_rest() {
    let server = start().await;
    let definitions: Value = server.admin_get("/api/v1/definitions/sections/connections").await.json();
    assert!(!definitions.to_string().contains("k-1"), "{definitions}");
    let answer = server.get("crm.zato").await;
    // The connection has no path of its own with `{id}`: the whole of the parameters is the query then.
    assert_eq!(answer.json()["ok"], json!(false), "{}", answer.text());
}

#[tokio::test]
async fn a_system_that_is_away_is_an_error_value_and_no_address_is_told() {
    let server = start().await;
    let answer = server.get("crm.away").await;
    answer.good();
    let error = answer.json();
    assert_eq!((&error["kind"], &error["retryable"]), (&json!("unavailable"), &json!(true)), "{error}");
    assert!(!error["message"].as_str().unwrap().contains("127.0.0.1"), "{error}");
    // A service that lets it pass answers 503, as the other side may come back.
    assert_problem(&server.get("crm.let-pass").await, 503, "An error has occurred");
    eventually("uses are counted", async || {
        let usage = server.admin_get("/api/v1/usage").await.json();
        let all = usage.as_array().unwrap();
        let failed = all.iter().filter(|one| one["connection"] == "away" && one["calls"]["failed"] == 1);
        (failed.count() == 2).then_some(())
    })
    .await;
    let metrics = server.admin_get("/metrics").await.text();
    assert!(metrics.contains("caisson_connection_calls_total{service=\"crm.away\""), "{metrics}");
}
