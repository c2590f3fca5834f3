//! What this thread has used: time on a processor, and page faults. A guest that ran without one has written no page that it had not written before, so the
//! list of dirty pages from the last scan still holds, and walking the page tables again can be left out.
//!
//! Linux counts every successful fault for the thread that took it (`mm_account_fault` in `mm/memory.c`), also when the
//! kernel writes to user memory on its behalf; the first write to a page of a copy-on-write mapping is such a fault.

#![allow(unsafe_code, reason = "getrusage is a raw call")]

use std::time::Duration;

/// What this thread has used so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ThreadUse {
    /// Page faults taken.
    pub(crate) faults: u64,
    /// Time on a processor.
    pub(crate) cpu: Duration,
}

/// What this thread has used so far, or `None` when the system does not say.
pub(crate) fn of_this_thread() -> Option<ThreadUse> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: the pointer is to a writable `rusage`.
    let result = unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) };
    if result != 0 {
        return None;
    }
    // SAFETY: the call succeeded and filled it in.
    let usage = unsafe { usage.assume_init() };
    let faults = u64::try_from(usage.ru_minflt.saturating_add(usage.ru_majflt)).ok()?;
    Some(ThreadUse { faults, cpu: duration(usage.ru_utime)? + duration(usage.ru_stime)? })
}

fn duration(time: libc::timeval) -> Option<Duration> {
    Some(Duration::new(
        u64::try_from(time.tv_sec).ok()?,
        u32::try_from(time.tv_usec).ok()?.checked_mul(1_000)?,
    ))
}
