//! Memory for Python objects, arranged so that a request writes to few pages.
//!
//! The host gives every request a memory that equals the image, by putting back the pages that the last request wrote. That
//! is the larger part of a request's price, and it grows with the number of pages. An ordinary heap, after thousands of
//! objects came and went while the image was made, has its free blocks all over the place; a request that takes ten of them
//! writes to ten pages. So a heap is *sealed* before an image is taken, and what comes then allocates from a new one that
//! starts empty, in pages of its own. It happens twice: when the base image is made, so that the pages which loading a
//! package adds lie together, and when the package's image is made, so that the pages which a request writes do.
//!
//! What a request frees of the sealed heap is simply kept. That is bounded by the image's own size, for a block can be freed
//! once, and in the usual case the whole memory is put back a moment later anyway.
#![allow(unsafe_code)]

use dlmalloc::{Allocator, Dlmalloc};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::{Cell, UnsafeCell},
    ptr,
};

/// Room for requests that is part of the image. Untouched pages of it cost nothing; only a request that needs more than
/// this asks the host for memory.
const ROOM: usize = 4 << 20;

const WASM_PAGE: usize = 64 << 10;

#[global_allocator]
static HEAPS: Heaps = Heaps {
    sealed_below: Cell::new(0),
    serving: UnsafeCell::new(Dlmalloc::new_with_allocator(Pages { next: Cell::new(0), end: Cell::new(0) })),
};

/// Seals the present heap: from now on, memory comes from a new heap in fresh pages.
pub fn seal() {
    let start = grow(ROOM);
    if start == 0 {
        // The host allows no more memory. The present heap goes on serving.
        return;
    }
    // SAFETY: there is one thread, and no allocation is under way while this function runs.
    let serving = unsafe { &mut *HEAPS.serving.get() };
    let mut pages =
        Dlmalloc::new_with_allocator(Pages { next: Cell::new(start), end: Cell::new(start + ROOM) });
    pages.set_max_release_check_rate(0);
    *serving = pages;
    HEAPS.sealed_below.set(start);
}

/// What is sealed, and the heap that serves; see the module's documentation.
struct Heaps {
    /// Blocks below this address belong to sealed heaps; 0 until there is one.
    sealed_below: Cell<usize>,
    serving: UnsafeCell<Dlmalloc<Pages>>,
}

// SAFETY: the component has one thread, which the target guarantees: `wasm32-wasip2` has no threads.
unsafe impl Sync for Heaps {}

impl Heaps {
    /// The heap that serves, once one has been sealed.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    fn serving(&self) -> Option<&mut Dlmalloc<Pages>> {
        if self.sealed_below.get() == 0 {
            return None;
        }
        // SAFETY: one thread, and no function of the heap calls back into an allocation.
        Some(unsafe { &mut *self.serving.get() })
    }

    #[inline(always)]
    fn is_sealed(&self, block: *mut u8) -> bool {
        (block as usize) < self.sealed_below.get()
    }
}

// SAFETY: every block is handed to the heap that it came from, told by its address, or is kept for ever.
unsafe impl GlobalAlloc for Heaps {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.serving() {
            // SAFETY: the caller's layout is passed on.
            Some(heap) => unsafe { heap.malloc(layout.size(), layout.align()) },
            None => unsafe { System.alloc(layout) },
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        match self.serving() {
            // SAFETY: as in `alloc`.
            Some(heap) => unsafe { heap.calloc(layout.size(), layout.align()) },
            None => unsafe { System.alloc_zeroed(layout) },
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match self.serving() {
            Some(_) if self.is_sealed(block) => {}
            // SAFETY: the block lies above the sealed heap, so this heap has given it out.
            Some(heap) => unsafe { heap.free(block, layout.size(), layout.align()) },
            None => unsafe { System.dealloc(block, layout) },
        }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        match self.serving() {
            Some(heap) if self.is_sealed(block) => {
                // SAFETY: the new block is distinct from the old one, and both hold the bytes that are copied.
                unsafe {
                    let new = heap.malloc(size, layout.align());
                    if !new.is_null() {
                        ptr::copy_nonoverlapping(block, new, layout.size().min(size));
                    }
                    new
                }
            }
            // SAFETY: as in `dealloc`.
            Some(heap) => unsafe { heap.realloc(block, layout.size(), layout.align(), size) },
            None => unsafe { System.realloc(block, layout, size) },
        }
    }
}

/// Where a heap gets its pages: first the room that was made for it, then the host.
struct Pages {
    next: Cell<usize>,
    end: Cell<usize>,
}

// SAFETY: memory that is given out is given out once and never taken back; it is fresh, therefore zero.
unsafe impl Allocator for Pages {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        let size = size.next_multiple_of(self.page_size());
        if self.end.get() - self.next.get() < size {
            let start = grow(size);
            if start == 0 {
                return (ptr::null_mut(), 0, 0);
            }
            if start != self.end.get() {
                self.next.set(start);
            }
            self.end.set(start + size.next_multiple_of(WASM_PAGE));
        }
        let start = self.next.get();
        self.next.set(start + size);
        (start as *mut u8, size, 0)
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

/// Asks the host for at least this much memory; the address, or 0.
fn grow(size: usize) -> usize {
    let pages = size.div_ceil(WASM_PAGE);
    match core::arch::wasm32::memory_grow::<0>(pages) {
        usize::MAX => 0,
        page => page * WASM_PAGE,
    }
}
