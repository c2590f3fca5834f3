//! AMQP from Python: published by one service, delivered to another.

use super::apply;
use crate::harness::{Behind, Server, eventually};
use serde_json::json;

const SERVICES: &str = "\
from caisson import Service, amqp, sql

class Send(Service):
    def handle(self):
        broker = amqp.connect('broker')
        for number in range(int(self.request.payload['count'])):
            broker.publish(str(number), routing_key='orders', headers={'number': number})
        self.response.payload = 'sent'

class TakeDead(Service):
    def handle(self):
        number = int(self.request.raw_request)
        sql.connect('db').execute('insert into taken (number) values (?)', number)

class Poison(Service):
    def handle(self):
        self.request.amqp.reject()

class Setup(Service):
    def handle(self):
        sql.connect('db').execute('create table taken (number integer)')

class Taken(Service):
    def handle(self):
        rows = sql.connect('db').query('select number from taken order by number')
        self.response.payload = {'numbers': [row['number'] for row in rows]}
";

#[tokio::test]
async fn what_is_published_reaches_a_service_and_what_it_rejects_goes_to_the_dead_letters() {
    let (broker, server) = (Behind::rabbitmq().await, Server::with("crm.py", SERVICES).await);
    let channel = |name: &str, queue: &str, service: &str| json!({"name": name, "type": "amqp", "connection": "broker", "service": service, "queue": queue});
    let definitions = json!({
        "connections": [
            {"name": "broker", "type": "amqp", "url": format!("amqp://guest:guest@127.0.0.1:{}", broker.port), "declare": {
                "exchanges": [{"name": "dead", "type": "fanout"}],
                "queues": [
                    {"name": "orders", "dead_letter": {"exchange": "dead"}},
                    {"name": "graves", "bindings": [{"exchange": "dead"}]},
                ]}},
            {"name": "db", "type": "sql", "url": format!("sqlite://{}?mode=rwc", server.data().join("a.sqlite").display())},
        ],
        "channels": [channel("orders", "orders", "crm.poison"), channel("graves", "graves", "crm.take-dead")],
        "grants": [
            {"services": ["crm.*"], "connection": "broker", "operations": ["publish"]},
            {"services": ["crm.*"], "connection": "db", "operations": ["*"]},
        ],
    });
    apply(&server, definitions).await;
    server.get("crm.setup").await.good();
    assert_eq!(server.post("crm.send", json!({"count": 20}).to_string()).await.good(), "sent");
    let all = json!({"numbers": (0..20).collect::<Vec<u32>>()});
    eventually("all of them are dead letters, and taken", async || {
        (server.get("crm.taken").await.json() == all).then_some(())
    })
    .await;
}
