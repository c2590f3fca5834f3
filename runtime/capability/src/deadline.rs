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

    /// The earlier of this deadline and one `duration` after `now`.
    #[must_use]
    pub fn at_most(self, now: Instant, duration: Duration) -> Self {
        let at = now + duration;
        let Some(earlier) = self.at.checked_duration_since(at) else { return self };
        // The wall clock is not asked again: it costs as much as all the rest, and it may have been set meanwhile.
        let millis = u64::try_from(earlier.as_millis()).unwrap_or(u64::MAX);
        Self { at, unix_millis: self.unix_millis.saturating_sub(millis) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_one_is_earlier_on_both_clocks_and_a_longer_one_changes_nothing() {
        let (now, minute) = (Instant::now(), Deadline::after(Duration::from_secs(60)));
        let shorter = minute.at_most(now, Duration::from_secs(10));
        assert_eq!(shorter.instant(), now + Duration::from_secs(10));
        let earlier = minute.unix_millis() - shorter.unix_millis();
        assert!((50_000..50_100).contains(&earlier), "{earlier}");
        let longer = minute.at_most(now, Duration::from_secs(100));
        assert_eq!((longer.instant(), longer.unix_millis()), (minute.instant(), minute.unix_millis()));
    }
}
