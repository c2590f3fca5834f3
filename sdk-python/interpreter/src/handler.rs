//! One message: find the service, make an object, call it, turn its answer or its exception into a value.

use crate::{
    bindings::{
        caisson::service::types::ErrorKind,
        exports::caisson::service::handler::{Context, Error, Request, Response},
    },
    entropy, errors,
    objects::PyServiceBase,
    registry::{Choice, Entry},
    respond::{self, Unsendable},
    runtime::{self, Runtime},
    streams,
};
use rustpython_vm::{AsObject, Py, PyObjectRef, PyPayload, PyResult, VirtualMachine, builtins::PyCoroutine};

/// Answers one message.
pub fn handle(context: Context, request: Request) -> Result<Response, Error> {
    entropy::serving();
    let answer = runtime::enter(|vm, runtime| in_interpreter(context, request, runtime, vm));
    streams::flush();
    answer.unwrap_or_else(|| Err(errors::internal("the interpreter has not been prepared")))
}

fn in_interpreter(
    context: Context,
    request: Request,
    runtime: &Runtime,
    vm: &VirtualMachine,
) -> Result<Response, Error> {
    runtime.settlement.set(None);
    let registry = runtime.registry.borrow();
    let Some(entry) = registry.get(&context.service) else {
        return Err(unknown(&context.service));
    };
    let function = match entry.choose(request.http.as_ref().map(|http| http.method.as_str())) {
        Choice::Function(function) => function,
        Choice::MethodNotAllowed => return Err(not_allowed(entry)),
    };
    let base = PyServiceBase::new(context, request);
    let object = match base.into_ref_with_type_lazy_dict(vm, entry.class.clone()) {
        Ok(object) => object,
        Err(exception) => return Err(errors::from_exception(exception, "", runtime, vm)),
    };
    let called = call(entry, function, object.as_object().to_owned(), runtime, vm);
    let answer = match called {
        Ok(()) => respond::response(object.answer(), vm),
        Err(exception) => Err(Unsendable::Raised(exception)),
    };
    match answer {
        Ok(response) => Ok(Response { settlement: runtime.settlement.take(), ..response }),
        Err(error) => Err(failure(error, &object, runtime, vm)),
    }
}

fn call(
    entry: &Entry,
    function: &PyObjectRef,
    object: PyObjectRef,
    runtime: &Runtime,
    vm: &VirtualMachine,
) -> PyResult<()> {
    if let Some(init) = &entry.init {
        init.call((object.clone(),), vm)?;
    }
    let result = function.call((object,), vm)?;
    if result.downcast_ref::<PyCoroutine>().is_some() {
        runtime.hooks.run_coroutine.call((result,), vm)?;
    }
    Ok(())
}

/// The error for a service that raised or whose answer cannot be sent, with the headers that it had set.
fn failure(error: Unsendable, object: &Py<PyServiceBase>, runtime: &Runtime, vm: &VirtualMachine) -> Error {
    let mut error = match error {
        Unsendable::Raised(exception) => errors::from_exception(exception, object.cid_text(), runtime, vm),
        Unsendable::Reason(reason) => errors::internal(reason),
    };
    if let Some(headers) = object.answer().and_then(|answer| answer.headers.borrow().clone()) {
        let own = errors::error_headers(&headers, vm);
        error.headers.splice(0..0, own);
    }
    error
}

fn unknown(service: &str) -> Error {
    Error {
        kind: ErrorKind::NotFound,
        status: Some(404),
        message: format!("No such service: {service}"),
        detail: None,
        retryable: false,
        headers: Vec::new(),
    }
}

fn not_allowed(entry: &Entry) -> Error {
    Error {
        kind: ErrorKind::MethodNotAllowed,
        status: Some(405),
        message: "Method not allowed".to_owned(),
        detail: None,
        retryable: false,
        headers: vec![("Allow".to_owned(), entry.allow())],
    }
}
