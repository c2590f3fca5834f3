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
//!
//! [`heap`] is what such a heap does, [`pages`] where its memory comes from.
#![allow(unsafe_code)]

mod heap;
mod pages;

use heap::Heap;
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::{Cell, UnsafeCell},
    ptr,
};

/// Room for requests that is part of the image. Untouched pages of it cost nothing; only a request that needs more than
/// this asks the host for memory.
const ROOM: usize = 4 << 20;

#[global_allocator]
static HEAPS: Heaps = Heaps { sealed_below: Cell::new(0), serving: UnsafeCell::new(Heap::new()) };

/// Seals the present heap: from now on, memory comes from a new heap in fresh pages.
pub fn seal() {
    // Where the host allows no more memory, the present heap goes on serving.
    let Some(start) = pages::make_room(ROOM) else { return };
    // SAFETY: there is one thread, and no allocation is under way while this function runs.
    unsafe { *HEAPS.serving.get() = Heap::fresh() };
    HEAPS.sealed_below.set(start);
}

/// What is sealed, and the heap that serves; see the module's documentation.
struct Heaps {
    /// Blocks below this address belong to sealed heaps; 0 until there is one.
    sealed_below: Cell<usize>,
    serving: UnsafeCell<Heap>,
}

// SAFETY: the component has one thread, which the target guarantees: `wasm32-wasip2` has no threads.
unsafe impl Sync for Heaps {}

impl Heaps {
    /// The heap that serves, once one has been sealed.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    fn serving(&self) -> Option<&mut Heap> {
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
            Some(heap) => unsafe { heap.alloc(layout) },
            None => unsafe { System.alloc(layout) },
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        match self.serving() {
            // SAFETY: as in `alloc`.
            Some(heap) => unsafe { heap.alloc_zeroed(layout) },
            None => unsafe { System.alloc_zeroed(layout) },
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match self.serving() {
            Some(_) if self.is_sealed(block) => {}
            // SAFETY: the block lies above the sealed heap, so this heap has given it out.
            Some(heap) => unsafe { heap.free(block, layout) },
            None => unsafe { System.dealloc(block, layout) },
        }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        match self.serving() {
            Some(heap) if self.is_sealed(block) => {
                // SAFETY: the new block is distinct from the old one, both hold the bytes that are copied, and the layout is
                // the caller's.
                unsafe {
                    let new = heap.alloc(Layout::from_size_align_unchecked(size, layout.align()));
                    if !new.is_null() {
                        ptr::copy_nonoverlapping(block, new, layout.size().min(size));
                    }
                    new
                }
            }
            // SAFETY: as in `dealloc`.
            Some(heap) => unsafe { heap.realloc(block, layout, size) },
            None => unsafe { System.realloc(block, layout, size) },
        }
    }
}
