//! The inbound HTTP side: sockets, connections, and the way of a request from its head to an
//! [`Invocation`](caisson_capability::Invocation) and back.
//!
//! # Layout
//!
//! * [`options`]: every limit and its default.
//! * [`listener`]: binds, accepts, drains. Knows nothing about services: the admin port uses it too.
//! * `connection`: one connection from its first byte to its last; `activity`: what it is busy with, hence when it
//!   has been quiet for too long.
//! * [`layers`]: the way of a request, one list in the order in which a request meets it.
//! * [`routes`]: which service answers which path. `dispatch`: the handler at the end of the list.
//!   The table of them is immutable and is swapped as a whole.
//! * `facts`: what a request owes to its connection. `access`: who may call. `cors`: which web pages may.
//! * `answer`: what a channel does to answers: tags, compression, limits. `accept`: what clients accept.
//! * `soap`: SOAP messages, from the envelope to the service and back.
//! * `openapi`: the description of channels for those who call them.
//! * `form`: forms that come as multipart. [`tls`]: certificates and handshakes.
//! * [`body`]: reads a body up to a limit; `headers` and `trace`: what is taken over from the head.
//! * [`bench`]: what routes and layers cost.
//! * `respond`: the only place that turns a [`Response`](caisson_capability::Response) or an
//!   [`Error`](caisson_capability::Error) into HTTP.
//!
//! **Architecture Invariant:** this crate calls services through [`Invoker`](caisson_capability::Invoker) only and
//! knows no WebAssembly engine.

mod accept;
mod access;
mod activity;
mod answer;
pub mod bench;
pub mod body;
mod connection;
mod cors;
mod dispatch;
mod facts;
mod form;
mod headers;
pub mod layers;
pub mod listener;
mod openapi;
pub mod options;
mod respond;
pub mod routes;
mod soap;
pub mod tls;
mod trace;

pub use facts::ConnectionFacts;
pub use layers::router;
pub use listener::{DrainReport, ListenError, Listener};
pub use options::HttpOptions;
pub use respond::CID_HEADER;
pub use routes::{Routes, Table};
pub use tls::{Tls, TlsError};
