//! Stacks for asynchronous calls, pooled: mapping a fresh one for every instance would cost more than the call.

#![allow(unsafe_code, reason = "implements wasmtime's unsafe stack traits; each block has its argument")]

use super::PAGE;
use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap_anonymous, mprotect, munmap};
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use wasmtime::{StackCreator, StackMemory};

/// Idle stacks kept.
const KEPT: usize = 64;

/// Bytes at the top of a stack that stay resident while it is idle: what ordinary calls use.
const RESIDENT: usize = 128 << 10;

/// Makes stacks and takes them back.
#[derive(Debug, Default)]
pub(crate) struct StackPool {
    idle: Arc<Mutex<Vec<Mapping>>>,
}

/// One guard page and the stack above it.
#[derive(Debug)]
struct Mapping {
    base: *mut u8,
    len: usize,
}

// SAFETY: the mapping belongs to this value alone.
unsafe impl Send for Mapping {}
// SAFETY: `&Mapping` only gives out addresses.
unsafe impl Sync for Mapping {}

impl Mapping {
    fn new(size: usize) -> io::Result<Self> {
        let len = size.next_multiple_of(PAGE) + PAGE;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a new mapping at an address of the kernel's choice.
        let base =
            unsafe { mmap_anonymous(std::ptr::null_mut(), len, ProtFlags::READ | ProtFlags::WRITE, flags)? };
        let mapping = Self { base: base.cast(), len };
        // SAFETY: the lowest page of our own mapping becomes the guard.
        unsafe { mprotect(base, PAGE, MprotectFlags::empty())? };
        Ok(mapping)
    }

    /// Gives back what one deep call has used, keeps what every call uses.
    fn trim(&self) {
        if let Some(unused) = (self.len - PAGE).checked_sub(RESIDENT).filter(|bytes| *bytes > 0) {
            // SAFETY: our own mapping, and nothing runs on an idle stack. It reads as zeros afterwards.
            let trimmed = unsafe { madvise(self.base.add(PAGE).cast(), unused, Advice::LinuxDontNeed) };
            if let Err(error) = trimmed {
                tracing::debug!(%error, "an idle stack keeps its pages");
            }
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: our own mapping, of exactly this length; nothing runs on it any more.
        let gone = unsafe { munmap(self.base.cast(), self.len) };
        debug_assert!(gone.is_ok());
    }
}

/// A stack in use; returns to the pool when wasmtime drops it.
struct Stack {
    mapping: Option<Mapping>,
    pool: Weak<Mutex<Vec<Mapping>>>,
}

impl Stack {
    fn bounds(&self) -> (*mut u8, usize) {
        self.mapping.as_ref().map_or((std::ptr::null_mut(), 0), |mapping| (mapping.base, mapping.len))
    }
}

// SAFETY: page-aligned, a whole number of pages, with an inaccessible page at its low end.
unsafe impl StackMemory for Stack {
    fn top(&self) -> *mut u8 {
        let (base, len) = self.bounds();
        base.wrapping_add(len)
    }

    fn range(&self) -> Range<usize> {
        let (base, len) = self.bounds();
        base.addr() + PAGE..base.addr() + len
    }

    fn guard_range(&self) -> Range<*mut u8> {
        let (base, _len) = self.bounds();
        base..base.wrapping_add(PAGE)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let (Some(mapping), Some(pool)) = (self.mapping.take(), self.pool.upgrade()) {
            let mut idle = pool.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < KEPT {
                mapping.trim();
                idle.push(mapping);
            }
        }
    }
}

// SAFETY: each stack is handed out once and comes back only when wasmtime drops it. A reused stack is not zeroed:
// guests cannot read the stack that their compiled code runs on, and `zeroed` is off in the engine's configuration.
unsafe impl StackCreator for StackPool {
    fn new_stack(&self, size: usize, zeroed: bool) -> wasmtime::Result<Box<dyn StackMemory>> {
        let wanted = size.next_multiple_of(PAGE) + PAGE;
        let reused = if zeroed { None } else { self.take(wanted) };
        let mapping = match reused {
            Some(mapping) => mapping,
            None => Mapping::new(size)?,
        };
        Ok(Box::new(Stack { mapping: Some(mapping), pool: Arc::downgrade(&self.idle) }))
    }
}

impl StackPool {
    fn take(&self, len: usize) -> Option<Mapping> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop_if(|mapping| mapping.len == len)
    }
}
