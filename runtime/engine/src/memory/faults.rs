//! Page faults of this thread. A guest that ran without one has written no page that it had not written before, so the
//! list of dirty pages from the last scan still holds, and walking the page tables again can be left out.
//!
//! Linux counts every successful fault for the thread that took it (`mm_account_fault` in `mm/memory.c`), also when the
//! kernel writes to user memory on its behalf; the first write to a page of a copy-on-write mapping is such a fault.

#![allow(unsafe_code, reason = "getrusage is a raw call")]

/// Faults that this thread has taken so far, or `None` when the system does not say.
pub(crate) fn of_this_thread() -> Option<u64> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: the pointer is to a writable `rusage`.
    let result = unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) };
    if result != 0 {
        return None;
    }
    // SAFETY: the call succeeded and filled it in.
    let usage = unsafe { usage.assume_init() };
    u64::try_from(usage.ru_minflt.saturating_add(usage.ru_majflt)).ok()
}
