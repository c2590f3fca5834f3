//! Values in memory that outlive requests: named caches, a namespace for each package, all of it bounded.
//!
//! # Layout
//!
//! * [`Caches`]: all caches of a server, and the memory that they share.
//! * [`Which`]: how entries are chosen. [`Entry`]: what is told of one.
//! * `space`: the caches of one namespace; `cache`: one of them.
//!
//! **Architecture Invariants:** no waiting and no tasks: what has ended goes when somebody comes by, and memory is bounded without that.
//! A cache may forget anything at any time, so nothing here is ever refused because others take too much.

#![forbid(unsafe_code)]

mod cache;
mod caches;
mod entry;
mod space;
mod which;

pub use caches::Caches;
pub use entry::{Condition, Entry, Parts, Write};
pub use which::Which;

/// Why something was not done. The text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// What was given makes no sense, or is too large.
    #[error("{0}")]
    Unfit(String),
    /// A bound was reached.
    #[error("{0}")]
    TooMuch(String),
}

/// Entries of one cache.
pub const MAX_ENTRIES: usize = 10_000;

/// Bytes of one value.
pub const MAX_VALUE: usize = 1 << 20;

/// Bytes of one key, and of a text that keys are matched with.
pub const MAX_KEY: usize = 1_024;

/// Bytes of the name of a cache.
pub const MAX_NAME: usize = 128;

/// Caches of one namespace.
pub const MAX_CACHES: usize = 64;

/// Bytes of values that one call answers.
pub const MAX_ANSWER: usize = 16 << 20;

/// Texts of one `contains_all` or `contains_any`.
pub const MAX_TEXTS: usize = 64;

#[cfg(test)]
mod tests;
