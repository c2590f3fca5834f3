#![doc = include_str!("../README.md")]
//!
//! # Layout
//!
//! * `config`: the options. [`Client`]: the protocol; `calls`: its calls through the layers; `host`: what guests import.
//!
//! **Architecture Invariant:** names are resolved by the egress policy alone, once for each connection that is opened; `client` knows no
//! WebAssembly, `host` no pool.

#![forbid(unsafe_code)]

mod calls;
mod client;
mod config;
mod error;
mod host;

pub use calls::{Body, Incoming, Reading, Request, Response, Upload, begin, open, send};
pub use client::Client;
pub use config::{Auth, ClientAuth, Config, Http2, Oauth2, Pool, Proxy, Redirects, Secret, Tls};
pub use host::link;

use caisson_capability::egress::{Resolve, SystemResolver};
use caisson_capability::{Capability, Connection, Operation, Options, Problem, Setup, Spec, schema_of};
use schemars::JsonSchema;
use std::fmt;
use std::sync::Arc;

/// The capability.
#[derive(Clone)]
pub struct Http {
    resolver: Arc<dyn Resolve>,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").finish_non_exhaustive()
    }
}

impl Default for Http {
    fn default() -> Self {
        Self::resolving(Arc::new(SystemResolver))
    }
}

impl Http {
    /// With another resolver of names than the system's.
    #[must_use]
    pub fn resolving(resolver: Arc<dyn Resolve>) -> Self {
        Self { resolver }
    }
}

/// What a grant may restrict.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code, reason = "only its schema is used; grants are read where they are compared")]
struct Restrictions {
    /// Methods: `[GET, HEAD]`. All if absent.
    methods: Option<Vec<String>>,
    /// Patterns of paths as services give them, filled, without the query; `*` stands for any part: `["/v1/*"]`. Whole URLs for
    /// connections with `any_host`. All if absent.
    paths: Option<Vec<String>>,
}

impl Capability for Http {
    fn spec(&self) -> Spec {
        Spec {
            name: "http",
            summary: "Outgoing REST and plain HTTP.",
            interface: "caisson:http/client@0.1.0",
            options: schema_of::<Config>(),
            inbound: None,
            restrictions: Some(schema_of::<Restrictions>()),
            secrets: &[
                "auth/password",
                "auth/token",
                "auth/key",
                "auth/client_secret",
                "tls/key",
                "proxy/password",
            ],
            operations: &[Operation { name: calls::SEND, summary: "Send requests and read their answers." }],
        }
    }

    fn connection(&self, setup: &Setup, options: &Options) -> Result<Arc<dyn Connection>, Vec<Problem>> {
        let config: Config = options.read()?;
        Ok(Arc::new(Client::new(&config, setup.timeout, Arc::clone(&self.resolver))?))
    }
}
