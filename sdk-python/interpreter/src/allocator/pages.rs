//! Where a heap gets its memory: the room that was made for it, then the host.
#![allow(unsafe_code)]

use dlmalloc::Allocator;
use std::{cell::Cell, ptr};

const WASM_PAGE: usize = 64 << 10;

static FRESH: Fresh = Fresh { next: Cell::new(0), end: Cell::new(0) };

/// Addresses of memory that nobody has had yet.
struct Fresh {
    next: Cell<usize>,
    end: Cell<usize>,
}

// SAFETY: the component has one thread, which the target guarantees: `wasm32-wasip2` has no threads.
unsafe impl Sync for Fresh {}

/// Makes room of this size, for whatever is taken from now on; its address. Nothing when the host allows no more.
pub(super) fn make_room(size: usize) -> Option<usize> {
    let start = grow(size)?;
    FRESH.next.set(start);
    FRESH.end.set(start + size.next_multiple_of(WASM_PAGE));
    Some(start)
}

/// Fresh memory, all zeros, in whole pages of WebAssembly: its address and its size. Nothing when the host allows no more.
pub(super) fn take(size: usize) -> Option<(usize, usize)> {
    let size = size.checked_next_multiple_of(WASM_PAGE)?;
    if FRESH.end.get() - FRESH.next.get() < size {
        let start = grow(size)?;
        if start != FRESH.end.get() {
            FRESH.next.set(start);
        }
        FRESH.end.set(start + size);
    }
    let start = FRESH.next.get();
    FRESH.next.set(start + size);
    Some((start, size))
}

/// Asks the host for at least this much memory; its address.
fn grow(size: usize) -> Option<usize> {
    match core::arch::wasm32::memory_grow::<0>(size.div_ceil(WASM_PAGE)) {
        usize::MAX => None,
        page => Some(page * WASM_PAGE),
    }
}

/// What the heap for large blocks asks.
pub(super) struct Pages;

// SAFETY: memory that is given out is given out once and never taken back; it is fresh, therefore zero.
unsafe impl Allocator for Pages {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        match take(size) {
            Some((start, size)) => (start as *mut u8, size, 0),
            None => (ptr::null_mut(), 0, 0),
        }
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        ptr::null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    fn allocates_zeros(&self) -> bool {
        true
    }

    fn page_size(&self) -> usize {
        WASM_PAGE
    }
}
