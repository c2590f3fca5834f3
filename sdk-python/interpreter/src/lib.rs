//! The Python interpreter of Caisson: a WebAssembly component that is told which package of services to be.
//!
//! `loader.prepare` boots the interpreter, `loader.load` imports a package, `handler.handle` answers one message. The host
//! takes a memory image after each of the first two; every request then starts from the image of `load`.

mod allocator;
mod bindings;
mod boot;
mod entropy;
mod errors;
mod handler;
mod hooks;
mod loader;
mod modules;
mod objects;
mod registry;
mod respond;
mod runtime;
mod settle;
mod streams;

use bindings::exports::caisson::service::{
    handler::{Context, Error, Guest as Handler, Request, Response},
    loader::{Guest as Loader, LoadError, Program, ServiceInfo},
};

struct Component;

impl Loader for Component {
    fn prepare() -> Result<(), LoadError> {
        loader::prepare()
    }

    fn load(program: Program) -> Result<Vec<ServiceInfo>, LoadError> {
        loader::load(program)
    }
}

impl Handler for Component {
    fn handle(context: Context, request: Request) -> Result<Response, Error> {
        handler::handle(context, request)
    }
}

/// The functions that the host calls. What the macro generates is unsafe by nature; nothing else in this crate is.
#[allow(unsafe_code)]
mod exports {
    use super::Component;
    crate::bindings::export!(Component with_types_in crate::bindings);
}
