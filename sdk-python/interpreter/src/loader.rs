//! `prepare` and `load`: what happens before an image is taken.

use crate::{
    allocator,
    bindings::exports::caisson::service::{
        handler::{Context, Request},
        loader::{LoadError, Program, ServiceInfo},
    },
    boot, entropy, errors, handler,
    hooks::Hooks,
    registry::{Entry, text},
    runtime::{self, Runtime},
    settle, streams,
};
use rustpython_vm::{
    PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyBaseExceptionRef, PyList, PyTuple},
};
use std::collections::HashMap;

/// How often each of the requests that warm the interpreter up is answered: often enough for it to specialise the code.
const WARM_UP_ROUNDS: usize = 64;

/// A package that exists only while the base image is made, to run the paths that every request takes.
const WARM_UP_SOURCE: &[u8] = include_bytes!("warm_up.py");

/// Boots the interpreter, imports the SDK and the common standard library, and runs the paths that every request takes.
pub fn prepare() -> Result<(), LoadError> {
    if runtime::is_ready() {
        return Err(plain("the interpreter has been prepared already"));
    }
    streams::mute(true);
    let interpreter = boot::interpreter();
    let hooks = interpreter.enter(|vm| {
        let hooks = Hooks::import(vm).map_err(|exception| boot_error(&exception, vm))?;
        vm.import("caisson._preload", 0).map_err(|exception| boot_error(&exception, vm))?;
        Ok(hooks)
    });
    runtime::install(interpreter, hooks?);
    let warmed = warm_up();
    streams::mute(false);
    warmed?;
    // Loading gets a heap of its own as well: what a package's image holds beyond the base image then lies together.
    begin_heap();
    Ok(())
}

/// Loads a package.
pub fn load(program: Program) -> Result<Vec<ServiceInfo>, LoadError> {
    let loaded = load_unsealed(program)?;
    runtime::enter(|vm, _| settle(false, vm).map_err(|exception| boot_error(&exception, vm))).transpose()?;
    begin_heap();
    Ok(loaded)
}

/// Seals the heap and begins the next one.
fn begin_heap() {
    runtime::enter(|vm, _| settle::drain(vm));
    allocator::seal();
    runtime::enter(|vm, _| settle::prime(vm));
}

fn load_unsealed(program: Program) -> Result<Vec<ServiceInfo>, LoadError> {
    let loaded = runtime::enter(|vm, runtime| load_in(program, runtime, vm));
    streams::flush();
    loaded.unwrap_or_else(|| Err(plain("the interpreter has not been prepared")))
}

/// Readies the objects for an image: garbage goes, and what remains is left alone by requests.
fn settle(everything: bool, vm: &VirtualMachine) -> PyResult<()> {
    let gc = vm.import("gc", 0)?;
    gc.get_attr("collect", vm)?.call((), vm)?;
    settle::immortalise(everything, vm);
    gc.get_attr("freeze", vm)?.call((), vm)?;
    Ok(())
}

fn load_in(program: Program, runtime: &Runtime, vm: &VirtualMachine) -> Result<Vec<ServiceInfo>, LoadError> {
    let files = vm.ctx.new_dict();
    for file in program.files {
        let content = vm.ctx.new_bytes(file.content);
        files.set_item(&*file.path, content.into(), vm).map_err(|exception| boot_error(&exception, vm))?;
    }
    let files: PyObjectRef = files.into();
    let arguments = (files.clone(), vm.ctx.new_str(program.name));
    let facts = runtime.hooks.load_program.call(arguments, vm);
    facts
        .and_then(|facts| adopt(&facts, runtime, vm))
        .map_err(|exception| load_error(exception, files, runtime, vm))
}

/// Takes over the services that the Python side has found.
fn adopt(facts: &PyObjectRef, runtime: &Runtime, vm: &VirtualMachine) -> PyResult<Vec<ServiceInfo>> {
    let facts =
        facts.downcast_ref::<PyList>().ok_or_else(|| vm.new_type_error("load_program answers a list"))?;
    let mut services = HashMap::new();
    let mut infos = Vec::new();
    for fact in facts.borrow_vec().iter() {
        let name = text(&fact.get_attr("name", vm)?, vm)?;
        let optional = |attribute: &'static str| -> PyResult<Option<String>> {
            let value = fact.get_attr(attribute, vm)?;
            if vm.is_none(&value) { Ok(None) } else { text(&value, vm).map(Some) }
        };
        infos.push(ServiceInfo {
            name: name.clone(),
            module: text(&fact.get_attr("module", vm)?, vm)?,
            class_name: text(&fact.get_attr("class_name", vm)?, vm)?,
            line: fact.get_attr("line", vm)?.try_into_value(vm)?,
            doc: optional("doc")?,
            input_schema: optional("input_schema")?,
            output_schema: optional("output_schema")?,
        });
        services.insert(name, Entry::from_facts(fact, vm)?);
    }
    runtime.registry.borrow_mut().replace(services);
    Ok(infos)
}

