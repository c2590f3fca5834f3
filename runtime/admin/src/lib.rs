//! The admin HTTP API: health, metrics, and under `/api/v1` everything that the command line and the web admin do.
//!
//! # Layout
//!
//! * [`router()`]: all routes, one list; the OpenAPI document is made from the same list.
//! * [`shapes`]: the JSON of the API as types, shared with the command line.
//! * [`token`]: the secret that opens the API; `auth`: who may pass.
//! * `problem`: every error, in one shape. `request`: what is taken from a request, with errors in that shape.
//! * `health`, `packages`, `services`, `governance`, `logs`, `tasks`: the handlers. `usage`: uses as metrics. `upload`: a request's body as a package.
//!
//! **Architecture Invariant:** services are called through [`Invoker`](caisson_capability::Invoker), and their answers
//! leave by the same way as on every other HTTP channel.

mod auth;
mod definitions;
mod governance;
mod health;
mod logs;
mod packages;
mod problem;
mod request;
mod revisions;
pub mod router;
mod services;
pub mod shapes;
mod tasks;
pub mod token;
mod upload;
mod usage;
mod users;

pub use router::{Admin, Login, router};
pub use token::{Token, TokenError};
pub use usage::UsageCollector;

#[cfg(test)]
mod tests;
