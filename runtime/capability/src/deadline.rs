//! A deadline on both clocks: the monotonic one that the host waits on, and the wall clock that a guest is told.

use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// When an invocation is stopped.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
    unix_millis: u64,
}

impl Deadline {
    /// A deadline `duration` from now.
    #[must_use]
    pub fn after(duration: Duration) -> Self {
        let wall = SystemTime::now().checked_add(duration).unwrap_or(UNIX_EPOCH);
        let unix_millis = wall
            .duration_since(UNIX_EPOCH)
            .map_or(0, |elapsed| u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX));
        Self { at: Instant::now() + duration, unix_millis }
    }

    /// The earlier of this deadline and one `duration` from now.
    #[must_use]
    pub fn at_most(self, duration: Duration) -> Self {
        let other = Self::after(duration);
        if other.at < self.at { other } else { self }
    }

    /// The moment on the clock that timers use.
    #[must_use]
    pub fn instant(&self) -> Instant {
        self.at
    }

    /// Milliseconds since the Unix epoch, for guests and headers.
    #[must_use]
    pub fn unix_millis(&self) -> u64 {
        self.unix_millis
    }

    /// What is left; zero when it has passed.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }
}
