//! `self.request`: the message that a service answers.

use super::{Lazy, PyHttp};
use crate::{
    bindings::{
        caisson::service::types::SoapHeader,
        exports::caisson::service::handler::{Context, Request},
    },
    modules::hook,
};
use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    builtins::{PyBytes, PyDict, PyList, PyStrRef},
    pyclass,
};
use std::cell::{OnceCell, RefCell};

/// One message. The body is parsed when the service first asks for it.
#[pyclass(module = "caisson", name = "Request")]
#[derive(Debug, PyPayload)]
pub struct PyRequest {
    cid: String,
    attempt: u32,
    by_http: bool,
    is_soap: bool,
    content_type: Option<String>,
    data_format: Option<String>,
    path_over_query: bool,
    url_over_body: Option<bool>,
    /// The HTTP side and the body, until the objects below are made from them.
    pending: RefCell<Request>,
    raw: OnceCell<PyRef<PyBytes>>,
    http: OnceCell<PyRef<PyHttp>>,
    soap: Lazy,
    message: Lazy,
    payload: Lazy,
    input: Lazy,
}

/// How a body is to be read.
enum Format {
    Json,
    /// JSON if it can be parsed; nobody has said so.
    MaybeJson,
    Form,
    Text,
    Raw,
}

impl PyRequest {
    /// The message that came in.
    pub fn new(context: &Context, mut request: Request) -> Self {
        let channel = &context.channel;
        Self {
            cid: context.cid.clone(),
            attempt: context.attempt,
            data_format: channel.data_format.clone(),
            path_over_query: channel.path_over_query,
            url_over_body: channel.url_over_body,
            by_http: super::http::came_by_http(context, &request),
            is_soap: request.soap.is_some(),
            content_type: request.content_type.take(),
            pending: RefCell::new(request),
            raw: OnceCell::new(),
            http: OnceCell::new(),
            soap: Lazy::default(),
            message: Lazy::default(),
            payload: Lazy::default(),
            input: Lazy::default(),
        }
    }

    fn bytes(&self, vm: &VirtualMachine) -> &PyRef<PyBytes> {
        self.raw.get_or_init(|| vm.ctx.new_bytes(std::mem::take(&mut self.pending.borrow_mut().body)))
    }

    fn http_object(&self, vm: &VirtualMachine) -> &PyRef<PyHttp> {
        self.http.get_or_init(|| {
            let body = self.bytes(vm).clone().into();
            PyHttp::new(self.pending.borrow_mut().http.take(), body).into_ref(&vm.ctx)
        })
    }

    /// The body, for those who look at it beside the payload.
    pub fn body(&self, vm: &VirtualMachine) -> PyRef<PyBytes> {
        self.bytes(vm).clone()
    }

    /// Makes this the input.
    pub fn replace_input(&self, input: PyObjectRef) {
        self.input.set(input);
    }

    /// The payload, if it is all that a declared input is made of: a plain dict or list, and no parameters in the URL.
    pub fn plain_payload(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        let has_params = match zelf.http.get() {
            Some(http) => http.has_params(),
            None => zelf.pending.borrow().http.as_ref().is_some_and(super::http::has_params),
        };
        if zelf.is_soap || has_params {
            return Ok(None);
        }
        let payload = Self::payload(zelf, vm)?;
        let is_plain = payload.downcast_ref_if_exact::<PyDict>(vm).is_some()
            || payload.downcast_ref_if_exact::<PyList>(vm).is_some();
        Ok(is_plain.then_some(payload))
    }

