//! Redis from Python, and a stream that brings messages in.

use super::apply;
use crate::harness::{Behind, Server, eventually};
use serde_json::json;

const SERVICES: &str = "\
from caisson import CapabilityError, Service, redis

class Put(Service):
    def handle(self):
        self.kvdb.conn.set('crm:' + self.request.payload['key'], self.request.payload['value'])
        self.response.payload = self.redis.get('crm:' + self.request.payload['key'])

class Outside(Service):
    def handle(self):
        try:
            redis.connect('default').set('billing:1', 'x')
        except CapabilityError as error:
            self.response.payload = {'kind': error.kind, 'message': str(error)}

class Send(Service):
    def handle(self):
        for number in range(int(self.request.payload['count'])):
            self.redis.xadd('crm:orders', {'data': str(number)})
        self.response.payload = 'sent'

class Take(Service):
    def handle(self):
        message = self.request.message
        if int(self.request.raw_request) % 7 == 3 and message.attempt == 1:
            return message.retry(0.01)
        self.redis.sadd('crm:taken', self.request.raw_request.decode())
        self.redis.incr('crm:' + ('again' if message.attempt > 1 else 'first'))

class Taken(Service):
    def handle(self):
        self.response.payload = [self.redis.scard('crm:taken'), int(self.redis.get('crm:again') or 0)]
";

#[tokio::test]
async fn keys_outside_of_a_grant_are_refused_and_the_rest_is_redis() {
    let (redis, server) = (Behind::redis().await, Server::with("crm.py", SERVICES).await);
    let definitions = json!({
        "connections": [{"name": "default", "type": "redis", "url": format!("redis://127.0.0.1:{}", redis.port)}],
        "grants": [{"services": ["crm.*"], "connection": "default", "operations": ["read", "write"], "keys": ["crm:*"]}],
    });
    apply(&server, definitions).await;
    let answer = server.post("crm.put", json!({"key": "a", "value": "Ada \u{e9}"}).to_string()).await;
    assert_eq!(answer.good(), "Ada \u{e9}");
    let answer = server.get("crm.outside").await;
    answer.good();
    let error = answer.json();
    assert_eq!(error["kind"], "access-denied", "{error}");
    assert!(error["message"].as_str().unwrap().contains("keys"), "it names what to add: {error}");
}

#[tokio::test]
async fn a_stream_brings_messages_to_a_service_each_until_it_is_done() {
    let (redis, server) = (Behind::redis().await, Server::with("crm.py", SERVICES).await);
    let definitions = json!({
        "connections": [{"name": "default", "type": "redis", "url": format!("redis://127.0.0.1:{}", redis.port)}],
        "channels": [{"name": "orders", "type": "redis", "connection": "default", "service": "crm.take",
            "stream": {"key": "crm:orders", "group": "crm", "from": "all"}}],
        "grants": [{"services": ["crm.*"], "connection": "default", "operations": ["*"]}],
    });
    apply(&server, definitions).await;
    assert_eq!(server.post("crm.send", json!({"count": 100}).to_string()).await.good(), "sent");
    eventually("all of them are taken, those that were put back as well", async || {
        let taken = server.get("crm.taken").await;
        (taken.json() == json!([100, 14])).then_some(())
    })
    .await;
}