fn load_error(
    exception: PyBaseExceptionRef,
    files: PyObjectRef,
    runtime: &Runtime,
    vm: &VirtualMachine,
) -> LoadError {
    let described = runtime
        .hooks
        .describe_load_error
        .call((exception.clone(), files), vm)
        .and_then(|facts| error_from_facts(&facts, vm));
    described.unwrap_or_else(|_| boot_error(&exception, vm))
}

fn error_from_facts(facts: &PyObjectRef, vm: &VirtualMachine) -> PyResult<LoadError> {
    let wrong = || vm.new_type_error("describe_load_error answers a tuple of four");
    let facts = facts.downcast_ref::<PyTuple>().ok_or_else(wrong)?;
    let [message, file, line, traceback] = facts.as_slice() else { return Err(wrong()) };
    let optional = |object: &PyObjectRef| Some(object.clone()).filter(|object| !vm.is_none(object));
    Ok(LoadError {
        message: text(message, vm)?,
        file: optional(file).map(|file| text(&file, vm)).transpose()?,
        line: optional(line).map(|line| line.try_into_value(vm)).transpose()?,
        traceback: text(traceback, vm)?,
    })
}

/// The error for an exception that Python code did not describe.
fn boot_error(exception: &PyBaseExceptionRef, vm: &VirtualMachine) -> LoadError {
    let traceback = errors::report(exception, vm);
    let message = traceback.lines().last().unwrap_or_default().to_owned();
    LoadError { message, file: None, line: None, traceback }
}

fn plain(message: &str) -> LoadError {
    LoadError { message: message.to_owned(), file: None, line: None, traceback: message.to_owned() }
}

/// Runs requests of a package that is then forgotten, so that inline caches, interned strings and everything else that is
/// made at first use is part of the image.
fn warm_up() -> Result<(), LoadError> {
    let file = crate::bindings::exports::caisson::service::loader::SourceFile {
        path: "caisson_warm_up.py".to_owned(),
        content: WARM_UP_SOURCE.to_vec(),
    };
    let services = load_unsealed(Program { name: "caisson_warm_up".to_owned(), files: vec![file] })?;
    if services.is_empty() {
        return Err(plain("there is nothing to warm the interpreter up with"));
    }
    for _ in 0..WARM_UP_ROUNDS {
        for service in &services {
            for body in [&b""[..], br#"{"id": 7, "items": [{"sku": "a", "price": 1.5}], "note": "a b"}"#] {
                let _ = handler::handle(warm_up_context(&service.name), warm_up_request(body));
            }
        }
    }
    let forgotten = runtime::enter(|vm, runtime| {
        runtime.registry.borrow_mut().replace(HashMap::new());
        vm.import("caisson._preload", 0)?;
        let modules = vm.sys_module.get_attr("modules", vm)?;
        modules.get_item("caisson._preload", vm)?.get_attr("finish", vm)?.call((), vm)?;
        settle(true, vm)
    });
    entropy::making_image();
    match forgotten {
        Some(Err(exception)) => {
            Err(runtime::enter(|vm, _| boot_error(&exception, vm)).expect("prepared just now"))
        }
        _ => Ok(()),
    }
}

fn warm_up_context(service: &str) -> Context {
    Context {
        cid: "warm-up".to_owned(),
        service: service.to_owned(),
        version: 1,
        channel: crate::bindings::caisson::service::types::Channel {
            name: "dev".to_owned(),
            kind: "dev".to_owned(),
            data_format: None,
            path_over_query: false,
            url_over_body: None,
        },
        principal: None,
        peer: None,
        deadline_ms: 0,
        attempt: 1,
        traceparent: None,
        tracestate: None,
        in_reply_to: None,
        environ: None,
    }
}

fn warm_up_request(body: &[u8]) -> Request {
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Request {
        http: Some(crate::bindings::caisson::service::types::Http {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            query: "q=1".to_owned(),
            params: vec![field("id", "7")],
            headers: vec![field("user-agent", "warm-up"), field("accept", "*/*")],
        }),
        soap: None,
        message: None,
        content_type: Some("application/json".to_owned()),
        body: body.to_vec(),
    }
}
