//! The objects that a service meets in every request. They are native and lazy: a message stays in Rust until the service
//! asks for a part of it.

mod channel;
mod facts;
mod http;
mod request;
mod response;
mod service;

pub use channel::{PyChannel, PySecurity};
pub use http::PyHttp;
pub use request::PyRequest;
pub use response::PyResponse;
pub use service::PyServiceBase;

use rustpython_vm::PyObjectRef;
use std::cell::RefCell;

/// A Python object that is made when it is first asked for.
#[derive(Debug, Default)]
pub struct Lazy(RefCell<Option<PyObjectRef>>);

impl Lazy {
    /// The object, made by `make` the first time. `make` may fail; then nothing is kept.
    pub fn get_or_try<E>(&self, make: impl FnOnce() -> Result<PyObjectRef, E>) -> Result<PyObjectRef, E> {
        if let Some(object) = self.get() {
            return Ok(object);
        }
        // The cell is not borrowed here: `make` runs Python code, which may come back.
        let object = make()?;
        self.set(object.clone());
        Ok(object)
    }

    /// The object, when there is one already.
    pub fn get(&self) -> Option<PyObjectRef> {
        self.0.borrow().clone()
    }

    /// Replaces the object.
    pub fn set(&self, object: PyObjectRef) {
        let old = self.0.replace(Some(object));
        // Dropped after the cell is free again: a destructor in Python may read this very attribute.
        drop(old);
    }
}
