//! Services for Caisson in Rust: one async function, compiled to a WebAssembly component.
//!
//! ```
//! use caisson::{Error, Json};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize)]
//! struct Order {
//!     id: u64,
//! }
//!
//! #[derive(Serialize)]
//! struct Reply {
//!     accepted: u64,
//! }
//!
//! #[caisson::service]
//! async fn handle(order: Json<Order>) -> Result<Json<Reply>, Error> {
//!     if order.id == 0 {
//!         return Err(Error::invalid("an order needs a number"));
//!     }
//!     caisson::info!("accepted {}", order.id);
//!     Ok(Json(Reply { accepted: order.id }))
//! }
//! ```
//!
//! Host calls are futures: [`join!`] and [`try_join!`] let several of them go on at the same time.
//!
//! # Layout
//!
//! * [`Context`], [`Request`], [`Response`], [`Error`]: what a service is given and what it answers; [`Json`] and the traits
//!   [`FromCall`] and [`IntoAnswer`] for typed arguments and answers.
//! * [`log`], [`invoke`], [`invoke_all`], [`Later`], [`answer`], [`lock`], [`cache`]: what every service may do. [`http`], [`sql`],
//!   [`redis`], [`amqp`]: what needs a grant.
//! * [`testing`]: runs a service without the host, under `cargo test`.
//!
//! **Architecture Invariants:** everything that reaches the host goes through the module `host`, which has one form for
//! components and one for tests. `unsafe` is in the generated bindings only.

#![deny(unsafe_code)]
#![warn(missing_docs, missing_debug_implementations, unreachable_pub)]

extern crate self as caisson;

pub mod amqp;
pub mod answer;
#[allow(unsafe_code, reason = "generated; the sandbox holds what goes wrong")]
#[doc(hidden)]
pub mod bindings;
pub mod cache;
mod call;
mod context;
mod error;
mod host;
pub mod http;
mod invoke;
mod json;
mod later;
pub mod lock;
pub mod log;
mod query;
pub mod redis;
mod request;
mod response;
pub mod sql;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod time;

pub use caisson_sdk_macros::service;
pub use call::{FromCall, Handler, IntoAnswer};
pub use context::{Channel, Context, Principal};
pub use error::{Error, ErrorKind, Result};
pub use futures_util::{
    future::{join_all, try_join_all},
    join, try_join,
};
pub use invoke::{IntoRequest, invoke, invoke_all};
pub use json::Json;
pub use later::Later;
pub use request::{Http, Message, Request, Soap, SoapHeader};
pub use response::Response;

/// A name and its value. Names may repeat; order is kept.
pub type Field = (String, String);

/// What the attribute [`service`] expands to; no part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::bindings;
    pub use crate::bindings::export;
    pub use crate::bindings::exports::caisson::service::handler::{Context, Error, Guest, Request, Response};
    pub use crate::call::{argument, outcome, run};
}
