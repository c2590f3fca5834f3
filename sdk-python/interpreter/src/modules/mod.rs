//! Native modules of the interpreter.

mod amqp;
mod cache;
mod caisson;
mod calls;
mod crypto;
mod csv;
mod http;
pub mod json;
mod lock;
mod model;
mod outcome;
mod random;
mod redis;
mod sql;
mod uuid;
mod xml;

use crate::{hooks::Hooks, runtime};
use rustpython_vm::{InterpreterBuilder, PyObjectRef};

/// Registers our modules. `_random` and `_uuid` take the place of the interpreter's own, which seed themselves once in the
/// life of a process; ours do it once in the life of an instance.
pub fn register(builder: InterpreterBuilder) -> InterpreterBuilder {
    let defs = [
        amqp::module_def(&builder.ctx),
        cache::module_def(&builder.ctx),
        caisson::module_def(&builder.ctx),
        calls::module_def(&builder.ctx),
        crypto::module_def(&builder.ctx),
        csv::module_def(&builder.ctx),
        http::module_def(&builder.ctx),
        lock::module_def(&builder.ctx),
        model::module_def(&builder.ctx),
        random::module_def(&builder.ctx),
        redis::module_def(&builder.ctx),
        sql::module_def(&builder.ctx),
        uuid::module_def(&builder.ctx),
        xml::module_def(&builder.ctx),
    ];
    builder.add_native_modules(&defs)
}

/// One of the SDK's functions. Only objects of a request call this, and those exist after boot only.
pub fn hook(choose: impl FnOnce(&Hooks) -> &PyObjectRef) -> PyObjectRef {
    runtime::with(|runtime| choose(&runtime.hooks).clone())
        .expect("objects of a request exist after boot only")
}
