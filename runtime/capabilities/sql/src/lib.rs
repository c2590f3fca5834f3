#![doc = include_str!("../README.md")]
//!
//! # Layout
//!
//! `statement` reads the text of a statement and rewrites its parameters; `client` keeps sessions and speaks with databases, one
//! module for each; `host` is what guests call.
//!
//! **Architecture Invariants:** a value never becomes a part of a statement's text. A session goes back to the pool only if what was
//! done with it ended well, outside of a transaction and without settings of a guest's own; any other one is closed. `client` knows
//! nothing of wasm, and `host` nothing of drivers.

#![forbid(unsafe_code)]

mod client;
mod config;
mod error;
mod host;
mod statement;
mod value;

pub use client::{Access, Client, Cursor, Transaction};
pub use config::{Config, Pool, Secret, Tls, TlsMode};
pub use host::link;
pub use value::{
    Array, Column, Isolation, Outcome, Params, Row, Rows, Scalar, Statement, TransactionOptions, Value,
};

use caisson_capability::{Capability, Connection, Operation, Options, Problem, Setup, Spec, schema_of};
use std::sync::Arc;

/// The capability `sql`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sql;

impl Capability for Sql {
    fn spec(&self) -> Spec {
        Spec {
            name: "sql",
            summary: "Relational databases: PostgreSQL, MySQL and MariaDB, SQLite.",
            interface: "caisson:sql/client@0.1.0",
            options: schema_of::<Config>(),
            inbound: None,
            restrictions: None,
            secrets: &["url", "password", "tls/key"],
            operations: &[
                Operation {
                    name: "query",
                    summary: "Read rows, in a session that cannot write unless `execute` is granted too.",
                },
                Operation {
                    name: "execute",
                    summary: "Change data, and whatever else the database user may do.",
                },
                Operation {
                    name: "transaction",
                    summary: "Do several of the granted things in one transaction.",
                },
            ],
        }
    }

    fn connection(&self, setup: &Setup, options: &Options) -> Result<Arc<dyn Connection>, Vec<Problem>> {
        let config: Config = options.read()?;
        Ok(Arc::new(Client::new(setup, &config)?))
    }
}
