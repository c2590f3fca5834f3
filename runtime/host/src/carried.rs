//! What calls under way carry. A guest can make thousands of calls before the first one has ended, and what each was given is a copy
//! in the host's memory until then.

use crate::error::error;
use crate::types;
use caisson_capability::{Error, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The most bytes that the calls of one instance may carry at the same time.
const MOST: usize = 64 << 20;

/// What a call takes in any case.
const LEAST: usize = 1 << 10;

/// Counts for one instance what its calls carry.
#[derive(Clone, Debug, Default)]
pub struct Carried(Arc<AtomicUsize>);

/// A call under way. Counts as long as it is held.
#[derive(Debug)]
pub struct Carrying {
    all: Carried,
    bytes: usize,
}

impl Carried {
    /// Counts a call with so many bytes.
    ///
    /// # Errors
    ///
    /// `quota-exceeded`: the others carry too much already.
    pub fn take(&self, bytes: usize) -> Result<Carrying, types::Error> {
        let bytes = bytes.max(LEAST);
        // The first one may be of any size that came this far.
        let fits = |now: usize| Some(now.saturating_add(bytes)).filter(|sum| now == 0 || *sum <= MOST);
        if self.0.fetch_update(Relaxed, Relaxed, fits).is_err() {
            let text = format!(
                "the calls of the service that are under way carry more than {} MiB together: wait for some of them first",
                MOST >> 20
            );
            return Err(error(Error::new(ErrorKind::QuotaExceeded, text)));
        }
        Ok(Carrying { all: self.clone(), bytes })
    }
}

impl Drop for Carrying {
    fn drop(&mut self) {
        self.all.0.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_under_way_share_one_bound_and_give_back_what_they_took() {
        let all = Carried::default();
        let first = all.take(MOST - 2 * LEAST).unwrap();
        let small: Vec<_> = (0..2).map(|_| all.take(0).unwrap()).collect();
        let refused = all.take(1).unwrap_err();
        assert_eq!(refused.kind, types::ErrorKind::QuotaExceeded);
        assert!(refused.message.contains("64 MiB"), "{}", refused.message);
        drop(small);
        drop(all.take(1).unwrap());
        drop(first);
        drop(all.take(usize::MAX).unwrap());
        assert_eq!(all.0.load(Relaxed), 0);
    }
}
