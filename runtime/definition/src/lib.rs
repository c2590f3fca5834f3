//! What operators write, and what it means: security definitions, connections, channels, grants.
//!
//! # Layout
//!
//! * [`model`]: the definitions as types. Their doc comments are the help of the published JSON Schema.
//! * [`load`]: from files to definitions; [`mod@yaml`], `reference`, `validate` are its steps, [`check`] the last one.
//! * [`documents`]: what the state store keeps of them. [`diff`](mod@diff): what is different between two states of it;
//!   [`export`]: the file that says the same.
//! * [`schema`]: for editors. [`problem`]: what is wrong, and where. [`mod@yaml`]: text as a tree with places, which importers of
//!   other systems' files read as well.
//!
//! **Architecture Invariant:** this crate knows no socket, no store and no engine. Files are read where `apply` runs, and
//! nowhere else.

#![forbid(unsafe_code)]

pub mod check;
pub mod diff;
pub mod documents;
pub mod export;
pub mod load;
pub mod model;
mod nearest;
pub mod problem;
mod reference;
pub mod schema;
mod uses;
mod validate;
pub mod yaml;

pub use model::{
    Channel, Connection, Definitions, Grant, InboundChannel, RestChannel, Security, ServiceLimits,
    SoapChannel,
};
pub use problem::{Problem, Problems};
