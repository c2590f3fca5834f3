//! The one interpreter of this instance, with what is known about the loaded package.

use crate::{bindings::caisson::service::types::Settlement, hooks::Hooks, registry::Registry};
use rustpython_vm::{Interpreter, VirtualMachine};
use std::cell::{Cell, OnceCell, RefCell};

/// What lives from `prepare` to the end of the instance.
pub struct Runtime {
    interpreter: Interpreter,
    /// Functions of the SDK that the Rust side calls.
    pub hooks: Hooks,
    /// Services of the loaded package.
    pub registry: RefCell<Registry>,
    /// What becomes of the message that is answered, once the service has said so.
    pub settlement: Cell<Option<Settlement>>,
}

thread_local! {
    static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() };
}

/// Keeps the booted interpreter for the rest of the instance's life.
pub fn install(interpreter: Interpreter, hooks: Hooks) {
    let runtime = Runtime { interpreter, hooks, registry: RefCell::default(), settlement: Cell::new(None) };
    RUNTIME.with(|cell| cell.set(runtime).map_err(|_| ()).expect("prepare is called once"));
}

/// True once `prepare` has succeeded.
pub fn is_ready() -> bool {
    RUNTIME.with(|cell| cell.get().is_some())
}

/// Runs `f` inside the interpreter, or answers `None` before `prepare`.
pub fn enter<R>(f: impl FnOnce(&VirtualMachine, &Runtime) -> R) -> Option<R> {
    RUNTIME.with(|cell| {
        let runtime = cell.get()?;
        Some(runtime.interpreter.enter(|vm| f(vm, runtime)))
    })
}

/// Runs `f` with the runtime, for code that is already inside the interpreter.
pub fn with<R>(f: impl FnOnce(&Runtime) -> R) -> Option<R> {
    RUNTIME.with(|cell| cell.get().map(f))
}
