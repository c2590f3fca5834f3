//! The explicit list of capabilities: what a server offers is what stands here.
//!
//! **Architecture Invariant:** nothing but the two lists. A capability has one line in each.

#![forbid(unsafe_code)]

use caisson_capability::Catalog;
use caisson_host::Link;
use std::sync::Arc;

/// All capabilities, for definitions and connections.
#[must_use]
pub fn catalog() -> Catalog {
    Catalog::new(vec![
        Arc::new(caisson_amqp::Amqp),
        Arc::new(caisson_http::Http::default()),
        Arc::new(caisson_redis::Redis),
        Arc::new(caisson_sql::Sql),
    ])
}

/// All capabilities, for guests.
#[must_use]
pub fn links<T: Send + 'static>() -> Vec<Link<T>> {
    vec![caisson_amqp::link, caisson_http::link, caisson_redis::link, caisson_sql::link]
}
