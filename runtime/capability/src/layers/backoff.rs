//! How long to wait before the next attempt.

use crate::policy::Retry;
use std::time::Duration;

/// The wait after so many attempts: doubled each time up to the longest, of which a random half is left out, so that callers that
/// failed together do not come back together.
pub(crate) fn wait(retry: &Retry, attempts: u32) -> Duration {
    let doubled =
        retry.backoff_ms.saturating_mul(1_u64.checked_shl(attempts.saturating_sub(1)).unwrap_or(u64::MAX));
    let longest = doubled.min(retry.max_backoff_ms);
    let mut random = [0_u8; 2];
    // Without entropy all come back at once, which is worse than nothing but no reason to fail.
    let share = getrandom::fill(&mut random).map_or(0, |()| u64::from(u16::from_ne_bytes(random)));
    Duration::from_millis(longest - longest.saturating_mul(share) / (2 * u64::from(u16::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_longest() {
        let retry = Retry { attempts: 9, backoff_ms: 100, max_backoff_ms: 1_000 };
        for (attempts, most) in [(1, 100), (2, 200), (4, 800), (5, 1_000), (64, 1_000), (u32::MAX, 1_000)] {
            let wait = wait(&retry, attempts).as_millis();
            assert!(wait <= most && wait >= most / 2, "{attempts}: {wait}");
        }
    }
}
