//! What is the same for all capabilities, with a Redis of each case's own.

use crate::harness::{Server, bytes, command};
use caisson_capability::{Capability, Error, Lease};
use caisson_conformance::Subject;
use caisson_redis::{Client, Redis, calls};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::sync::Mutex;

caisson_conformance::suite!(OwnRedis);

const PASSWORD: &str = "a-word-that-nobody-sees";

struct OwnRedis {
    port: u16,
    server: Mutex<Server>,
}

impl Subject for OwnRedis {
    type Client = Client;

    const OPERATION: &'static str = "read";

    const SAMPLE: &'static str = include_str!("../../sample.yaml");

    async fn start() -> Self {
        let server = Server::start(&["--requirepass", PASSWORD]).await;
        Self { port: server.port, server: Mutex::new(server) }
    }

    fn capability(&self) -> Arc<dyn Capability> {
        Arc::new(Redis)
    }

    fn server(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    fn options(&self, address: SocketAddr) -> Value {
        json!({"url": format!("redis://:{PASSWORD}@{address}/1")})
    }

    fn secret(&self) -> Option<&str> {
        Some(PASSWORD)
    }

    fn wrong(&self, address: SocketAddr) -> Vec<(Value, &'static str)> {
        let url = format!("redis://:{PASSWORD}@{address}");
        vec![
            (json!({"password": PASSWORD}), ""),
            (json!({"url": format!("redis://:{PASSWORD}#@{address}")}), "url"),
            (json!({"url": url, "mode": "sentinel"}), "mode"),
            (json!({"url": url, "username": "u", "password": PASSWORD, "pool": {"max": 0}}), "pool/max"),
            (json!({"url": url, "tls": {"ca": PASSWORD}}), "tls/ca"),
        ]
    }

    fn single(&self, address: SocketAddr) -> Option<Value> {
        let mut options = self.options(address);
        options["pool"] = json!({"max": 1});
        Some(options)
    }

    async fn work(&self, lease: Lease<Client>, number: u64) -> Result<(), Error> {
        let number = number.to_string();
        let reply = calls::run(&lease, command(&format!("ECHO {number}"))).await?;
        assert_eq!(reply, [bytes(&number)], "an answer to another call");
        Ok(())
    }

    async fn restart(&self) {
        let mut server = self.server.lock().await;
        server.kill().await;
        server.start_again().await;
    }
}
