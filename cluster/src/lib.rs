//! The state of a server or of a cluster: revisions, history, watch, leases, election, locks.
//!
//! # Layout
//!
//! * [`kv`]: what is needed of a backend: keys, compare-and-swap, watch, leases. SQLite (embedded) and etcd.
//! * [`store`]: documents with revisions on top of any backend; blobs, members, elections, locks.
//! * [`seal`]: encryption of secrets at rest.
//!
//! **Architecture Invariant:** what documents mean is nobody's business here. No backend knows what a revision is, and
//! the store knows no backend but by the trait.

#![forbid(unsafe_code)]

pub mod error;
pub mod kv;
pub mod seal;
pub mod store;

pub use error::{Error, ErrorKind};
pub use kv::etcd::EtcdOptions;
pub use store::{
    Change, Committed, Conflict, Documents, Election, Health, Lock, Member, MemberStatus, Membership,
    Revision, Snapshot, Store,
};
