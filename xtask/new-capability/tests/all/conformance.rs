//! What is the same for all capabilities.

use crate::{Server, TOKEN, options};
use caisson___name__::{Client, __Name__, ask};
use caisson_capability::{Capability, Error, Lease};
use caisson_conformance::Subject;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;

caisson_conformance::suite!(Server);

impl Subject for Server {
    type Client = Client;

    const OPERATION: &'static str = "ask";

    const SAMPLE: &'static str = include_str!("../../sample.yaml");

    async fn start() -> Self {
        Self::start().await
    }

    fn capability(&self) -> Arc<dyn Capability> {
        Arc::new(__Name__)
    }

    fn server(&self) -> SocketAddr {
        self.address
    }

    fn options(&self, address: SocketAddr) -> Value {
        options(address)
    }

    fn secret(&self) -> Option<&str> {
        Some(TOKEN)
    }

    fn wrong(&self, address: SocketAddr) -> Vec<(Value, &'static str)> {
        vec![
            (json!({"address": "nowhere", "token": TOKEN}), "address"),
            (json!({"address": address.to_string(), "token": format!("{TOKEN}\n")}), "token"),
        ]
    }

    fn single(&self, address: SocketAddr) -> Option<Value> {
        Some(json!({"address": address.to_string(), "token": TOKEN, "max_connections": 1}))
    }

    async fn work(&self, lease: Lease<Client>, number: u64) -> Result<(), Error> {
        let question = format!("is it {number}?");
        assert_eq!(ask(&lease, &question).await?, question, "an answer to another question");
        Ok(())
    }

    fn slow(&self, lease: Lease<Client>) -> Option<impl Future<Output = Result<(), Error>> + Send> {
        Some(async move { ask(&lease, "never mind").await.map(drop) })
    }
}
