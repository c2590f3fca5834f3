//! Bodies that come piece by piece: a payload that is an iterator is sent while it is iterated.

use super::{Unsendable, head};
use crate::{
    bindings::{
        caisson::service::answer,
        exports::caisson::service::handler::{Error, Response},
    },
    modules,
    objects::PyResponse,
    registry::text,
};
use rustpython_vm::{
    AsObject, Py, PyObjectRef, TryFromObject, VirtualMachine,
    builtins::{PyBytes, PyTuple},
    protocol::PyIter,
};

/// Whether a payload is an iterator, be it an asynchronous one.
pub fn has_pieces(payload: &PyObjectRef, vm: &VirtualMachine) -> bool {
    payload.class().slots.iternext.load().is_some()
        || payload.class().get_attr(vm.ctx.intern_str("__anext__")).is_some()
}

/// Sends the head with the first piece, then the others. The host ignores what this returns, unless it is an error.
pub fn send(
    answer: &Py<PyResponse>,
    payload: PyObjectRef,
    vm: &VirtualMachine,
) -> Result<Response, Unsendable> {
    each(answer, payload, vm, |step| match step {
        Step::Head(head) => answer::begin(head.status, &head.headers),
        Step::Piece(bytes) => answer::write(bytes),
    })
}

/// The same as a whole, sent to nobody.
pub fn gather(
    answer: &Py<PyResponse>,
    payload: PyObjectRef,
    vm: &VirtualMachine,
) -> Result<Response, Unsendable> {
    let mut body = Vec::new();
    let head = each(answer, payload, vm, |step| {
        if let Step::Piece(bytes) = step {
            body.extend_from_slice(bytes);
        }
        Ok(())
    })?;
    Ok(Response { body, ..head })
}

/// What comes one after the other.
enum Step<'a> {
    Head(&'a Response),
    Piece(&'a [u8]),
}

fn each(
    answer: &Py<PyResponse>,
    payload: PyObjectRef,
    vm: &VirtualMachine,
    mut take: impl FnMut(Step<'_>) -> Result<(), Error>,
) -> Result<Response, Unsendable> {
    let content_type = match answer.content_type.get().filter(|value| !vm.is_none(value)) {
        Some(assigned) => assigned,
        None => header_content_type(answer, vm),
    };
    let opened = modules::hook(|hooks| &hooks.open_stream).call((payload, content_type), vm)?;
    let parts = opened.downcast_ref::<PyTuple>().map(|parts| parts.as_slice());
    let Some([first, others, implied]) = parts else {
        return Err(Unsendable::Reason("open_stream answers a tuple of three".to_owned()));
    };
    let implied = if text(implied, vm)? == super::TEXT { super::TEXT } else { NDJSON };
    let response = head(answer, Some(implied), Vec::new(), vm)?;
    let mut take = |step: Step<'_>| take(step).map_err(|error| Unsendable::Reason(error.message));
    take(Step::Head(&response))?;
    if !vm.is_none(first) {
        take(Step::Piece(bytes(first)?.as_bytes()))?;
    }
    let others = PyIter::try_from_object(vm, others.clone())?;
    for piece in others.into_iter::<PyObjectRef>(vm) {
        take(Step::Piece(bytes(&piece?)?.as_bytes()))?;
    }
    Ok(response)
}

const NDJSON: &str = "application/x-ndjson";

fn bytes(piece: &PyObjectRef) -> Result<&Py<PyBytes>, Unsendable> {
    piece
        .downcast_ref::<PyBytes>()
        .ok_or_else(|| Unsendable::Reason("the pieces of a stream are bytes".to_owned()))
}

/// The media type that was set as a header, or `None`.
fn header_content_type(answer: &Py<PyResponse>, vm: &VirtualMachine) -> PyObjectRef {
    let headers = answer.headers.borrow().clone();
    let fields = headers.and_then(|headers| super::headers(&headers, vm).ok()).unwrap_or_default();
    let found = fields.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    found.map_or_else(|| vm.ctx.none(), |(_, value)| vm.ctx.new_str(value).into())
}
