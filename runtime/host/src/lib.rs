//! Where capabilities meet the engine: what a host function sees of the instance that calls it, and the error that all of them answer.
//!
//! A capability links its interface for any store data that can show a [`Guest`]; the engine has the one that does.
//!
//! **Architecture Invariant:** this crate knows the contract of capabilities and wasmtime, and neither the engine nor any capability.

#![forbid(unsafe_code)]

mod carried;
mod error;
mod guest;

pub use carried::{Carried, Carrying};
pub use error::{error, kind, unfit};
pub use guest::{Guest, Link, Resources, Shows};

/// The types that all capabilities share, generated from `wit/deps/capability`. For the option `with` of `bindgen!`:
/// `"caisson:capability/types": caisson_host::types`.
pub use generated::caisson::capability::types;

#[allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::all,
    reason = "generated code; its documentation is in wit/"
)]
mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit/deps/capability",
        world: "caisson:capability/imports",
    });
}