    /// What the operator has said counts more than what the caller says, and that more than what the body looks like.
    fn format(&self, body: &[u8]) -> Format {
        match self.data_format.as_deref() {
            Some("json" | "soap") => return Format::Json,
            Some("raw") => return Format::Raw,
            _ => {}
        }
        let Some(content_type) = &self.content_type else {
            let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
            return if matches!(first, Some(b'{' | b'[')) { Format::MaybeJson } else { Format::Raw };
        };
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        let is = |name: &str| essence.eq_ignore_ascii_case(name);
        let ends = |suffix: &str| {
            essence.len() > suffix.len()
                && essence.is_char_boundary(essence.len() - suffix.len())
                && essence[essence.len() - suffix.len()..].eq_ignore_ascii_case(suffix)
        };
        if is("application/json") || ends("+json") || is("text/json") {
            Format::Json
        } else if is("application/x-www-form-urlencoded") {
            Format::Form
        } else if is("text/plain") && !self.by_http {
            // Another service handed over a `str`; it arrives as one.
            Format::Text
        } else {
            Format::Raw
        }
    }

    /// JSON that is rare or is none: the standard library decides.
    fn parse_slowly(&self, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        let raw = self.bytes(vm);
        match hook(|hooks| &hooks.python_loads).call((raw.clone(),), vm) {
            Err(error) if error.fast_isinstance(vm.ctx.exceptions.value_error) => Ok(raw.clone().into()),
            Err(error) if error.fast_isinstance(vm.ctx.exceptions.recursion_error) => Ok(raw.clone().into()),
            other => other,
        }
    }

    /// The SOAP side as Python sees it.
    fn make_soap(&self, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        let Some(soap) = self.pending.borrow_mut().soap.take() else { return Ok(vm.ctx.none()) };
        let header = |one: SoapHeader| vm.new_tuple((one.name, one.namespace, one.content)).into();
        let headers = vm.ctx.new_list(soap.headers.into_iter().map(header).collect());
        let parts = (soap.version, soap.action, soap.operation, soap.namespace, headers);
        hook(|hooks| &hooks.make_soap).call(parts, vm)
    }

    /// The messaging side as Python sees it.
    fn make_broker_message(&self, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        let Some(message) = self.pending.borrow_mut().message.take() else { return Ok(vm.ctx.none()) };
        let pairs = |fields: Vec<(String, String)>| {
            vm.ctx.new_list(fields.into_iter().map(|pair| vm.new_tuple(pair).into()).collect())
        };
        let (headers, properties) = (pairs(message.headers), pairs(message.properties));
        let names = vm.new_tuple((message.source, message.id, message.key));
        let parts = (names, message.redelivered, self.attempt, headers, properties);
        hook(|hooks| &hooks.make_broker_message).call(parts, vm)
    }

    fn parse(&self, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        let raw = self.bytes(vm);
        let body = raw.as_bytes();
        if body.is_empty() {
            return Ok(vm.ctx.empty_str.to_owned().into());
        }
        match self.format(body) {
            // A body that is no JSON, or is nested absurdly deep, stays what it is: a service may want to look at it.
            Format::Json | Format::MaybeJson => Ok(match crate::modules::json::read(body, vm) {
                Some(payload) => {
                    super::keep(&payload, body.len());
                    payload
                }
                None => self.parse_slowly(vm)?,
            }),
            Format::Form => hook(|hooks| &hooks.parse_form).call((raw.clone(),), vm),
            Format::Text => Ok(match std::str::from_utf8(body) {
                Ok(text) => vm.ctx.new_str(text).into(),
                Err(_) => raw.clone().into(),
            }),
            Format::Raw => Ok(raw.clone().into()),
        }
    }
}

#[pyclass(flags(HAS_DICT))]
impl PyRequest {
    /// The body as Python values: `dict`, `list`, ... for JSON, `dict` for a form, `bytes` for anything else, `''` for none; a
    /// message with dotted access for SOAP.
    #[pygetset]
    pub fn payload(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        zelf.payload.get_or_try(|| {
            let payload = zelf.parse(vm)?;
            if !zelf.is_soap {
                return Ok(payload);
            }
            hook(|hooks| &hooks.make_soap_message).call((payload,), vm)
        })
    }

    #[pygetset(setter)]
    fn set_payload(zelf: &Py<Self>, value: PyObjectRef) {
        zelf.payload.set(value);
    }

