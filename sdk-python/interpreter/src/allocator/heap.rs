//! A heap: blocks of the same size in lists, and a general allocator for what is large.
//!
//! Python makes and drops small objects all the time. For those, a block is taken from the front of the list of its size and put
//! back there, in a handful of instructions; when the list is empty, the next fresh bytes are the block. Nothing is merged, as in
//! CPython's own allocator of small objects: a block of one size never becomes one of another.
#![allow(unsafe_code)]

use super::pages::{self, Pages};
use dlmalloc::Dlmalloc;
use std::{alloc::Layout, ptr};

/// Sizes of small blocks are multiples of this, and so are their addresses.
const GRAIN: usize = 8;

/// The largest small block.
const LARGEST: usize = 512;

/// Fresh bytes for small blocks are taken in pieces of this size.
const PIECE: usize = 64 << 10;

/// A small block that is free begins with the address of the next one.
type Free = *mut u8;

/// See the module's documentation.
pub(super) struct Heap {
    /// The first free block of each size.
    lists: [Free; LARGEST / GRAIN + 1],
    /// Where the next fresh small block is, and where fresh bytes end.
    next: usize,
    end: usize,
    large: Dlmalloc<Pages>,
}

/// The list that blocks of a layout come from; nothing if it is large.
#[inline(always)]
fn list_of(layout: Layout) -> Option<usize> {
    if layout.size() <= LARGEST && layout.align() <= GRAIN { Some(layout.size().div_ceil(GRAIN)) } else { None }
}

impl Heap {
    /// A heap that begins with fresh memory, for requests.
    pub(super) fn fresh() -> Self {
        let mut heap = Self::new();
        // It looks for memory to hand back, and there is nobody to hand it to.
        heap.large.set_max_release_check_rate(0);
        heap
    }

    /// A heap that has nothing yet.
    pub(super) const fn new() -> Self {
        Self {
            lists: [ptr::null_mut(); LARGEST / GRAIN + 1],
            next: 0,
            end: 0,
            large: Dlmalloc::new_with_allocator(Pages),
        }
    }

    /// A block, or null.
    ///
    /// # Safety
    ///
    /// As for [`std::alloc::GlobalAlloc::alloc`].
    #[inline(always)]
    pub(super) unsafe fn alloc(&mut self, layout: Layout) -> *mut u8 {
        match list_of(layout) {
            Some(list) => self.small(list),
            // SAFETY: the caller's layout is passed on.
            None => unsafe { self.large.malloc(layout.size(), layout.align()) },
        }
    }

    /// A block of zeros, or null.
    ///
    /// # Safety
    ///
    /// As for [`std::alloc::GlobalAlloc::alloc_zeroed`].
    #[inline(always)]
    pub(super) unsafe fn alloc_zeroed(&mut self, layout: Layout) -> *mut u8 {
        let Some(list) = list_of(layout) else {
            // SAFETY: the caller's layout is passed on.
            return unsafe { self.large.calloc(layout.size(), layout.align()) };
        };
        let block = self.small(list);
        if !block.is_null() {
            // SAFETY: the block has as many bytes.
            unsafe { ptr::write_bytes(block, 0, layout.size()) };
        }
        block
    }

    /// Takes a block back.
    ///
    /// # Safety
    ///
    /// This heap has given out the block for this layout, and nobody uses it any more.
    #[inline(always)]
    pub(super) unsafe fn free(&mut self, block: *mut u8, layout: Layout) {
        match list_of(layout) {
            // SAFETY: a small block has room for an address, is aligned for one, and is nobody's now.
            Some(list) => unsafe {
                let first = self.lists.get_unchecked_mut(list);
                *block.cast::<Free>() = *first;
                *first = block;
            },
            // SAFETY: the general allocator has given it out, as the layout tells.
            None => unsafe { self.large.free(block, layout.size(), layout.align()) },
        }
    }

    /// A block of another size with the same content, or null, and then the old one stays.
    ///
    /// # Safety
    ///
    /// As for [`std::alloc::GlobalAlloc::realloc`].
    #[inline]
    pub(super) unsafe fn realloc(&mut self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller says that it is one; see `GlobalAlloc::realloc`.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (list_of(layout), list_of(wanted)) {
            (Some(old), Some(new)) if old == new => block,
            // SAFETY: the general allocator has given it out, as the layout tells.
            (None, None) => unsafe { self.large.realloc(block, layout.size(), layout.align(), size) },
            // SAFETY: the new block is another one, and both hold the bytes that are copied.
            _ => unsafe {
                let new = self.alloc(wanted);
                if !new.is_null() {
                    ptr::copy_nonoverlapping(block, new, layout.size().min(size));
                    self.free(block, layout);
                }
                new
            },
        }
    }

    #[inline(always)]
    fn small(&mut self, list: usize) -> *mut u8 {
        // SAFETY: `list_of` answers no larger number than there are lists, and what is in one is a free block.
        unsafe {
            let first = self.lists.get_unchecked_mut(list);
            let block = *first;
            if !block.is_null() {
                *first = *block.cast::<Free>();
                return block;
            }
        }
        self.cut(list * GRAIN)
    }

    /// The next fresh bytes.
    #[inline]
    fn cut(&mut self, size: usize) -> *mut u8 {
        if self.end - self.next < size && !self.refill() {
            return ptr::null_mut();
        }
        let block = self.next;
        self.next += size;
        block as *mut u8
    }

    /// What is left of the last piece is less than a small block, and is given up.
    #[cold]
    fn refill(&mut self) -> bool {
        let Some((start, size)) = pages::take(PIECE) else { return false };
        if start != self.end {
            self.next = start;
        }
        self.end = start + size;
        true
    }
}
