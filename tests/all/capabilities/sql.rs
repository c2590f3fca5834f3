//! A database from Python: values, errors, transactions that are left open.

use super::apply;
use crate::harness::Server;
use serde_json::{Value, json};

const SERVICES: &str = "\
from decimal import Decimal
from caisson import CapabilityError, Service, sql

class Setup(Service):
    def handle(self):
        db = sql.connect('crm-db')
        db.execute('create table if not exists customers (id integer primary key, name text, active boolean)')
        db.batch('insert into customers (id, name, active) values (?, ?, ?)', [(1, 'Ada', True), (2, \"O'Neil\", False)])
        self.response.payload = 'done'

class Find(Service):
    def handle(self):
        rows = sql.connect('crm-db').query('select * from customers where name = :name', name=self.request.payload['name'])
        self.response.payload = {'rows': [dict(row) for row in rows]}

class LeaveOpen(Service):
    def handle(self):
        self.kept = sql.connect('crm-db').transaction().__enter__()
        self.kept.execute('delete from customers')
        self.response.payload = 'left'

class Wrong(Service):
    def handle(self):
        try:
            sql.connect('crm-db').query('select nothing from nowhere')
        except CapabilityError as error:
            self.response.payload = {'kind': error.kind, 'retryable': error.retryable}

class Zato(Service):
    def handle(self):
        rows = self.out.sql['crm-db'].execute('select name from customers where id = :id', {'id': 2})
        one = self.out.sql['crm-db'].one('select count(*) as n from customers')
        self.response.payload = {'rows': rows, 'count': one['n']}
";

/// A server with a database file and everything granted.
async fn start() -> Server {
    let server = Server::with("crm.py", SERVICES).await;
    let file = server.data().join("crm.sqlite");
    let definitions = json!({
        "connections": [{"name": "crm-db", "type": "sql", "url": format!("sqlite://{}?mode=rwc", file.display())}],
        "grants": [{"services": ["crm.*"], "connection": "crm-db", "operations": ["*"]}],
    });
    apply(&server, definitions).await;
    assert_eq!(server.get("crm.setup").await.good(), "done");
    server
}

async fn find(server: &Server, name: &str) -> Value {
    let answer = server.post("crm.find", json!({ "name": name }).to_string()).await;
    answer.good();
    answer.json()["rows"].clone()
}

#[tokio::test]
async fn rows_come_back_and_parameters_are_never_taken_for_sql() {
    let server = start().await;
    let found = find(&server, "Ada").await;
    assert_eq!((&found[0]["id"], &found[0]["name"]), (&json!(1), &json!("Ada")));
    assert_eq!(find(&server, "O'Neil").await[0]["id"], 2);
    for injected in ["' or 1=1 --", "'; drop table customers; --", "\u{0}", "Ada' union select 1, 2, 3 --"] {
        assert_eq!(find(&server, injected).await, json!([]), "{injected}");
    }
    assert_eq!(find(&server, "Ada").await.as_array().unwrap().len(), 1, "the table is still there");
}

#[tokio::test]
async fn a_transaction_that_a_service_leaves_open_is_rolled_back() {
    let server = start().await;
    assert_eq!(server.get("crm.leave-open").await.good(), "left");
    assert_eq!(find(&server, "Ada").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn errors_of_the_database_are_values_with_a_kind() {
    let server = start().await;
    let answer = server.get("crm.wrong").await;
    answer.good();
    assert_eq!(answer.json(), json!({"kind": "invalid-input", "retryable": false}));
}

#[tokio::test]
async fn services_of_zato_find_their_databases_in_self_out() {
    let server = start().await;
    let answer = server.get("crm.zato").await;
    answer.good();
    assert_eq!(answer.json(), json!({"rows": [{"name": "O'Neil"}], "count": 2}));
}
