//! Processor time inside a guest. A guest's future is polled on a worker thread; from the start of a poll to its end the
//! thread is the guest's, whatever it does. What the thread uses meanwhile is the guest's; time in which it is not on a
//! processor is nobody's. Waiting for the host happens between polls and costs nothing. The same polls are
//! watched for page faults, see [`crate::memory::faults`].

use crate::memory::faults;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

/// Why a guest was stopped from within.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the CPU time limit was reached")]
pub(crate) struct CpuTimeReached;

/// Adds up the time of polls. Shared by the store, which asks, and the future, which adds; never by two threads at once.
#[derive(Clone, Debug)]
pub(crate) struct Meter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// In nanoseconds.
    limit: AtomicU64,
    /// Nanoseconds on a processor in finished polls.
    spent: AtomicU64,
    /// What the thread had used when the current poll began, in nanoseconds.
    since: AtomicU64,
    /// A poll took a page fault, or it is not known that none did.
    faulted: AtomicBool,
}

impl Meter {
    pub(crate) fn new(limit: Duration) -> Self {
        Self(Arc::new(Inner {
            limit: AtomicU64::new(nanos(limit)),
            spent: AtomicU64::new(0),
            since: AtomicU64::new(0),
            faulted: AtomicBool::new(true),
        }))
    }

    /// A new invocation begins, under this limit.
    pub(crate) fn restart(&self, limit: Duration) {
        self.0.limit.store(nanos(limit), Ordering::Relaxed);
        self.0.spent.store(0, Ordering::Relaxed);
    }

    /// Called from within a poll, by the guest's regular check.
    pub(crate) fn check(&self) -> Result<(), CpuTimeReached> {
        let Some(now) = faults::of_this_thread() else { return Ok(()) };
        let running = nanos(now.cpu).saturating_sub(self.0.since.load(Ordering::Relaxed));
        let total = self.0.spent.load(Ordering::Relaxed).saturating_add(running);
        if total > self.0.limit.load(Ordering::Relaxed) { Err(CpuTimeReached) } else { Ok(()) }
    }

    /// Whether a page fault may have been taken in a poll since the last time this was asked.
    pub(crate) fn take_faulted(&self) -> bool {
        self.0.faulted.swap(false, Ordering::Relaxed)
    }

    /// Runs a guest's future, adding up its polls.
    pub(crate) async fn measure<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        std::future::poll_fn(|context| self.poll(future.as_mut(), context)).await
    }

    fn poll<F: Future>(&self, future: Pin<&mut F>, context: &mut Context<'_>) -> Poll<F::Output> {
        let before = faults::of_this_thread();
        self.0.since.store(before.map_or(0, |used| nanos(used.cpu)), Ordering::Relaxed);
        let poll = future.poll(context);
        match (before, faults::of_this_thread()) {
            (Some(before), Some(after)) => {
                let spent = nanos(after.cpu.saturating_sub(before.cpu));
                self.0.spent.fetch_add(spent, Ordering::Relaxed);
                if before.faults != after.faults {
                    self.0.faulted.store(true, Ordering::Relaxed);
                }
            }
            _ => self.0.faulted.store(true, Ordering::Relaxed),
        }
        poll
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_is_free_and_running_is_not() {
        let meter = Meter::new(Duration::from_millis(20));
        meter.measure(tokio::time::sleep(Duration::from_millis(60))).await;
        assert_eq!(meter.check(), Ok(()));
        let busy = async {
            while meter.check().is_ok() {}
            meter.check()
        };
        assert_eq!(meter.measure(busy).await, Err(CpuTimeReached));
        meter.restart(Duration::from_millis(20));
        assert_eq!(meter.measure(async { meter.check() }).await, Ok(()));
    }

    #[tokio::test]
    async fn a_page_fault_within_a_poll_is_noticed() {
        let meter = Meter::new(Duration::from_secs(1));
        assert!(meter.take_faulted(), "nothing is known before the first poll");
        meter.measure(async { std::hint::black_box(vec![1_u8; 8 << 20]).len() }).await;
        assert!(meter.take_faulted());
        assert!(!meter.take_faulted());
    }
}
