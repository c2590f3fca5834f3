//! Which pages of a range have been written: the `PAGEMAP_SCAN` ioctl (Linux 6.7,
//! `Documentation/admin-guide/mm/pagemap.rst`).

#![allow(unsafe_code, reason = "an ioctl is a raw call by nature")]

use rustix::fs::{Mode, OFlags, open};
use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, ioctl, opcode};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::OnceLock;

/// How a slot is put back to its image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResetMode {
    /// Find the written pages and copy just those: they stay mapped, so the next request takes no page faults.
    Scan,
    /// Drop all private pages; for kernels without the ioctl.
    Discard,
}

impl ResetMode {
    /// The best that this kernel can do.
    pub(crate) fn detect() -> Self {
        let probe = [0_u8; 1];
        let page = probe.as_ptr().addr() & !(super::PAGE - 1);
        match written(page, page + super::PAGE, |_start, _end| ()) {
            Ok(()) => Self::Scan,
            Err(error) => {
                tracing::info!(%error, "no PAGEMAP_SCAN here (Linux 6.7 has it): instances are reset by madvise");
                Self::Discard
            }
        }
    }
}

const FILE: u64 = 1 << 2;
const PRESENT: u64 = 1 << 3;
const SWAPPED: u64 = 1 << 4;
const PFNZERO: u64 = 1 << 5;

/// `struct page_region` of `linux/fs.h`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct PageRegion {
    start: u64,
    end: u64,
    categories: u64,
}

/// `struct pm_scan_arg` of `linux/fs.h`.
#[repr(C)]
#[derive(Default)]
struct ScanArg {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    vec: u64,
    vec_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

struct Scan<'a>(&'a mut ScanArg);

// SAFETY: the opcode is `_IOWR('f', 16, struct pm_scan_arg)`, the pointer is to such a struct, which is valid and
// exclusively borrowed for the call; the kernel writes to it and to `vec`, whose length it is told.
unsafe impl Ioctl for Scan<'_> {
    type Output = usize;
    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        opcode::read_write::<ScanArg>(b'f', 16)
    }

    fn as_ptr(&mut self) -> *mut std::ffi::c_void {
        std::ptr::from_mut(self.0).cast()
    }

    unsafe fn output_from_ptr(out: IoctlOutput, _ptr: *mut std::ffi::c_void) -> rustix::io::Result<usize> {
        Ok(usize::try_from(out).unwrap_or(0))
    }
}

/// The process's own page map, opened once.
fn pagemap() -> io::Result<&'static OwnedFd> {
    static FILE: OnceLock<Option<OwnedFd>> = OnceLock::new();
    FILE.get_or_init(|| open("/proc/self/pagemap", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok())
        .as_ref()
        .ok_or_else(|| io::Error::new(io::ErrorKind::Unsupported, "/proc/self/pagemap cannot be opened"))
}

/// Stretches reported in one call. 6 KiB of stack: a request dirties some tens of stretches.
const BATCH: usize = 256;

/// Calls `each(start, end)` for the stretches of `start..end` (addresses) that hold private pages: present or swapped,
/// and neither backed by a file nor the shared zero page. In a copy-on-write mapping those are the pages written.
///
/// # Errors
///
/// The kernel has no such call, or `/proc` is not mounted.
pub(super) fn written(start: usize, end: usize, mut each: impl FnMut(usize, usize)) -> io::Result<()> {
    let file = pagemap()?;
    let mut regions = [PageRegion::default(); BATCH];
    let mut at = start as u64;
    while at < end as u64 {
        let mut arg = ScanArg {
            size: size_of::<ScanArg>() as u64,
            start: at,
            end: end as u64,
            vec: regions.as_mut_ptr().expose_provenance() as u64,
            vec_len: BATCH as u64,
            category_inverted: FILE | PFNZERO,
            category_mask: FILE | PFNZERO,
            category_anyof_mask: PRESENT | SWAPPED,
            return_mask: PRESENT,
            ..ScanArg::default()
        };
        // SAFETY: see `Scan`; `regions` outlives the call.
        let count = unsafe { ioctl(file, Scan(&mut arg)) }?;
        for region in regions.iter().take(count) {
            each(region.start as usize, region.end as usize);
        }
        if arg.walk_end <= at {
            return Err(io::Error::other("PAGEMAP_SCAN made no progress"));
        }
        at = arg.walk_end;
    }
    Ok(())
}
