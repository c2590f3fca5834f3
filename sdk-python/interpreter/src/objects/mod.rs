//! The objects that a service meets in every request. They are native and lazy: a message stays in Rust until the service
//! asks for a part of it.

mod channel;
mod facts;
mod http;
mod request;
mod response;
mod service;

pub use channel::{PyChannel, PySecurity};
pub use http::{PyHttp, by_method};
pub use request::PyRequest;
pub use response::PyResponse;
pub use service::PyServiceBase;

use rustpython_vm::PyObjectRef;
use std::cell::{Cell, RefCell};

/// Bytes of messages whose objects are kept at most, for instances that live longer than a message, as those that run tests.
const KEPT: usize = 1 << 20;

thread_local! {
    static ROOM_FOR_KEPT: Cell<usize> = const { Cell::new(KEPT) };
}

/// Keeps what was made of a message of this size until the memory is put back, instead of taking it apart, block by block, a
/// moment before. For plain data: what is kept is never finalised.
pub fn keep(object: &PyObjectRef, size: usize) {
    if let Some(room) = ROOM_FOR_KEPT.get().checked_sub(size) {
        ROOM_FOR_KEPT.set(room);
        std::mem::forget(object.clone());
    }
}

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
