//! Calls that nobody waits for: kept on disk, made by workers, made again until they have been answered.
//!
//! # Layout
//!
//! * [`Queue`]: what the rest of the server sees. [`check`]: what is taken in, and [`quota`]: how much of it.
//! * [`task`]: a call as it is kept; [`entry`]: as operators see it.
//! * [`store`]: the file. [`writer`]: the only one that changes it, many changes in one transaction.
//! * [`dispatch`]: takes calls that are due and makes them. [`arrivals`]: how it learns of them. [`choose`]: which ones are next, with
//!   [`turns`], whose turn it is, and [`places`], what there is room for. [`outcome`]: what becomes of a call then, and [`report`]: what its
//!   callbacks are told.
//!
//! **Architecture Invariants:** services are called through the one [`Invoker`](caisson_capability::Invoker) and by nobody else. A call
//! leaves the file in the transaction that puts its callbacks in, and nothing is acknowledged before it is on disk. What has failed
//! for good stays, with its reason, until an operator has seen to it or it is old.

#![forbid(unsafe_code)]

mod arrivals;
mod check;
mod choose;
mod dispatch;
mod entry;
mod outcome;
mod places;
mod queue;
mod quota;
mod report;
mod store;
mod task;
mod turns;
mod writer;

pub use entry::{Entry, Filter, State};
pub use queue::{Queue, Settings};
pub use store::StoreError;
