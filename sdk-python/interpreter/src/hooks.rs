//! Functions of the Python SDK that the Rust side calls, looked up once at boot.

use rustpython_vm::{PyObjectRef, PyResult, VirtualMachine};

macro_rules! hooks {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// One field a function of the module `caisson._runtime`.
        pub struct Hooks {
            $($(#[$doc])* pub $name: PyObjectRef,)*
        }

        impl Hooks {
            /// Imports `caisson._runtime` and takes the functions from it.
            pub fn import(vm: &VirtualMachine) -> PyResult<Self> {
                vm.import("caisson._runtime", 0)?;
                let modules = vm.sys_module.get_attr("modules", vm)?;
                let module = modules.get_item("caisson._runtime", vm)?;
                Ok(Self { $($name: module.get_attr(stringify!($name), vm)?,)* })
            }
        }
    };
}

hooks! {
    /// `(files, package) -> list of service facts`
    load_program,
    /// `(exception, files) -> (message, file or None, line or None, traceback)`
    describe_load_error,
    /// `(exception, cid) -> (kind, status or None, message, detail or None, retryable, headers)`
    describe_error,
    /// The standard library's `json.loads`
    python_loads,
    /// The standard library's `json.dumps`
    python_dumps,
    /// `(object) -> str`: JSON of an answer
    dumps,
    /// `(object) -> object`: what an object without a JSON form is written as
    json_default,
    /// `(object) -> (bytes, content type or None)`, for payloads of no built-in type
    serialise,
    /// `(iterator, content type or None) -> (first piece or None, iterator of the others, content type that follows)`
    open_stream,
    /// `(str) -> dict`: a query string
    parse_query,
    /// `(bytes) -> dict`: a form
    parse_form,
    /// `(payload, path params, query params, path over query, URL over body) -> input`
    make_input,
    /// `(list of pairs) -> dict`
    make_bunch,
    /// `(version, action, operation, namespace, list of (name, namespace, JSON)) -> Soap`
    make_soap,
    /// `(object) -> object`: a SOAP message, its dicts with dotted access
    make_soap_message,
    /// `((source, id, key), redelivered, attempt, list of headers, list of properties) -> message of a broker`
    make_broker_message,
    /// `(request, peer or None, channel) -> dict`
    wsgi_environ,
    /// `(object) -> object`: a copy whose dicts have their keys as attributes
    to_bunch,
    /// `(JSON or None) -> dict`: what a chain of calls in the background shares
    make_environ,
    /// `() -> free-form payload`
    make_message,
    /// `(coroutine) -> None`
    run_coroutine,
}