    /// The body as it came: `bytes`.
    #[pygetset]
    fn raw_request(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<PyBytes> {
        zelf.bytes(vm).clone()
    }

    /// The same as `raw_request`.
    #[pygetset]
    fn raw(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<PyBytes> {
        zelf.bytes(vm).clone()
    }

    /// The same as `raw_request`.
    #[pygetset]
    fn text(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<PyBytes> {
        zelf.bytes(vm).clone()
    }

    /// The HTTP side of the message.
    #[pygetset]
    pub fn http(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<PyHttp> {
        zelf.http_object(vm).clone()
    }

    /// The SOAP side of the message, or `None`.
    #[pygetset]
    fn soap(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        zelf.soap.get_or_try(|| zelf.make_soap(vm))
    }

    /// The messaging side of the message, or `None`: what its broker says of it, and `ack()`, `reject()`, `retry()`.
    #[pygetset]
    fn message(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        zelf.message.get_or_try(|| zelf.make_broker_message(vm))
    }

    /// The same as `message`, under the name that services of Zato know.
    #[pygetset]
    fn amqp(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        Self::message(zelf, vm)
    }

    /// The headers, the same as `http.headers`.
    #[pygetset]
    fn headers(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        zelf.http_object(vm).as_object().get_attr("headers", vm)
    }

    /// The payload merged with the parameters of the URL.
    #[pygetset]
    fn input(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        zelf.input.get_or_try(|| {
            let http = zelf.http_object(vm);
            let arguments = (
                Self::payload(zelf, vm)?,
                PyHttp::params(http, vm)?,
                PyHttp::get(http, vm)?,
                zelf.path_over_query,
                zelf.url_over_body,
            );
            hook(|hooks| &hooks.make_input).call(arguments, vm)
        })
    }

    #[pygetset(setter)]
    fn set_input(zelf: &Py<Self>, value: PyObjectRef) {
        zelf.input.set(value);
    }

    /// Whether parameters of the path win over those of the query.
    #[pygetset]
    fn path_over_query(zelf: &Py<Self>) -> bool {
        zelf.path_over_query
    }

    /// Whether parameters of the URL win over the body; `None` when the operator has not said.
    #[pygetset]
    fn url_over_body(zelf: &Py<Self>) -> Option<bool> {
        zelf.url_over_body
    }

    /// Media type of the body, or `None`.
    #[pygetset]
    fn content_type(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyStrRef> {
        zelf.content_type.as_deref().map(|text| vm.ctx.new_str(text))
    }

    /// Correlation id.
    #[pygetset]
    fn cid(zelf: &Py<Self>, vm: &VirtualMachine) -> PyStrRef {
        vm.ctx.new_str(zelf.cid.as_str())
    }

    /// The parameters of the path and the query, merged as in `input`.
    #[pygetset]
    fn channel_params(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        let http = zelf.http_object(vm);
        let none = vm.ctx.empty_str.to_owned();
        let arguments = (none, PyHttp::params(http, vm)?, PyHttp::get(http, vm)?, zelf.path_over_query);
        hook(|hooks| &hooks.make_input).call(arguments, vm)
    }

    /// What bodies are by the definition of the channel; empty if it does not say.
    #[pygetset]
    fn data_format(zelf: &Py<Self>, vm: &VirtualMachine) -> PyStrRef {
        vm.ctx.new_str(zelf.data_format.as_deref().unwrap_or_default())
    }

    /// `plain_http` or `soap` for messages that came by HTTP, else empty.
    #[pygetset]
    fn transport(zelf: &Py<Self>, vm: &VirtualMachine) -> PyStrRef {
        vm.ctx.new_str(match (zelf.is_soap, zelf.by_http) {
            (true, _) => "soap",
            (false, true) => "plain_http",
            (false, false) => "",
        })
    }

    /// A copy of the payload in which each dict has its keys as attributes.
    #[pymethod]
    fn to_bunch(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        hook(|hooks| &hooks.to_bunch).call((Self::payload(zelf, vm)?,), vm)
    }

    /// The same as `to_bunch`.
    #[pymethod]
    fn bunchified(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        Self::to_bunch(zelf, vm)
    }
}
