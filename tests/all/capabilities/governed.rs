//! Grants: deny by default, an error value that names the grant, counted and audited; observing; what packages ask for.

use super::apply;
use crate::harness::{Command, Server, Setup};
use ::http::StatusCode;
use serde_json::{Value, json};

const SERVICE: &str = "\
from caisson import CapabilityError, Service, sql

class Ask(Service):
    def handle(self):
        try:
            self.response.payload = sql.connect('db').query('select 1 as one')[0]
        except CapabilityError as error:
            self.response.payload = {'kind': error.kind, 'message': str(error)}

class LetPass(Service):
    def handle(self):
        sql.connect('db').query('select 1')
";

fn definitions(server: &Server, grants: Value, enforcement: &str) -> Value {
    let url = format!("sqlite://{}?mode=rwc", server.data().join("a.sqlite").display());
    json!({
        "connections": [{"name": "db", "type": "sql", "url": url, "enforcement": enforcement}],
        "grants": grants,
    })
}

async fn ask(server: &Server) -> Value {
    let answer = server.get("crm.ask").await;
    answer.good();
    answer.json()
}

#[tokio::test]
async fn without_a_grant_a_call_is_refused_audited_and_the_grant_that_it_names_allows_it() {
    let server = Server::with("crm.py", SERVICE).await;
    apply(&server, definitions(&server, json!([]), "enforce")).await;
    let refused = ask(&server).await;
    assert_eq!(refused["kind"], "access-denied", "{refused}");
    let grant = "{services: [crm.ask], connection: db, operations: [query]}";
    assert!(refused["message"].as_str().unwrap().contains(grant), "{refused}");

    let audit = Command::to(&server, ["audit", "--json"]).run().await.json();
    assert_eq!(
        (&audit[0]["service"], &audit[0]["operation"]),
        (&json!("crm.ask"), &json!("query")),
        "{audit}"
    );
    let shown = Command::to(&server, ["audit", "--service", "crm.ask"]).run().await;
    assert!(shown.good().contains("refused"), "{shown:?}");

    let granted = json!([{"services": ["crm.ask"], "connection": "db", "operations": ["query"]}]);
    apply(&server, definitions(&server, granted, "enforce")).await;
    assert_eq!(ask(&server).await, json!({"one": 1}));
    // What is not granted to its sister stays closed; its caller is told nothing of grants.
    let answer = server.get("crm.let-pass").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!answer.text().contains("grant"), "{}", answer.text());
    let usage = Command::to(&server, ["grants", "usage", "--json"]).run().await.json();
    let calls = usage.as_array().unwrap().iter().find(|one| one["service"] == "crm.ask").unwrap();
    assert_eq!(calls["calls"], json!({"ok": 1, "refused": 1}), "{usage}");
}

#[tokio::test]
async fn an_observing_connection_lets_through_and_records_what_would_have_been_refused() {
    let server = Server::with("crm.py", SERVICE).await;
    apply(&server, definitions(&server, json!([]), "observe")).await;
    assert_eq!(ask(&server).await, json!({"one": 1}));
    let audit = Command::to(&server, ["audit", "--observed", "--json"]).run().await.json();
    assert_eq!((&audit[0]["observed"], &audit[0]["connection"]), (&json!(true), &json!("db")), "{audit}");
}

#[tokio::test]
async fn what_a_package_needs_is_given_in_development_mode_and_told_otherwise() {
    let needs = "[[needs]]\nconnection = \"db\"\noperations = [\"query\"]\nreason = \"to ask\"\n";
    let dev = Setup::new().file("crm.py", SERVICE).file("crm.toml", needs).start().await;
    apply(&dev, definitions(&dev, json!([]), "enforce")).await;
    assert_eq!(ask(&dev).await, json!({"one": 1}));
    let check = Command::to(&dev, ["grants", "check"]).run().await;
    assert_eq!(check.code, 0, "{check:?}");

    let strict = Setup::new().with_login().file("crm.py", SERVICE).file("crm.toml", needs).start().await;
    let token = std::fs::read_to_string(strict.data().join("admin.token")).unwrap();
    let check = Command::to(&strict, ["grants", "check"]).env("CAISSON_TOKEN", token.trim()).run().await;
    assert_eq!(check.code, 1, "{check:?}");
    for says in ["{services: [crm.ask], connection: db, operations: [query]}", "no such connection"] {
        assert!(check.stdout.contains(says), "{says}: {check:?}");
    }
}

#[tokio::test]
async fn connections_that_make_no_sense_are_refused_with_place_and_no_secret() {
    let server = Server::with("crm.py", SERVICE).await;
    let file = server.write(
        "caisson.yaml",
        "version: 1\nconnections:\n  - {name: a, type: sqll, url: 'postgres://u:hunter2@db/x'}\n  \
         - {name: b, type: sql, url: 'postgres://u:hunter2@db/x', pol: {max: 1}}\n  \
         - {name: c, type: sql, url: 'oracle://u:hunter2@db/x'}\ngrants:\n  \
         - {services: [x], connection: c, operations: [querry]}\n",
    );
    let refused = Command::to(&server, ["apply", "-f", &file, "--yes"]).run().await;
    assert_eq!(refused.code, 1, "{refused:?}");
    for says in ["caisson.yaml:3:", "did you mean", "sql", "caisson.yaml:4:", "`pol`", "pool"] {
        assert!(refused.stderr.contains(says), "{says}: {refused:?}");
    }
    assert!(!refused.stderr.contains("hunter2"), "{refused:?}");
}

#[tokio::test]
async fn passwords_of_connections_are_sealed_and_a_ping_says_how_it_is() {
    let server = Server::with("crm.py", SERVICE).await;
    let url = "postgres://u:hunter2@127.0.0.1:9/x";
    apply(&server, json!({"connections": [{"name": "db", "type": "sql", "url": url}]})).await;
    let export = Command::to(&server, ["export"]).run().await;
    assert!(export.good().contains("${env:CAISSON_DB_URL}"), "{export:?}");
    for path in ["definitions", "definitions/sections/connections", "connections", "revisions/1"] {
        let text = server.admin_get(&format!("/api/v1/{path}")).await.text();
        assert!(!text.contains("hunter2"), "{path}: {text}");
    }
    let state = std::fs::read(server.data().join("state.db")).unwrap();
    assert!(!state.windows(7).any(|part| part == b"hunter2"), "the state store has the password");
    let ping = Command::to(&server, ["ping", "db"]).run().await;
    assert_eq!(ping.code, 1, "{ping:?}");
    assert!(!ping.stdout.contains("hunter2"), "{ping:?}");
    assert!(!server.log().contains("hunter2"), "{}", server.log());
}
