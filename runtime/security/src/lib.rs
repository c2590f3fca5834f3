//! Who calls, and how often: credentials, tokens, certificates, lock-out, rate limits.
//!
//! # Layout
//!
//! * [`guard`]: what stands before a channel; [`guards`]: makes all of them from definitions.
//! * [`attempt`]: what a request brings along; [`authorization`]: the header `Authorization`; [`address`]: networks.
//! * [`basic`], [`key`], [`jwt`], [`mtls`], [`wss`]: one file for each way to prove who one is.
//! * [`password`]: argon2id, and the cache that keeps it off the hot path.
//! * [`failure`]: lock-out after failures; [`limit`]: token buckets; [`table`]: the bounded map below both.
//! * [`shared`]: what outlives a change of the definitions.
//! * [`token`]: tokens of the admin API. [`refusal`]: how attempts are refused.
//!
//! **Architecture Invariant:** this crate answers no requests: it says who somebody is, or why not.
//!
//! **Architecture Invariant:** nothing that a caller sends makes anything here grow without a bound.

#![forbid(unsafe_code)]

mod address;
pub mod attempt;
mod authorization;
mod basic;
mod failure;
pub mod guard;
pub mod guards;
mod jwt;
mod key;
pub mod limit;
mod mtls;
pub mod password;
mod refusal;
pub mod shared;
mod table;
pub mod token;
pub mod wss;

pub use attempt::{Attempt, ClientCertificate};
pub use guard::{Credentials, Guard, Standing};
pub use guards::Guards;
pub use limit::{Limiter, Taken};
pub use shared::Shared;
pub use wss::{WssGuard, WssPassword};
