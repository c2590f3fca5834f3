//! Who may enter a guest, and who waits. A full house is never an error while a deadline allows waiting and the queue
//! has room; then it is `unavailable`, with a time after which another attempt makes sense.

use crate::settings::Limits;
use caisson_capability::invocation::MAX_DEPTH;
use caisson_capability::{Deadline, Error, ErrorKind};
use caisson_telemetry::Metrics;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// When a caller who was turned away may come back. A queue that is full now has usually moved by then.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The places of one program's services.
#[derive(Debug)]
pub(crate) struct Gate {
    /// By depth: a call from another service waits only for calls that are deeper still, which end first. With one
    /// count for all, as many callers as there are places could wait for each other.
    places: Vec<Arc<Semaphore>>,
    /// Places of the whole server; what bounds its memory.
    house: Arc<Semaphore>,
    waiting: AtomicU32,
    limits: Limits,
    metrics: Arc<Metrics>,
}

/// A place. Dropping it lets the next one in.
#[derive(Debug)]
pub(crate) struct Place {
    _own: OwnedSemaphorePermit,
    /// Nested calls have none: their caller holds one and waits, so that taking another could end in a standstill.
    _house: Option<OwnedSemaphorePermit>,
    metrics: Arc<Metrics>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.metrics.active.dec();
    }
}

impl Gate {
    pub(crate) fn new(limits: Limits, house: Arc<Semaphore>, metrics: Arc<Metrics>) -> Self {
        let level = || Arc::new(Semaphore::new(limits.concurrency as usize));
        let places = (0..=MAX_DEPTH).map(|_| level()).collect();
        Self { places, house, waiting: AtomicU32::new(0), limits, metrics }
    }

    /// Waits for a place, at most until the deadline.
    ///
    /// # Errors
    ///
    /// `unavailable` when the queue is full or the deadline passes.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the queue.
    pub(crate) async fn enter(&self, depth: u8, deadline: Deadline) -> Result<Place, Error> {
        if let Some(place) = self.try_enter(depth) {
            return Ok(place);
        }
        let _waiting = Waiting::join(self)?;
        match tokio::time::timeout_at(deadline.instant(), self.wait(depth)).await {
            Ok(place) => place,
            Err(_) => Err(busy(format!(
                "the service is busy: no place became free before the deadline (concurrency = {})",
                self.limits.concurrency
            ))),
        }
    }

    fn try_enter(&self, depth: u8) -> Option<Place> {
        let own = Arc::clone(self.level(depth)?).try_acquire_owned().ok()?;
        let house = if depth > 0 { None } else { Some(Arc::clone(&self.house).try_acquire_owned().ok()?) };
        Some(self.place(own, house))
    }

    async fn wait(&self, depth: u8) -> Result<Place, Error> {
        let closed = || Error::new(ErrorKind::Unavailable, "the server is stopping");
        let level = Arc::clone(self.level(depth).ok_or_else(closed)?);
        let own = level.acquire_owned().await.map_err(|_| closed())?;
        let house = match depth {
            0 => Some(Arc::clone(&self.house).acquire_owned().await.map_err(|_| closed())?),
            _ => None,
        };
        Ok(self.place(own, house))
    }

    fn level(&self, depth: u8) -> Option<&Arc<Semaphore>> {
        self.places.get(usize::from(depth))
    }

    fn place(&self, own: OwnedSemaphorePermit, house: Option<OwnedSemaphorePermit>) -> Place {
        self.metrics.active.inc();
        Place { _own: own, _house: house, metrics: Arc::clone(&self.metrics) }
    }
}

/// A seat in the queue.
struct Waiting<'a>(&'a Gate);

impl<'a> Waiting<'a> {
    fn join(gate: &'a Gate) -> Result<Self, Error> {
        if gate.waiting.fetch_add(1, Ordering::Relaxed) >= gate.limits.queue {
            gate.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(busy(format!(
                "the service is busy: {} requests run and {} wait (limits concurrency and queue)",
                gate.limits.concurrency, gate.limits.queue
            )));
        }
        gate.metrics.queued.inc();
        Ok(Self(gate))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        self.0.metrics.queued.dec();
    }
}

fn busy(message: String) -> Error {
    Error::new(ErrorKind::Unavailable, message).retry_after(RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(concurrency: u32, queue: u32, house: usize) -> Gate {
        let limits = Limits { concurrency, queue, ..Limits::default() };
        Gate::new(limits, Arc::new(Semaphore::new(house)), Arc::new(Metrics::default()))
    }

    #[tokio::test(start_paused = true)]
    async fn waits_until_the_deadline_and_says_when_to_return() {
        let gate = gate(1, 1, 8);
        let _held = gate.enter(0, Deadline::after(Duration::from_secs(1))).await.unwrap();
        let error = gate.enter(0, Deadline::after(Duration::from_secs(1))).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert_eq!(error.retry_after, Some(RETRY_AFTER));
        assert_eq!(gate.metrics.queued.get(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_refuses_at_once_and_a_free_place_goes_to_who_waits() {
        let gate = Arc::new(gate(1, 1, 8));
        let held = gate.enter(0, Deadline::after(Duration::from_secs(9))).await.unwrap();
        let waiter = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.enter(0, Deadline::after(Duration::from_secs(9))).await.map(drop) }
        });
        tokio::task::yield_now().await;
        let error = gate.enter(0, Deadline::after(Duration::from_secs(9))).await.unwrap_err();
        assert!(error.message.contains("1 wait"), "{error}");
        drop(held);
        waiter.await.unwrap().unwrap();
        assert_eq!(gate.metrics.active.get(), 0);
    }

    #[tokio::test]
    async fn nested_calls_do_not_need_a_place_in_the_house() {
        let gate = gate(4, 4, 1);
        let _outer = gate.enter(0, Deadline::after(Duration::from_secs(9))).await.unwrap();
        gate.enter(1, Deadline::after(Duration::from_secs(9))).await.unwrap();
    }

    #[tokio::test]
    async fn services_that_call_each_other_do_not_wait_for_each_other() {
        let gate = gate(1, 4, 8);
        let _outer = gate.enter(0, Deadline::after(Duration::from_secs(9))).await.unwrap();
        gate.enter(1, Deadline::after(Duration::from_secs(9))).await.unwrap();
        assert!(gate.try_enter(0).is_none(), "calls from outside are still counted");
    }
}
