#![doc = include_str!("../README.md")]
//!
//! # Layout
//!
//! `config` is what operators write, `client` knows the protocol, `host` is what guests call, `error` says what went wrong.
//!
//! **Architecture Invariant:** `client` knows nothing of wasm, and `host` nothing of the protocol.

#![forbid(unsafe_code)]

mod client;
mod config;
mod error;
mod host;

pub use client::{Client, ask};
pub use config::{Config, Secret};
pub use host::link;

use caisson_capability::{Capability, Connection, Operation, Options, Problem, Setup, Spec, schema_of};
use std::sync::Arc;

/// The capability's name, which is the value of `type`.
const NAME: &str = "__name__";

/// What [`ask`] needs a grant for.
const ASK: &str = "ask";

/// The capability `__name__`.
#[derive(Clone, Copy, Debug, Default)]
pub struct __Name__;

impl Capability for __Name__ {
    fn spec(&self) -> Spec {
        Spec {
            name: NAME,
            summary: "Questions and answers, a line each, over TCP.",
            interface: "caisson:__name__/client@0.1.0",
            options: schema_of::<Config>(),
            inbound: None,
            restrictions: None,
            secrets: &["token"],
            operations: &[Operation { name: ASK, summary: "Ask a question." }],
        }
    }

    fn connection(&self, _: &Setup, options: &Options) -> Result<Arc<dyn Connection>, Vec<Problem>> {
        Ok(Arc::new(Client::new(options.read()?)?))
    }
}
