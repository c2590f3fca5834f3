//! Leaves a system alone that has failed several times in a row.

use crate::policy;
use crate::{Error, ErrorKind, Fault};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The state of one connection.
#[derive(Debug)]
pub(crate) struct Breaker {
    settings: policy::Breaker,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_until: Option<Instant>,
    /// One call tries whether the system is back.
    trying: bool,
}

/// What a call has to give back: how it went. Dropped without a word, it counts as neither.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    breaker: &'a Breaker,
    trial: bool,
}

impl Breaker {
    pub(crate) fn new(settings: policy::Breaker) -> Self {
        Self { settings, state: Mutex::default() }
    }

    /// Asks to make a call.
    pub(crate) fn pass(&self) -> Result<Pass<'_>, Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(until) = state.open_until else { return Ok(Pass { breaker: self, trial: false }) };
        let now = Instant::now();
        if now >= until && !state.trying {
            state.trying = true;
            return Ok(Pass { breaker: self, trial: true });
        }
        let wait = until.saturating_duration_since(now).max(Duration::from_millis(1));
        let text = "the connection has failed repeatedly and is left alone for a while (breaker)";
        Err(Error::new(ErrorKind::Unavailable, text).fault(Fault::Remote).retry_after(wait))
    }
}

impl Pass<'_> {
    /// The other side failed, or it did not.
    pub(crate) fn ended(mut self, failed: bool) {
        let mut state = self.breaker.state.lock().unwrap_or_else(PoisonError::into_inner);
        if failed {
            state.failures = state.failures.saturating_add(1);
            if self.trial || state.failures >= self.breaker.settings.failures {
                let open = Duration::from_millis(self.breaker.settings.open_ms);
                state.open_until = Some(Instant::now() + open);
            }
        } else {
            state.failures = 0;
            state.open_until = None;
        }
        if self.trial {
            state.trying = false;
            self.trial = false;
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.trial {
            self.breaker.state.lock().unwrap_or_else(PoisonError::into_inner).trying = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn opens_after_failures_in_a_row_and_lets_one_call_try() {
        let breaker = Breaker::new(policy::Breaker { failures: 2, open_ms: 1_000 });
        breaker.pass().unwrap().ended(true);
        breaker.pass().unwrap().ended(false);
        breaker.pass().unwrap().ended(true);
        breaker.pass().unwrap().ended(true);
        let error = breaker.pass().unwrap_err();
        assert_eq!((error.kind, error.fault, error.retryable), (ErrorKind::Unavailable, Fault::Remote, true));
        tokio::time::advance(Duration::from_secs(1)).await;
        let trial = breaker.pass().unwrap();
        assert!(breaker.pass().is_err(), "one at a time");
        trial.ended(true);
        assert!(breaker.pass().is_err(), "a trial that fails opens it again");
        tokio::time::advance(Duration::from_secs(1)).await;
        drop(breaker.pass().unwrap());
        breaker.pass().expect("a trial that was given up is no trial").ended(false);
        breaker.pass().unwrap().ended(true);
        breaker.pass().expect("counted anew").ended(false);
    }
}
