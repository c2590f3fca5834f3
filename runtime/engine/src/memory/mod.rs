//! Linear memories that begin as an image and are put back to it, the stacks that guests run on, and the mapping of
//! compiled code. **All `unsafe` of the product is in this module.**
//!
//! # Layout
//!
//! * [`layer`]: bytes in a sealed `memfd`. [`image`]: a memory as layers: a base that many images share, and the pages
//!   of one image that differ from it.
//! * [`slot`]: four gigabytes of address space that map an image copy-on-write; resetting it.
//! * [`pagemap`]: which pages of a range a guest has written (`PAGEMAP_SCAN`, Linux 6.7).
//! * [`faults`]: whether a guest can have written pages that it had not written before.
//! * [`creator`]: how wasmtime is handed slots.
//! * [`stack`]: pooled stacks for asynchronous calls. [`code`]: compiled components, mapped from files.
//!
//! # Why it is sound
//!
//! 1. A slot is one reservation of `RESERVATION + GUARD` bytes, made once, unmapped once, in `Drop`. Everything maps
//!    *inside* it with fixed addresses, so no mapping of anybody else is ever replaced.
//! 2. Only bytes below the memory's current size are accessible; all above is `PROT_NONE`. Compiled code leaves bounds
//!    checks out on exactly that condition: an index of 32 bits plus an offset ends inside the reservation or its guard.
//! 3. The host touches a memory's bytes only to reset, capture or copy it, with `&mut Store`: the exclusive access that
//!    wasmtime itself asks for to run the guest, so nothing runs in it meanwhile. Or after the store is gone, in `Drop`.
//! 4. Layers are sealed against writing, shrinking and growing before the first mapping: the bytes under a mapping
//!    never change and never vanish.

mod code;
mod creator;
pub(crate) mod faults;
mod image;
mod layer;
mod pagemap;
mod slot;
mod stack;

pub(crate) use code::map_component;
pub(crate) use creator::{Creator, Memories, provide};
pub(crate) use image::MemoryImage;
pub(crate) use layer::Layer;
pub(crate) use pagemap::ResetMode;
pub(crate) use stack::StackPool;

/// Address space of one memory: what a 32-bit index can reach.
pub(crate) const RESERVATION: usize = 4 << 30;

/// Inaccessible bytes behind it, for the static offset of a load or store.
pub(crate) const GUARD: usize = 32 << 20;

/// Page size of the operating system that the engine is built for.
pub(crate) const PAGE: usize = 4096;

#[cfg(test)]
mod tests;
