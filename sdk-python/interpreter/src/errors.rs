//! Python exceptions as error values of the contract.

use crate::{
    bindings::caisson::service::types::{ErrorKind, Field},
    bindings::exports::caisson::service::handler::Error,
    registry::text,
    respond,
    runtime::Runtime,
};
use rustpython_vm::{
    PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyBaseExceptionRef, PyTuple},
};

/// What a caller reads when a service failed for a reason of its own.
pub const INTERNAL_MESSAGE: &str = "An error has occurred";

/// The kinds by their names in the SDK.
pub const KINDS: [(&str, ErrorKind); 11] = [
    ("invalid-input", ErrorKind::InvalidInput),
    ("unauthenticated", ErrorKind::Unauthenticated),
    ("access-denied", ErrorKind::AccessDenied),
    ("not-found", ErrorKind::NotFound),
    ("method-not-allowed", ErrorKind::MethodNotAllowed),
    ("conflict", ErrorKind::Conflict),
    ("timeout", ErrorKind::Timeout),
    ("quota-exceeded", ErrorKind::QuotaExceeded),
    ("unavailable", ErrorKind::Unavailable),
    ("cancelled", ErrorKind::Cancelled),
    ("internal", ErrorKind::Internal),
];

/// An internal error whose reason only the operator reads.
pub fn internal(detail: impl Into<String>) -> Error {
    Error {
        kind: ErrorKind::Internal,
        status: None,
        message: INTERNAL_MESSAGE.to_owned(),
        detail: Some(detail.into()),
        retryable: false,
        headers: Vec::new(),
    }
}

/// The error for an exception that a service raised.
pub fn from_exception(
    exception: PyBaseExceptionRef,
    cid: &str,
    runtime: &Runtime,
    vm: &VirtualMachine,
) -> Error {
    let described = runtime
        .hooks
        .describe_error
        .call((exception.clone(), vm.ctx.new_str(cid)), vm)
        .and_then(|facts| from_facts(&facts, vm));
    // Describing runs Python too (e.g. the exception's own `__str__`), which may fail in turn.
    described.unwrap_or_else(|_| internal(report(&exception, vm)))
}

/// The interpreter's own report of an exception, for when Python code cannot make one.
pub fn report(exception: &PyBaseExceptionRef, vm: &VirtualMachine) -> String {
    let mut report = String::new();
    if vm.write_exception(&mut report, exception).is_err() {
        report.push_str("(the exception cannot be shown)");
    }
    report
}

fn from_facts(facts: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Error> {
    let wrong = || vm.new_type_error("describe_error answers a tuple of six");
    let facts = facts.downcast_ref::<PyTuple>().ok_or_else(wrong)?;
    let [kind, status, message, detail, retryable, headers] = facts.as_slice() else { return Err(wrong()) };
    let kind = text(kind, vm)?;
    let kind = KINDS.iter().find(|(name, _)| *name == kind).map_or(ErrorKind::Internal, |(_, kind)| *kind);
    let optional = |object: &PyObjectRef| Some(object.clone()).filter(|object| !vm.is_none(object));
    Ok(Error {
        kind,
        status: optional(status).map(|status| status.try_into_value(vm)).transpose()?,
        message: text(message, vm)?,
        detail: optional(detail).map(|detail| text(&detail, vm)).transpose()?,
        retryable: retryable.clone().try_to_bool(vm)?,
        headers: error_headers(headers, vm),
    })
}

/// Headers that come with an error. They must not make a second error out of the first, so what cannot be sent is left out.
pub fn error_headers(headers: &PyObjectRef, vm: &VirtualMachine) -> Vec<Field> {
    respond::headers(headers, vm).unwrap_or_default()
}
