#![doc = include_str!("../README.md")]
//!
//! # Layout
//!
//! * [`config`] and `url`: what an operator writes. [`client`]: the protocol, pools, sentinels, clusters.
//! * `commands` (data) and `keys`: what a command is to grants. [`calls`]: what services do, through the layers. [`host`]: as WebAssembly
//!   sees it.
//! * [`inbound`]: channels that are brought their messages by subscriptions and streams.
//!
//! **Architecture Invariants:** the client is our own, because a reply has a limit while it comes and a call that is given up takes
//! its connection with it. Nothing here retries, breaks or counts: the layers do.

#![forbid(unsafe_code)]

pub mod calls;
pub mod client;
mod commands;
pub mod config;
mod error;
pub mod host;
pub mod inbound;
mod keys;
mod url;

pub use client::Client;
pub use config::Config;
pub use host::link;

use caisson_capability::{
    Capability, Connection, Consumer, Intake, Operation, Options, Problem, Setup, Spec, schema_of,
};
use schemars::JsonSchema;
use std::sync::Arc;

/// Value of `type` in definitions.
pub(crate) const NAME: &str = "redis";

/// The capability.
#[derive(Clone, Copy, Debug, Default)]
pub struct Redis;

/// What a grant may restrict.
#[derive(Debug, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the schema is made of it; grants are read key by key, at each call")]
struct Restrictions {
    /// Patterns of keys and of channels that are published to; `*` stands for any part. Every key of a command has to fit one.
    keys: Option<Vec<String>>,
    /// With `keys`: scripts are allowed though they may touch keys that they do not declare.
    scripts: Option<bool>,
}

const OPERATIONS: &[Operation] = &[
    Operation { name: "read", summary: "Commands that change nothing: GET, HGETALL, ZRANGE, XREAD, SCAN." },
    Operation {
        name: "write",
        summary: "Commands that change keys: SET, INCR, DEL, LPUSH, XADD, XREADGROUP.",
    },
    Operation { name: "publish", summary: "PUBLISH and SPUBLISH." },
    Operation { name: "script", summary: "Scripts and functions: EVAL, EVALSHA, FCALL." },
    Operation { name: "admin", summary: "All other commands: INFO, CONFIG, FLUSHDB, those of modules." },
];

impl Capability for Redis {
    fn spec(&self) -> Spec {
        Spec {
            name: NAME,
            summary: "Redis or Valkey: a server, a master behind sentinels, a cluster.",
            interface: "caisson:redis/client@0.1.0",
            options: schema_of::<Config>(),
            inbound: Some(schema_of::<inbound::Config>()),
            restrictions: Some(schema_of::<Restrictions>()),
            secrets: &["url", "password", "sentinel/password", "tls/key"],
            operations: OPERATIONS,
        }
    }

    fn connection(&self, setup: &Setup, options: &Options) -> Result<Arc<dyn Connection>, Vec<Problem>> {
        let config: Config = options.read()?;
        Ok(Arc::new(Client::new(&config, setup)?))
    }

    fn consumer(
        &self,
        connection: &Arc<dyn Connection>,
        options: &Options,
        intake: Intake,
    ) -> Result<Box<dyn Consumer>, Vec<Problem>> {
        let config: inbound::Config = options.read()?;
        let client = Arc::clone(connection).downcast::<Client>();
        let client = client.ok_or_else(|| vec![Problem::whole("the connection is not of type redis")])?;
        inbound::consumer(client, &config, intake)
    }
}
