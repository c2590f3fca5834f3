//! The explicit list of capabilities: what a server offers is what stands here.
//!
//! **Architecture Invariant:** nothing but the two lists. A capability has one line in each.

#![forbid(unsafe_code)]

use caisson_capability::Catalog;
use caisson_host::Link;

/// All capabilities, for definitions and connections.
#[must_use]
pub fn catalog() -> Catalog {
    Catalog::new(vec![])
}

/// All capabilities, for guests.
#[must_use]
pub fn links<T: Send + 'static>() -> Vec<Link<T>> {
    vec![]
}
