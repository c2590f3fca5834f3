//! What the native functions of capabilities answer: `(True, value)`, or `(False, kind, message, retryable, code)`, which
//! `caisson._capability.unwrap` raises.

use crate::{bindings::caisson::capability::types::Error, errors::KINDS};
use rustpython_vm::{PyObjectRef, VirtualMachine};

/// It was done.
pub fn good(value: PyObjectRef, vm: &VirtualMachine) -> PyObjectRef {
    vm.new_tuple((vm.ctx.new_bool(true), value)).into()
}

/// It was refused, or has failed.
pub fn bad(error: Error, vm: &VirtualMachine) -> PyObjectRef {
    let kind = KINDS.iter().find(|(_, known)| *known == error.kind).map_or("internal", |(name, _)| name);
    vm.new_tuple((vm.ctx.new_bool(false), kind, error.message, error.retryable, error.code)).into()
}

/// Either.
pub fn answer<T>(
    outcome: Result<T, Error>,
    vm: &VirtualMachine,
    told: impl FnOnce(T, &VirtualMachine) -> PyObjectRef,
) -> PyObjectRef {
    match outcome {
        Ok(value) => good(told(value, vm), vm),
        Err(error) => bad(error, vm),
    }
}
