#![doc = include_str!("../README.md")]
//!
//! # Layout
//!
//! * [`config`]: what an operator writes. [`client`]: connections, channels and publishing. [`host`]: functions for guests.
//! * [`inbound`]: the consumer of a queue. `error` and `values`: the broker's errors and values as ours.
//!
//! **Architecture Invariants:** no loop here tries again; the layers and whoever runs a consumer do that. Publishing and consuming
//! never share a connection with the broker: it stops reading from those that publish when its disk is full, and acknowledgements
//! would wait with them.

#![forbid(unsafe_code)]

pub mod client;
pub mod config;
mod error;
pub mod host;
pub mod inbound;
mod values;

use caisson_capability::{
    Capability, Connection, Consumer, Intake, Operation, Options, Problem, Setup, Spec, schema_of,
};
pub use host::link;
use std::sync::Arc;

/// AMQP 0-9-1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Amqp;

/// The value of `type` in definitions.
pub(crate) const NAME: &str = "amqp";

/// The only operation.
pub(crate) const PUBLISH: &str = "publish";

impl Capability for Amqp {
    fn spec(&self) -> Spec {
        Spec {
            name: NAME,
            summary: "Messages to and from brokers that speak AMQP 0-9-1: RabbitMQ.",
            interface: "caisson:amqp/client@0.1.0",
            options: schema_of::<config::Config>(),
            inbound: Some(schema_of::<inbound::Config>()),
            restrictions: Some(schema_of::<config::Restrictions>()),
            secrets: &["url", "password", "tls/key"],
            operations: &[Operation { name: PUBLISH, summary: "Publish messages to exchanges." }],
        }
    }

    fn connection(&self, setup: &Setup, options: &Options) -> Result<Arc<dyn Connection>, Vec<Problem>> {
        let client = client::Client::new(setup, options.read()?)?;
        Ok(Arc::new(client))
    }

    fn consumer(
        &self,
        connection: &Arc<dyn Connection>,
        options: &Options,
        intake: Intake,
    ) -> Result<Box<dyn Consumer>, Vec<Problem>> {
        let client = Arc::clone(connection)
            .downcast::<client::Client>()
            .ok_or_else(|| vec![Problem::at("connection", "is not one of type amqp")])?;
        Ok(Box::new(inbound::Inbound::new(client, options.read()?, intake)?))
    }
}
