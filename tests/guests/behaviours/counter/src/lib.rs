//! Counts its requests in static memory, on the heap that it leaks, and in a thread local: an instance that is pristine
//! answers `1 1 1`.

use guest::{Context, Error, Request, Response, answer};
use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

guest::handler!(handle);

static STATIC: AtomicU32 = AtomicU32::new(0);
#[allow(clippy::vec_box, reason = "each number is an allocation of its own, which has to be given back")]
static HEAP: Mutex<Vec<Box<u32>>> = Mutex::new(Vec::new());

thread_local! {
    static LOCAL: Cell<u32> = const { Cell::new(0) };
}

fn handle(_: Context, _: Request) -> Result<Response, Error> {
    let count = STATIC.fetch_add(1, Ordering::Relaxed) + 1;
    let mut heap = HEAP.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    heap.push(Box::new(count));
    let local = LOCAL.replace(LOCAL.get() + 1) + 1;
    answer(format!("{count} {} {local}", heap.len()))
}
