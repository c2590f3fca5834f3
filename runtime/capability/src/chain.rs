//! What an invocation has from those that it follows.

use crate::{Error, ErrorKind};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

/// Calls that one message may set in motion, however they are nested: services that call many that call many end here, and not at the
/// end of the machine.
pub const MAX_CALLS: u32 = 10_000;

/// What an invocation has from those that it follows.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    /// Of the callback of a call in the background: the correlation id of that call.
    pub in_reply_to: Option<Arc<str>>,
    /// What a chain of calls in the background shares: a JSON object.
    pub environ: Option<Arc<str>>,
    /// Calls that the message has set in motion. Most set in motion none.
    calls: OnceLock<Arc<AtomicU32>>,
}

impl Chain {
    /// A chain that begins with a call in the background.
    #[must_use]
    pub fn new(in_reply_to: Option<Arc<str>>, environ: Option<Arc<str>>) -> Self {
        Self { in_reply_to, environ, calls: OnceLock::new() }
    }

    /// The chain one call further on.
    ///
    /// # Errors
    ///
    /// `quota-exceeded` when the message has set in motion as many calls as it may.
    pub(crate) fn next(&self, service: &str) -> Result<Self, Error> {
        let calls = self.calls.get_or_init(Arc::default);
        if calls.fetch_add(1, Relaxed) >= MAX_CALLS {
            let text = format!(
                "one message has set in motion {MAX_CALLS} calls of services (limit calls); the next one wanted: {service}. \
                 Hand over what is left in the background"
            );
            return Err(Error::new(ErrorKind::QuotaExceeded, text));
        }
        Ok(Self {
            in_reply_to: None,
            environ: self.environ.clone(),
            calls: OnceLock::from(Arc::clone(calls)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_calls_of_a_message_share_one_bound() {
        let first = Chain::default();
        let (left, right) = (first.next("a").unwrap(), first.next("b").unwrap());
        for _ in 0..(MAX_CALLS - 2) / 2 {
            left.next("c").unwrap();
            right.next("c").unwrap();
        }
        for chain in [&first, &left, &right, &left.clone()] {
            let error = chain.next("d").unwrap_err();
            assert_eq!(error.kind, ErrorKind::QuotaExceeded);
            assert!(error.message.contains("10000 calls") && error.message.contains("d."), "{error}");
        }
        Chain::default().next("e").unwrap();
    }
}
