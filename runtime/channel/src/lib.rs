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
//! * [`body`]: reads a body up to a limit; `headers` and `trace`: what is taken over from the head.
//! * `respond`: the only place that turns a [`Response`](caisson_capability::Response) or an
//!   [`Error`](caisson_capability::Error) into HTTP.
//!
//! **Architecture Invariant:** this crate calls services through [`Invoker`](caisson_capability::Invoker) only and
//! knows no WebAssembly engine.

mod activity;
pub mod body;
mod connection;
mod dispatch;
mod headers;
pub mod layers;
pub mod listener;
pub mod options;
mod respond;
pub mod routes;
mod trace;

pub use layers::router;
pub use listener::{DrainReport, ListenError, Listener};
pub use options::HttpOptions;
pub use respond::CID_HEADER;
pub use routes::Routes;
