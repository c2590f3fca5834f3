//! The native base of `caisson.Service`: the parts of `self` that belong to one message.

use super::{Lazy, PyChannel, PyRequest, PyResponse, facts, http::came_by_http};
use crate::{
    bindings::exports::caisson::service::handler::{Context, Request},
    modules::hook,
};
use rustpython_vm::{
    Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    builtins::{PyStrRef, PyType, PyTypeRef},
    class::PyClassImpl,
    function::FuncArgs,
    pyclass,
    types::Constructor,
};
use std::cell::{OnceCell, RefCell};

/// What one object of a service is about: the message and its context.
#[pyclass(module = "caisson", name = "ServiceBase")]
#[derive(Debug, PyPayload)]
pub struct PyServiceBase {
    context: Context,
    by_http: bool,
    pending: RefCell<Option<Request>>,
    cid: OnceCell<PyStrRef>,
    request: OnceCell<PyRef<PyRequest>>,
    response: OnceCell<PyRef<PyResponse>>,
    environ: Lazy,
}

impl PyServiceBase {
    /// The base of an object that answers this message.
    pub fn new(context: Context, request: Request) -> Self {
        Self {
            by_http: came_by_http(&context, &request),
            context,
            pending: RefCell::new(Some(request)),
            cid: OnceCell::new(),
            request: OnceCell::new(),
            response: OnceCell::new(),
            environ: Lazy::default(),
        }
    }

    /// The answer, when the service has touched it.
    pub fn answer(&self) -> Option<&Py<PyResponse>> {
        self.response.get().map(|response| &**response)
    }

    /// Correlation id.
    pub fn cid_text(&self) -> &str {
        &self.context.cid
    }
}

impl Constructor for PyServiceBase {
    type Args = FuncArgs;

    /// An object that a test makes: `_facts` is its message. Without, it answers none.
    fn py_new(_cls: &Py<PyType>, args: FuncArgs, vm: &VirtualMachine) -> PyResult<Self> {
        let (context, request) = facts::message(args.kwargs.get("_facts"), vm)?;
        Ok(Self::new(context, request))
    }
}

#[pyclass(flags(BASETYPE), with(Constructor))]
impl PyServiceBase {
    /// The message.
    #[pygetset]
    fn request(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<PyRequest> {
        let make = || {
            let request = zelf.pending.borrow_mut().take().expect("the request is taken once");
            PyRequest::new(&zelf.context, request).into_ref_lazy(vm)
        };
        zelf.request.get_or_init(make).clone()
    }

    /// The answer.
    #[pygetset]
    fn response(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<PyResponse> {
        zelf.response.get_or_init(|| PyResponse::new(&zelf.context).into_ref_lazy(vm)).clone()
    }

    /// Correlation id: the same for everything that one inbound message sets in motion.
    #[pygetset]
    fn cid(zelf: &Py<Self>, vm: &VirtualMachine) -> PyStrRef {
        zelf.cid.get_or_init(|| vm.ctx.new_str(zelf.context.cid.as_str())).clone()
    }

    /// The channel that the message came through.
    #[pygetset]
    fn channel(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<PyChannel> {
        let Context { channel, principal, .. } = &zelf.context;
        PyChannel::new(channel.clone(), zelf.by_http, principal.clone()).into_ref(&vm.ctx)
    }

    /// The same as `channel`.
    #[pygetset]
    fn chan(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<PyChannel> {
        Self::channel(zelf, vm)
    }

    /// Who calls, or `None`.
    #[pygetset]
    fn principal(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyStrRef> {
        zelf.context.principal.as_ref().map(|principal| vm.ctx.new_str(principal.name.as_str()))
    }

    /// When the host stops this invocation: milliseconds since the Unix epoch.
    #[pygetset]
    fn deadline_ms(zelf: &Py<Self>) -> u64 {
        zelf.context.deadline_ms
    }

    /// 1 for the first delivery of a message, 2 for the first retry, and so on.
    #[pygetset]
    fn attempt(zelf: &Py<Self>) -> u32 {
        zelf.context.attempt
    }

    /// Version of the package that answers.
    #[pygetset]
    fn version(zelf: &Py<Self>) -> u32 {
        zelf.context.version
    }

    /// Of the callback of a call in the background: the correlation id of that call; else `None`.
    #[pygetset]
    fn in_reply_to(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyStrRef> {
        zelf.context.in_reply_to.as_deref().map(|cid| vm.ctx.new_str(cid))
    }

    /// What a chain of calls in the background shares: a dict with dotted access.
    #[pygetset]
    fn environ(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        zelf.environ
            .get_or_try(|| hook(|hooks| &hooks.make_environ).call((zelf.context.environ.clone(),), vm))
    }

    #[pygetset(setter)]
    fn set_environ(zelf: &Py<Self>, value: PyObjectRef) {
        zelf.environ.set(value);
    }

    /// An object of another class of the same package, for the same caller and under the same correlation id, whose message is empty.
    #[pymethod]
    fn _beside(zelf: &Py<Self>, class: PyTypeRef, vm: &VirtualMachine) -> PyResult<PyRef<Self>> {
        let mut context = zelf.context.clone();
        context.channel.kind = "new-instance".to_owned();
        context.channel.name = "new-instance".to_owned();
        let request = Request { http: None, soap: None, message: None, content_type: None, body: Vec::new() };
        Self::new(context, request).into_ref_with_type_lazy_dict(vm, class)
    }

    /// The facts of the message under the names that WSGI gives them; made when asked for.
    #[pygetset]
    fn wsgi_environ(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        let arguments = (Self::request(zelf, vm), zelf.context.peer.clone(), Self::channel(zelf, vm));
        hook(|hooks| &hooks.wsgi_environ).call(arguments, vm)
    }
}

/// Makes an object without its `__dict__`, which few services ever write to.
trait LazyDict: PyPayload + Sized {
    fn into_ref_lazy(self, vm: &VirtualMachine) -> PyRef<Self>;
}

impl<T: PyPayload + PyClassImpl + std::fmt::Debug> LazyDict for T {
    fn into_ref_lazy(self, vm: &VirtualMachine) -> PyRef<Self> {
        let class = Self::class(&vm.ctx).to_owned();
        self.into_ref_with_type_lazy_dict(vm, class).expect("an object of its own class")
    }
}
