//! Bytes in a sealed `memfd`: mapped copy-on-write into slots, and readable in one place for copying back.

#![allow(unsafe_code, reason = "maps and reads a memfd; see the module above for the argument")]

use super::PAGE;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use rustix::io::{Errno, pwrite};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// Immutable bytes, a whole number of pages long.
#[derive(Debug)]
pub(crate) struct Layer {
    file: OwnedFd,
    len: usize,
    view: *const u8,
}

// SAFETY: `view` points to a read-only mapping of a sealed file; no thread can change it, and it lives until `Drop`.
unsafe impl Send for Layer {}
// SAFETY: as above.
unsafe impl Sync for Layer {}

impl Layer {
    /// Makes a layer of `len` bytes (rounded up to pages) from pieces `(offset, bytes)`; the rest is zero.
    ///
    /// # Errors
    ///
    /// The operating system's: no memory, no file descriptors.
    pub(crate) fn new<'a>(
        len: usize,
        pieces: impl IntoIterator<Item = (usize, &'a [u8])>,
    ) -> io::Result<Self> {
        let len = len.next_multiple_of(PAGE);
        let file = memfd_create("caisson-image", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        ftruncate(&file, len as u64)?;
        for (offset, bytes) in pieces {
            if offset.checked_add(bytes.len()).is_none_or(|end| end > len) {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "a piece of an image ends behind it",
                ));
            }
            write_all(&file, bytes, offset)?;
        }
        seal(&file)?;
        if len == 0 {
            return Ok(Self { file, len, view: std::ptr::NonNull::dangling().as_ptr() });
        }
        // SAFETY: a new mapping at an address of the kernel's choice; nothing else is affected.
        let view = unsafe { mmap(std::ptr::null_mut(), len, ProtFlags::READ, MapFlags::SHARED, &file, 0)? };
        Ok(Self { file, len, view: view.cast::<u8>().cast_const() })
    }

    /// Length in bytes, a whole number of pages.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The file, for mapping.
    pub(super) fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: `view` maps `len` bytes until `Drop`, read-only and sealed, so they never change; an empty layer has
        // a dangling, non-null, aligned pointer, which is right for an empty slice.
        unsafe { std::slice::from_raw_parts(self.view, self.len) }
    }
}

impl Drop for Layer {
    fn drop(&mut self) {
        if self.len > 0 {
            // SAFETY: our own mapping; `bytes` borrows `self`, so no slice of it is left.
            let gone = unsafe { munmap(self.view.cast_mut().cast(), self.len) };
            debug_assert!(gone.is_ok());
        }
    }
}

/// How often sealing is tried again, and the wait before each time.
const SEALING: (u32, Duration) = (200, Duration::from_millis(5));

/// Seals a file against every change. The kernel refuses with `EBUSY` while anything has one of its pages pinned, such as its own
/// moving of pages about: that passes.
fn seal(file: &OwnedFd) -> io::Result<()> {
    let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    for _ in 0..SEALING.0 {
        match fcntl_add_seals(file, seals) {
            Err(Errno::BUSY) => std::thread::sleep(SEALING.1),
            sealed => return Ok(sealed?),
        }
    }
    Ok(fcntl_add_seals(file, seals)?)
}

fn write_all(file: &OwnedFd, mut bytes: &[u8], offset: usize) -> io::Result<()> {
    let mut at = offset as u64;
    while !bytes.is_empty() {
        let written = pwrite(file, bytes, at)?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        at += written as u64;
        bytes = bytes.get(written..).unwrap_or_default();
    }
    Ok(())
}
