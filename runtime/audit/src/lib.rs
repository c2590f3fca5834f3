//! What was refused, and what would have been: kept on disk, for each server its own.
//!
//! # Layout
//!
//! * [`Audit`]: the file, and questions to it. `writer`: from the services' calls to the file, without anybody waiting.
//! * [`entry`]: what is kept, and what may be asked for.
//!
//! **Architecture Invariant:** a refusal never waits for the disk. What comes faster than it can be written is counted, and the
//! count is kept.

#![forbid(unsafe_code)]

pub mod entry;
mod store;
mod writer;

pub use entry::{Entry, Filter};
pub use store::{Audit, AuditError};
