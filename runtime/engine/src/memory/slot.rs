//! Address space for one memory, mapping an image copy-on-write.

#![allow(
    unsafe_code,
    reason = "maps, protects and copies memory that compiled code runs on; argued in the module above"
)]

use super::image::{MemoryImage, Source};
use super::pagemap::{ResetMode, written};
use super::{GUARD, PAGE, RESERVATION};
use rustix::mm::{
    Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap, mmap_anonymous, mprotect, munmap,
};
use std::io;

/// A slot with more private pages than this drops them all on reset: copying more costs about as much as faulting them
/// in again, and an idle slot should not hold on to the memory of one greedy request.
const KEEP_PAGES: usize = 1024;

/// One reservation. It always maps one image; which one is its keeper's business.
#[derive(Debug)]
pub(super) struct Slot {
    base: *mut u8,
    /// Bytes that are accessible from `base` on.
    size: usize,
    /// Stretches (offsets) of private pages that the last reset found and put back. They stay private: a later request
    /// that writes to them takes no fault.
    private: Vec<(usize, usize)>,
    /// The operating system refused something, and it is not known what is accessible. Never used again.
    broken: bool,
}

// SAFETY: the reservation belongs to this value alone; nothing about it is tied to a thread.
unsafe impl Send for Slot {}
// SAFETY: `&Slot` only gives out addresses.
unsafe impl Sync for Slot {}

impl Slot {
    /// Reserves address space and maps `image` at its start; `size` bytes are accessible, the image's length at least.
    ///
    /// # Errors
    ///
    /// The operating system's: no address space, too many mappings.
    pub(super) fn new(image: &MemoryImage, size: usize) -> io::Result<Self> {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a new mapping at an address of the kernel's choice.
        let base =
            unsafe { mmap_anonymous(std::ptr::null_mut(), RESERVATION + GUARD, ProtFlags::empty(), flags)? };
        let mut slot = Self { base: base.cast(), size: 0, private: Vec::new(), broken: false };
        slot.map(image)?;
        slot.resize(size)?;
        Ok(slot)
    }

    fn map(&mut self, image: &MemoryImage) -> io::Result<()> {
        let flags = MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let (base, own, runs) = image.parts();
        self.resize(image.len())?;
        if let Some(layer) = base.filter(|layer| layer.len() > 0) {
            // SAFETY: replaces a part of our own reservation: a layer is never longer than its image, and an image
            // never longer than a memory can be.
            unsafe { mmap(self.base.cast(), layer.len(), access, flags, layer.file(), 0)? };
        }
        for run in runs {
            // SAFETY: as above; runs lie within the image.
            unsafe {
                mmap(self.base.add(run.start).cast(), run.len, access, flags, own.file(), run.offset as u64)?
            };
        }
        // Huge pages would turn one written byte into 2 MiB to copy back. Not every kernel has them: no matter.
        // SAFETY: advice on our own reservation.
        let advised = unsafe { madvise(self.base.cast(), RESERVATION, Advice::LinuxNoHugepage) };
        if let Err(error) = advised {
            tracing::trace!(%error, "huge pages cannot be turned off here");
        }
        Ok(())
    }

    /// First byte.
    pub(super) fn base(&self) -> *mut u8 {
        self.base
    }

