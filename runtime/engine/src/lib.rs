//! Components become instances: an *artifact* is compiled code, an *image* is memory as it was after loading, an
//! *instance* is both together, pristine for every request.
//!
//! # Layout
//!
//! * [`engine`](Engine): the front. [`program`](Program): one loaded package with its idle instances.
//! * `admission`: who may enter and who waits. `instance`: one store, one call, one reset.
//! * `host`: what a guest can reach without a grant; `caisson_host` is where capabilities link the rest. `bindings`: the types that cross over, from `wit/`.
//! * `artifact`: stripping, compiling, caching. `python`: the interpreter as an artifact and an image.
//! * `schema`: what guests declare of their services.
//! * `memory`: slots, images, stacks; **the only module with `unsafe`**. `config`: wasmtime's settings.
//!
//! **Architecture Invariant:** the engine opens no socket and no file that belongs to a service.

pub mod bench;

mod admission;
mod artifact;
mod bindings;
mod config;
mod engine;
mod host;
mod instance;
mod memory;
mod outlet;
mod package;
mod program;
mod python;
mod schema;
mod settings;

pub use artifact::compile::{CHILD_HOST_FAULT, CompileError, compile_child, engine_key};
pub use engine::{Diagnostics, Engine, EngineError, EngineOptions};
pub use host::Host;
pub use package::{LoadError, Package, ServiceInfo, SourceFile};
pub use program::Program;
pub use python::build as build_python;
pub use settings::{Isolation, Limits, Settings};
