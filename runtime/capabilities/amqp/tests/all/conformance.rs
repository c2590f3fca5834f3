//! What is the same for all capabilities, with the RabbitMQ that the tests share. What a killed broker does is in `loss`.

use crate::broker::{PASSWORD, shared};
use crate::{fresh, to};
use caisson_amqp::Amqp;
use caisson_amqp::client::Client;
use caisson_amqp::host::publish;
use caisson_capability::{Capability, Error, ErrorKind, Lease};
use caisson_conformance::Subject;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

caisson_conformance::suite!(Rabbit);

struct Rabbit {
    port: u16,
    queue: String,
}

impl Subject for Rabbit {
    type Client = Client;

    const OPERATION: &'static str = "publish";

    const REPEATABLE: bool = false;

    const SAMPLE: &'static str = include_str!("../../sample.yaml");

    async fn start() -> Self {
        Self { port: shared().await.port, queue: fresh("conformance") }
    }

    fn capability(&self) -> Arc<dyn Capability> {
        Arc::new(Amqp)
    }

    fn server(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    fn options(&self, address: SocketAddr) -> Value {
        json!({
            "url": format!("amqp://app:{PASSWORD}@{address}"),
            "declare": {"queues": [{"name": self.queue, "arguments": {"x-max-length": 100}}]},
        })
    }

    fn secret(&self) -> Option<&str> {
        Some(PASSWORD)
    }

    fn wrong(&self, address: SocketAddr) -> Vec<(Value, &'static str)> {
        let with = |name: &str, value: Value| {
            let mut options = self.options(address);
            options[name] = value;
            options
        };
        vec![
            (with("url", json!(format!("http://app:{PASSWORD}@{address}"))), "url"),
            (with("url", json!(format!("amqp://app:{PASSWORD}@{address}?heartbeat=3"))), "url"),
            (with("username", json!("app")), "username"),
            (with("password", json!(PASSWORD)), "password"),
            (with("tls", json!({"key": PASSWORD})), "tls"),
            (with("declare", json!({"queues": [{"name": "q".repeat(256)}]})), "declare/queues/0"),
        ]
    }

    fn single(&self, address: SocketAddr) -> Option<Value> {
        let mut options = self.options(address);
        options["channels"] = json!({"max": 1});
        Some(options)
    }

    /// A confirm does not tell of what it is: every second ten of the numbers are for a queue that does not exist, and come back.
    async fn work(&self, lease: Lease<Client>, number: u64) -> Result<(), Error> {
        let comes_back = number / 10 % 2 == 1;
        let queue = if comes_back { format!("{}-{number}", self.queue) } else { self.queue.clone() };
        match publish(lease, vec![to(&queue, &number.to_string())]).await {
            Err(error) if error.kind == ErrorKind::NotFound => {
                assert!(comes_back && error.message.contains(&queue), "an answer to another call: {error}");
                Ok(())
            }
            ended => {
                assert!(ended.is_err() || !comes_back, "an answer to another call");
                ended
            }
        }
    }
}
