//! The capability with a real RabbitMQ, through all layers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::large_futures,
    reason = "tests fail by panics, and their futures live for one test"
)]

mod broker;
mod config;
mod conformance;
mod faults;
mod inbound;
mod loss;
mod publish;

use broker::{Broker, PASSWORD};
use caisson_amqp::Amqp;
use caisson_amqp::client::Client;
use caisson_amqp::host::{Message, Properties};
use caisson_capability::connections::Table;
use caisson_capability::{
    Capability as _, ChannelInfo, Cid, Connection, Connections, Deadline, Error, Grant, Invocation, Lease,
    LiveConnection, Options, Policy, Problem, Request, Setup, Trace,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Only a hang takes so long.
pub(crate) const HANG: Duration = Duration::from_secs(90);

/// Waits for something that has to come.
pub(crate) async fn soon<T>(what: &str, coming: impl Future<Output = T>) -> T {
    tokio::time::timeout(HANG, coming).await.unwrap_or_else(|_| panic!("{what} does not come"))
}

/// A name that no other test has.
pub(crate) fn fresh(prefix: &str) -> String {
    format!("{prefix}-{}", Cid::new())
}

pub(crate) fn options(value: Value) -> Options {
    let Value::Object(fields) = value else { panic!("no object") };
    Options::new(fields)
}

pub(crate) fn made(value: Value) -> Result<Arc<dyn Connection>, Vec<Problem>> {
    let setup = Setup { name: "mq".into(), timeout: Duration::from_secs(30) };
    Amqp.connection(&setup, &options(value))
}

/// Options for a broker, with more of them.
pub(crate) fn for_broker(broker: &Broker, more: &Value) -> Value {
    let mut all = json!({"url": broker.url(), "username": "app", "password": PASSWORD});
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

pub(crate) fn invocation(service: &str) -> Arc<Invocation> {
    Arc::new(Invocation {
        cid: Cid::new(),
        service: service.into(),
        channel: ChannelInfo::plain("test"),
        principal: None,
        peer: None,
        deadline: Deadline::after(HANG),
        attempt: 1,
        trace: Trace::default(),
        depth: 0,
        chain: caisson_capability::Chain::default(),
        request: Request::default(),
    })
}

/// A server's connections with one of these options, which the service `shop.publish` may use.
pub(crate) struct Room {
    pub(crate) all: Arc<Connections>,
    grants: Vec<Arc<Grant>>,
    policy: Policy,
}

impl Room {
    pub(crate) fn new(value: Value) -> Self {
        Self::with(value, json!({}), Policy::default())
    }

    pub(crate) fn with(value: Value, restrictions: Value, policy: Policy) -> Self {
        let grant = Grant {
            services: vec!["shop.*".to_owned()],
            operations: vec!["publish".to_owned()],
            restrictions: options(restrictions),
        };
        let room =
            Self { all: Arc::new(Connections::new(Arc::new(()))), grants: vec![Arc::new(grant)], policy };
        room.change(value);
        room
    }

    /// Puts another connection in its place.
    pub(crate) fn change(&self, value: Value) {
        let mut table = Table::new();
        let live =
            LiveConnection::new("mq".into(), "amqp", [0; 32], made(value).unwrap(), self.policy.clone());
        table.insert(Arc::new(live), self.grants.clone());
        self.all.swap(table);
    }

    pub(crate) fn connection(&self) -> Arc<dyn Connection> {
        Arc::clone(self.all.table().get("mq").unwrap().connection())
    }

    pub(crate) fn lease(&self, service: &str) -> Lease<Client> {
        self.all.lease(&invocation(service), "amqp", "mq").unwrap()
    }

    pub(crate) async fn publish(&self, messages: Vec<Message>) -> Result<(), Error> {
        let lease = self.lease("shop.publish");
        soon("an answer", caisson_amqp::host::publish(lease, messages)).await
    }
}

pub(crate) fn bare() -> Properties {
    Properties {
        content_type: None,
        content_encoding: None,
        headers: Vec::new(),
        persistent: None,
        priority: None,
        correlation_id: None,
        reply_to: None,
        expiration_ms: None,
        message_id: None,
        timestamp: None,
        message_type: None,
        user_id: None,
        app_id: None,
    }
}

/// A message for a queue.
pub(crate) fn to(queue: &str, body: &str) -> Message {
    Message {
        exchange: String::new(),
        routing_key: queue.to_owned(),
        mandatory: true,
        properties: bare(),
        body: body.into(),
    }
}

/// Options that declare one durable queue.
pub(crate) fn queue(name: &str) -> Value {
    json!({"declare": {"queues": [{"name": name}]}})
}
