//! A token bucket: how often calls may be made.

use crate::{Error, ErrorKind, Fault, Rate};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The state of one connection: the moment when the bucket will be full again (GCRA).
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    full_at: Mutex<Option<Instant>>,
}

impl Bucket {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, full_at: Mutex::default() }
    }

    /// Takes one.
    pub(crate) fn take(&self) -> Result<(), Error> {
        let now = Instant::now();
        let window = Duration::from_secs(u64::from(self.rate.seconds));
        let each = window / self.rate.requests.max(1);
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let next = full_at.map_or(now, |at| at.max(now)) + each;
        let ahead = next.saturating_duration_since(now);
        if ahead > window {
            let text = format!("the connection reached its limit rate = {}", self.rate);
            let wait = ahead.saturating_sub(window);
            return Err(Error::new(ErrorKind::QuotaExceeded, text).fault(Fault::Service).retry_after(wait));
        }
        *full_at = Some(next);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn as_many_as_the_rate_names_and_then_one_at_a_time() {
        let bucket = Bucket::new("10/s".parse().unwrap());
        for _ in 0..10 {
            bucket.take().unwrap();
        }
        let error = bucket.take().unwrap_err();
        assert_eq!(error.kind, ErrorKind::QuotaExceeded);
        assert_eq!(error.retry_after, Some(Duration::from_millis(100)));
        tokio::time::advance(Duration::from_millis(100)).await;
        bucket.take().unwrap();
        assert!(bucket.take().is_err());
    }
}
