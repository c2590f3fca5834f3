//! `self.response`: what a service answers.

use super::Lazy;
use crate::{bindings::exports::caisson::service::handler::Context, modules::hook};
use rustpython_vm::{
    Py, PyObjectRef, PyPayload, PyResult, VirtualMachine,
    builtins::{PyDictRef, PyStrRef},
    function::PySetterValue,
    pyclass,
};
use std::cell::RefCell;

/// One answer. Nothing is checked when it is set; everything is when it is sent.
#[pyclass(module = "caisson", name = "Response")]
#[derive(Debug, Default, PyPayload)]
pub struct PyResponse {
    /// What was assigned, if anything was.
    pub payload: Lazy,
    /// HTTP status, if one was assigned.
    pub status_code: Lazy,
    status_message: Lazy,
    /// Media type, if one was assigned.
    pub content_type: Lazy,
    /// Headers, if the service asked for them.
    pub headers: RefCell<Option<PyObjectRef>>,
    /// `Content-Encoding`, if one was assigned.
    pub content_encoding: Lazy,
    result: Lazy,
    result_details: Lazy,
    cid: String,
    data_format: Option<String>,
}

impl PyResponse {
    /// The answer to a message, of which nothing is set yet.
    pub fn new(context: &Context) -> Self {
        let data_format = context.channel.data_format.clone();
        Self { cid: context.cid.clone(), data_format, ..Self::default() }
    }
}

#[pyclass(flags(HAS_DICT))]
impl PyResponse {
    /// The body: text, bytes, or anything that can be written as JSON. Attributes may be set on it before anything was
    /// assigned: `zelf.response.payload.a.b = 1`.
    #[pygetset]
    fn payload(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        zelf.payload.get_or_try(|| hook(|hooks| &hooks.make_message).call((), vm))
    }

    #[pygetset(setter)]
    fn set_payload(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) {
        zelf.payload.set(match value {
            PySetterValue::Assign(value) => value,
            PySetterValue::Delete => vm.ctx.none(),
        });
    }

    /// HTTP status, 200 unless it was set.
    #[pygetset]
    fn status_code(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.status_code.get().unwrap_or_else(|| vm.ctx.new_int(200).into())
    }

    #[pygetset(setter)]
    fn set_status_code(zelf: &Py<Self>, value: PyObjectRef) {
        zelf.status_code.set(value);
    }

    /// Text of the HTTP status; kept, but HTTP/2 has no place for it.
    #[pygetset]
    fn status_message(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.status_message.get().unwrap_or_else(|| vm.ctx.new_str("OK").into())
    }

    #[pygetset(setter)]
    fn set_status_message(zelf: &Py<Self>, value: PyObjectRef) {
        zelf.status_message.set(value);
    }

    /// Media type of the body. Unless it was set, it follows from the payload.
    #[pygetset]
    fn content_type(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.content_type.get().unwrap_or_else(|| vm.ctx.new_str("text/plain").into())
    }

    #[pygetset(setter)]
    fn set_content_type(zelf: &Py<Self>, value: PyObjectRef) {
        zelf.content_type.set(value);
    }

    /// Headers: a dict of names to text, or to a list of texts for a header that is sent several times.
    #[pygetset]
    fn headers(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.headers
            .borrow_mut()
            .get_or_insert_with(|| -> PyObjectRef {
                let dict: PyDictRef = vm.ctx.new_dict();
                dict.into()
            })
            .clone()
    }

    #[pygetset(setter)]
    fn set_headers(zelf: &Py<Self>, value: PyObjectRef) {
        let old = zelf.headers.replace(Some(value));
        drop(old);
    }

    /// What is sent as `Content-Encoding`; the payload has to be encoded by the service. Empty unless it was set.
    #[pygetset]
    fn content_encoding(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.content_encoding.get().unwrap_or_else(|| vm.ctx.empty_str.to_owned().into())
    }

    #[pygetset(setter)]
    fn set_content_encoding(zelf: &Py<Self>, value: PyObjectRef) {
        zelf.content_encoding.set(value);
    }

    /// Kept for services that set it; it is sent nowhere.
    #[pygetset]
    fn result(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.result.get().unwrap_or_else(|| vm.ctx.new_str("ZATO_OK").into())
    }

    #[pygetset(setter)]
    fn set_result(zelf: &Py<Self>, value: PyObjectRef) {
        zelf.result.set(value);
    }

    /// Kept for services that set it; it is sent nowhere.
    #[pygetset]
    fn result_details(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.result_details.get().unwrap_or_else(|| vm.ctx.empty_str.to_owned().into())
    }

    #[pygetset(setter)]
    fn set_result_details(zelf: &Py<Self>, value: PyObjectRef) {
        zelf.result_details.set(value);
    }

    /// Correlation id.
    #[pygetset]
    fn cid(zelf: &Py<Self>, vm: &VirtualMachine) -> PyStrRef {
        vm.ctx.new_str(zelf.cid.as_str())
    }

    /// What bodies are by the definition of the channel; empty if it does not say.
    #[pygetset]
    fn data_format(zelf: &Py<Self>, vm: &VirtualMachine) -> PyStrRef {
        vm.ctx.new_str(zelf.data_format.as_deref().unwrap_or_default())
    }
}
