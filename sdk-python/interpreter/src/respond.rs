//! What a service has set on `self.response`, as a response of the contract.

mod pieces;

use crate::{
    bindings::{caisson::service::types::Field, exports::caisson::service::handler::Response},
    modules,
    objects::{self, PyResponse},
};
use rustpython_vm::{
    AsObject, Py, PyObjectRef, VirtualMachine,
    builtins::{PyBytes, PyDict, PyInt, PyList, PyStr, PyTuple},
};

/// Why a response cannot be sent: a sentence for the operator, or an exception of Python code that serialises.
pub enum Unsendable {
    /// What is wrong.
    Reason(String),
    /// What was raised.
    Raised(rustpython_vm::builtins::PyBaseExceptionRef),
}

impl From<rustpython_vm::builtins::PyBaseExceptionRef> for Unsendable {
    fn from(exception: rustpython_vm::builtins::PyBaseExceptionRef) -> Self {
        Self::Raised(exception)
    }
}

const TEXT: &str = "text/plain";
const JSON: &str = "application/json";

/// The response, checked. What comes in pieces has been sent when this returns.
pub fn response(answer: Option<&Py<PyResponse>>, vm: &VirtualMachine) -> Result<Response, Unsendable> {
    let Some(answer) = answer else {
        return Ok(Response { status: 200, headers: Vec::new(), body: Vec::new(), settlement: None });
    };
    match answer.payload.get() {
        Some(payload) if pieces::has_pieces(&payload, vm) => pieces::send(answer, payload, vm),
        Some(payload) => {
            let (body, implied) = serialise(&payload, vm)?;
            head(answer, implied, body, vm)
        }
        None => head(answer, None, Vec::new(), vm),
    }
}

/// The response as [`response`] makes it, but with pieces put together: for a test, which wants to see the whole.
pub fn whole(answer: Option<&Py<PyResponse>>, vm: &VirtualMachine) -> Result<Response, Unsendable> {
    match answer.and_then(|answer| Some((answer, answer.payload.get()?))) {
        Some((answer, payload)) if pieces::has_pieces(&payload, vm) => pieces::gather(answer, payload, vm),
        _ => response(answer, vm),
    }
}

/// Status and headers for a body, of which it is known what media type it implies.
fn head(
    answer: &Py<PyResponse>,
    implied: Option<&'static str>,
    body: Vec<u8>,
    vm: &VirtualMachine,
) -> Result<Response, Unsendable> {
    let status = status(answer, vm)?;
    let mut headers = match &*answer.headers.borrow() {
        Some(headers) => self::headers(headers, vm).map_err(Unsendable::Reason)?,
        None => Vec::new(),
    };
    set_content_type(&mut headers, answer, implied, vm)?;
    if let Some(encoding) = answer.content_encoding.get().filter(|value| !vm.is_none(value)) {
        let value = header_value("Content-Encoding", &encoding, vm).map_err(Unsendable::Reason)?;
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-encoding"));
        headers.push(("content-encoding".to_owned(), value));
    }
    Ok(Response { status, headers, body, settlement: None })
}

/// The assigned media type wins over a header, and a header over what follows from the payload.
fn set_content_type(
    headers: &mut Vec<Field>,
    answer: &Py<PyResponse>,
    implied: Option<&'static str>,
    vm: &VirtualMachine,
) -> Result<(), Unsendable> {
    if let Some(assigned) = answer.content_type.get().filter(|value| !vm.is_none(value)) {
        let value = header_value("Content-Type", &assigned, vm).map_err(Unsendable::Reason)?;
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        headers.push(("content-type".to_owned(), value));
    } else if let Some(implied) = implied
        && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
    {
        headers.push(("content-type".to_owned(), implied.to_owned()));
    }
    Ok(())
}

fn status(answer: &Py<PyResponse>, vm: &VirtualMachine) -> Result<u16, Unsendable> {
    let Some(status) = answer.status_code.get() else { return Ok(200) };
    let number = match status.downcast_ref::<PyInt>() {
        Some(number) => number.try_to_primitive::<u16>(vm).ok(),
        // `status_code = '404'` and `http.HTTPStatus.NOT_FOUND` (an int) are both in use.
        None => status.downcast_ref::<PyStr>().and_then(|text| text.to_string_lossy().trim().parse().ok()),
    };
    number.filter(|number| (100..1000).contains(number)).ok_or_else(|| {
        let shown =
            status.repr(vm).map_or_else(|_| "?".to_owned(), |repr| repr.to_string_lossy().into_owned());
        Unsendable::Reason(format!("self.response.status_code must be a number from 100 to 999, not {shown}"))
    })
}

