//! The way to the host, in one of two forms: the imports of a component, or the simulated host of tests. Both have the same
//! functions over the types of the contract, so that everything else of this crate is the same in both.

#[cfg(target_family = "wasm")]
mod component;
#[cfg(not(target_family = "wasm"))]
pub(crate) mod simulated;

#[cfg(target_family = "wasm")]
pub(crate) use component::{
    amqp, begin_answer, cache, enqueue, http, invoke, invoke_all, lock, log, redis, sql, write_answer,
};
#[cfg(not(target_family = "wasm"))]
pub(crate) use simulated::{
    amqp, begin_answer, cache, enqueue, http, invoke, invoke_all, lock, log, redis, sql, write_answer,
};