    /// Accessible bytes.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Makes exactly `size` bytes accessible. What becomes accessible is zero; what stops being so is forgotten.
    ///
    /// # Errors
    ///
    /// `size` is more than a memory can be, or the operating system's.
    pub(super) fn resize(&mut self, size: usize) -> io::Result<()> {
        if size > RESERVATION || !size.is_multiple_of(PAGE) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a memory cannot have this size"));
        }
        if size > self.size {
            // SAFETY: within our reservation; these bytes were PROT_NONE and never written since they were last dropped.
            let opened = unsafe {
                let at = self.base.add(self.size).cast();
                mprotect(at, size - self.size, MprotectFlags::READ | MprotectFlags::WRITE)
            };
            if let Err(error) = opened {
                // It may have opened a part. That part must not stay accessible behind the memory's end.
                self.broken |= !self.close(self.size, size);
                return Err(error.into());
            }
        } else if size < self.size {
            if !self.close(size, self.size) {
                self.broken = true;
                return Err(io::Error::other("a part of a memory could not be taken back"));
            }
            self.private.retain(|(_, end)| *end <= size);
        }
        self.size = size;
        Ok(())
    }

    /// Forgets `from..to` (offsets) and makes it inaccessible. False when the operating system refuses.
    fn close(&self, from: usize, to: usize) -> bool {
        // SAFETY: within our reservation; the caller has exclusive access to the memory (see `reset`).
        unsafe {
            let at = self.base.add(from).cast();
            madvise(at, to - from, Advice::LinuxDontNeed).is_ok()
                && mprotect(at, to - from, MprotectFlags::empty()).is_ok()
        }
    }

    /// Puts the memory back to `image`, which this slot must map, and to `size` bytes. `new_pages`: the guest may have
    /// written pages that were not private after the last reset. Returns how many pages have been put back.
    ///
    /// # Safety
    ///
    /// No guest runs on this memory, and no reference into it exists. `new_pages` is true unless no page fault was
    /// taken on this memory since the last reset.
    ///
    /// # Errors
    ///
    /// The operating system's. The slot must not be used again then.
    pub(super) unsafe fn reset(
        &mut self,
        image: &MemoryImage,
        size: usize,
        mode: ResetMode,
        new_pages: bool,
    ) -> io::Result<usize> {
        if self.broken {
            return Err(io::Error::other("the slot is broken"));
        }
        if self.size > size {
            self.resize(size)?;
        }
        if mode == ResetMode::Scan && new_pages {
            self.private.clear();
            let (base, private) = (self.base.addr(), &mut self.private);
            written(base, base + self.size, |from, to| private.push((from - base, to - base)))?;
        }
        let pages = self.private.iter().map(|(from, to)| (to - from) / PAGE).sum();
        if mode == ResetMode::Discard || pages > KEEP_PAGES {
            self.private.clear();
            // SAFETY: our own range. Private pages go; a file mapping shows its file again, an anonymous one zeros.
            unsafe { madvise(self.base.cast(), self.size, Advice::LinuxDontNeed)? };
        }
        for &(from, to) in &self.private {
            // SAFETY: the stretch lies in our accessible range, and the caller has exclusive access.
            unsafe { self.copy_back(image, from, to) };
        }
        self.resize(size)?;
        Ok(pages)
    }

    /// Copies `start..end` from the image.
    ///
    /// # Safety
    ///
    /// As for [`Slot::reset`], and the range is accessible.
    unsafe fn copy_back(&self, image: &MemoryImage, start: usize, end: usize) {
        image.sources(start, end, |at, len, source| {
            // SAFETY: `at..at + len` is within `start..end`; the source is another mapping, so they cannot overlap.
            unsafe {
                let to = self.base.add(at);
                match source {
                    Source::Bytes(bytes) => {
                        std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, len.min(bytes.len()));
                    }
                    Source::Zero => std::ptr::write_bytes(to, 0, len),
                }
            }
        });
    }

    /// The memory's bytes.
    ///
    /// # Safety
    ///
    /// No guest runs on this memory while the slice lives.
    pub(super) unsafe fn bytes(&self) -> &[u8] {
        // SAFETY: `size` bytes are mapped readable; exclusive access is the caller's promise.
        unsafe { std::slice::from_raw_parts(self.base, self.size) }
    }

    /// The stretches (offsets) in which the memory can differ from its image.
    pub(super) fn changed(&self, mode: ResetMode) -> io::Result<Vec<(usize, usize)>> {
        let mut found = Vec::new();
        match mode {
            ResetMode::Scan => {
                let base = self.base.addr();
                written(base, base + self.size, |from, to| found.push((from - base, to - base)))?;
            }
            ResetMode::Discard => found.push((0, self.size)),
        }
        Ok(found)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // SAFETY: our own reservation, of exactly this length; nothing refers to it any more.
        let gone = unsafe { munmap(self.base.cast(), RESERVATION + GUARD) };
        debug_assert!(gone.is_ok());
    }
}