/// The body for a payload and the media type that it implies.
fn serialise(
    payload: &PyObjectRef,
    vm: &VirtualMachine,
) -> Result<(Vec<u8>, Option<&'static str>), Unsendable> {
    if let Some(text) = payload.downcast_ref_if_exact::<PyStr>(vm) {
        let text = text.to_str().ok_or_else(|| {
            Unsendable::Reason(
                "self.response.payload holds text that is not valid Unicode (a lone surrogate)".to_owned(),
            )
        })?;
        let implied = if text.is_empty() { None } else { Some(TEXT) };
        return Ok((text.as_bytes().to_vec(), implied));
    }
    if vm.is_none(payload) {
        return Ok((Vec::new(), None));
    }
    if let Some(bytes) = payload.downcast_ref_if_exact::<PyBytes>(vm) {
        let implied = if bytes.as_bytes().is_empty() { None } else { Some(TEXT) };
        return Ok((bytes.as_bytes().to_vec(), implied));
    }
    let list = payload.downcast_ref_if_exact::<PyList>(vm).is_some_and(|list| !list.borrow_vec().is_empty());
    if list || payload.downcast_ref_if_exact::<PyDict>(vm).is_some() {
        let body = modules::json::write(payload, vm)?;
        objects::keep(payload, body.len());
        return Ok((body, Some(JSON)));
    }
    other(payload, vm)
}

/// Payloads that take Python code to serialise.
fn other(payload: &PyObjectRef, vm: &VirtualMachine) -> Result<(Vec<u8>, Option<&'static str>), Unsendable> {
    let answer = modules::hook(|hooks| &hooks.serialise).call((payload.clone(),), vm)?;
    let parts = answer.downcast_ref::<PyTuple>().map(|parts| parts.as_slice());
    let Some([body, json]) = parts else {
        return Err(Unsendable::Reason("serialise answers a tuple of two".to_owned()));
    };
    let body = body
        .downcast_ref::<PyBytes>()
        .ok_or_else(|| Unsendable::Reason("serialise answers bytes".to_owned()))?;
    let implied = if body.as_bytes().is_empty() {
        None
    } else if json.clone().try_to_bool(vm)? {
        Some(JSON)
    } else {
        Some(TEXT)
    };
    Ok((body.as_bytes().to_vec(), implied))
}

/// Headers from a dict of names to text or to lists of texts. The error says what is wrong with which header.
pub fn headers(headers: &PyObjectRef, vm: &VirtualMachine) -> Result<Vec<Field>, String> {
    let dict = headers
        .downcast_ref::<PyDict>()
        .ok_or_else(|| format!("self.response.headers must be a dict, not {}", headers.class().name()))?;
    let mut fields = Vec::with_capacity(dict.__len__());
    for (name, value) in dict.to_owned() {
        let name = header_name(&name)?;
        if let Some(list) = value.downcast_ref::<PyList>() {
            for value in list.borrow_vec().iter() {
                fields.push((name.clone(), header_value(&name, value, vm)?));
            }
        } else {
            let value = header_value(&name, &value, vm)?;
            fields.push((name, value));
        }
    }
    Ok(fields)
}

fn header_name(name: &PyObjectRef) -> Result<String, String> {
    let text = name
        .downcast_ref::<PyStr>()
        .ok_or_else(|| format!("the name of a header must be a str, not {}", name.class().name()))?;
    let text = text.to_string_lossy();
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if text.is_empty() || !text.bytes().all(is_token) {
        return Err(format!("the name of a header must be a token of HTTP, which {text:?} is not"));
    }
    Ok(text.into_owned())
}

/// Text as it is, a number as it is written; nothing else, since what others look like is nobody's contract.
fn header_value(name: &str, value: &PyObjectRef, vm: &VirtualMachine) -> Result<String, String> {
    let class = value.class();
    let number = class.is(vm.ctx.types.int_type) || class.is(vm.ctx.types.float_type);
    let shown = if number { value.str(vm).ok() } else { None };
    let text = shown.as_deref().or_else(|| value.downcast_ref::<PyStr>()).ok_or_else(|| {
        format!("the value of the header {name} must be a str or a number, not {}", value.class().name())
    })?;
    let text = text.to_str().ok_or_else(|| format!("the value of the header {name} is not valid Unicode"))?;
    if text.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        return Err(format!("the value of the header {name} must not contain a line end or a NUL"));
    }
    Ok(text.to_owned())
}
