//! Locks among all servers: at most one holder at a time.
//!
//! ```
//! # use caisson::{Error, lock::Lock};
//! # use std::time::Duration;
//! # async fn handle() -> Result<(), Error> {
//! let held = Lock::named("orders").ttl(Duration::from_secs(60)).acquire().await?;
//! // Nobody else is here.
//! drop(held);
//!
//! match Lock::named("report").try_acquire().await? {
//!     Some(_held) => caisson::info!("the report is made"),
//!     None => caisson::info!("somebody else makes the report"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The host keeps a lock for the message that is answered: when that ends, however it ends, the lock is free. A message holds and
//! waits for at most 32 locks. Names have 1 to 256 bytes and belong to the package, unless the operator shares them
//! (`serve --shared-names`): then `self.lock` of services in Python means the same locks.

use crate::time::millis;
use crate::{Error, Result, host};
use std::borrow::Cow;
use std::time::Duration;

/// Unless [`Lock::ttl`] says otherwise; the same in Python.
const TTL: Duration = Duration::from_secs(20);

/// Unless [`Lock::wait`] says otherwise; the same in Python.
const WAIT: Duration = Duration::from_secs(10);

/// A lock, by its name. Making one takes nothing.
#[derive(Clone, Debug)]
#[must_use = "a lock excludes nobody until it is acquired"]
pub struct Lock {
    name: Cow<'static, str>,
    ttl: Duration,
    wait: Duration,
}

impl Lock {
    /// The lock of this name, to be held for at most 20 seconds and waited for up to 10.
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), ttl: TTL, wait: WAIT }
    }

    /// How long it is held at most, counted in whole milliseconds. When that is over, others may have it, and nobody stops the holder.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// How long [`Lock::acquire`] waits for it at most, and no longer than until the deadline of the message.
    pub fn wait(mut self, limit: Duration) -> Self {
        self.wait = limit;
        self
    }

    /// Takes the lock, waiting for it if need be. Waiting costs no processor time.
    ///
    /// # Errors
    ///
    /// `unavailable`, which the caller may try again: it could not be had in time, or what keeps locks is away. `conflict`: this
    /// message has it already. `quota-exceeded`: this message holds or waits for 32 locks. `invalid-input`: the name is empty or too
    /// long, or the ttl is zero.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up. A lock that came in that very moment is held until the message is answered or its ttl is over.
    pub async fn acquire(&self) -> Result<Guard> {
        self.take(self.wait).await?.ok_or_else(|| {
            // Names of locks are no business of callers.
            let detail = format!("the lock {:?} could not be had within {:?}", self.name, self.wait);
            Error::unavailable("A lock could not be had in time").detail(detail)
        })
    }

    /// Takes the lock if it is free; nothing if it is not.
    ///
    /// # Errors
    ///
    /// As [`Lock::acquire`], but for the time.
    ///
    /// # Cancel safety
    ///
    /// As [`Lock::acquire`].
    pub async fn try_acquire(&self) -> Result<Option<Guard>> {
        self.take(Duration::ZERO).await
    }

    async fn take(&self, wait: Duration) -> Result<Option<Guard>> {
        let name = self.name.clone().into_owned();
        let token = host::lock::acquire(name, short(self.ttl), short(wait)).await;
        let held = |token| Guard { token: Some(token), name: self.name.clone(), ttl: self.ttl };
        Ok(token.map_err(Error::of_capability)?.map(held))
    }
}

/// Milliseconds that the contract has room for: up to 49 days.
fn short(duration: Duration) -> u32 {
    u32::try_from(millis(duration)).unwrap_or(u32::MAX)
}

/// A lock that is held. Dropping it gives the lock back: when that is done it is free for others. Nothing else of this message goes on
/// until then.
#[derive(Debug)]
#[must_use = "the lock is given back when this is dropped"]
pub struct Guard {
    /// Until it has been given back.
    token: Option<u64>,
    name: Cow<'static, str>,
    ttl: Duration,
}

impl Guard {
    /// The name of the lock.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives the lock back as dropping it does, and tells how it was: `false` if its ttl was over before, so that somebody else may have
    /// held it meanwhile. That is in the log as well.
    ///
    /// # Errors
    ///
    /// `invalid-input`: the message that took it is answered already.
    pub fn release(mut self) -> Result<bool> {
        self.give_back()
    }

    fn give_back(&mut self) -> Result<bool> {
        let Some(token) = self.token.take() else { return Ok(false) };
        let held = host::lock::release(token).map_err(Error::of_capability)?;
        if !held {
            crate::warning!(
                "the lock {:?} was held for longer than its ttl of {:?}: others may have held it meanwhile; give it a longer ttl",
                self.name,
                self.ttl
            );
        }
        Ok(held)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // What it was held for is done, and the lock is free in any case: nobody is left to be told.
        self.give_back().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::testing::Host;

    #[test]
    fn a_lock_is_held_until_its_guard_is_dropped() {
        let host = Host::new();
        host.run(async {
            let orders = Lock::named("orders");
            let held = orders.acquire().await.unwrap();
            assert_eq!(held.name(), "orders");
            // It would wait for itself.
            assert_eq!(orders.try_acquire().await.unwrap_err().kind(), ErrorKind::Conflict);
            drop(held);
            let again = orders.try_acquire().await.unwrap().unwrap();
            assert!(again.release().unwrap());
            drop(orders.acquire().await.unwrap());
        });
        assert_eq!(host.locks(), ["orders", "orders", "orders"]);
        assert!(host.logs().is_empty());
    }

    #[test]
    fn one_that_somebody_else_holds_cannot_be_had_and_the_caller_may_try_again() {
        let host = Host::new().busy("orders");
        host.run(async {
            assert!(Lock::named("orders").try_acquire().await.unwrap().is_none());
            let error = Lock::named("orders").wait(Duration::from_millis(5)).acquire().await.unwrap_err();
            assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
            assert!(!error.message().contains("orders"), "{error}");
            assert!(error.log_detail().unwrap().contains("\"orders\" could not be had within 5ms"));
            assert!(Lock::named("others").try_acquire().await.unwrap().is_some());
        });
    }

    #[test]
    fn one_that_was_held_for_too_long_says_so_when_it_is_given_back() {
        let host = Host::new();
        host.run(async {
            for drops in [true, false] {
                let held = Lock::named("late").ttl(Duration::from_nanos(1)).acquire().await.unwrap();
                std::thread::sleep(Duration::from_millis(2));
                if drops { drop(held) } else { assert!(!held.release().unwrap()) }
            }
        });
        assert_eq!(host.logs().len(), 2);
        assert!(host.logs()[0].message.contains("the lock \"late\" was held for longer than its ttl of 1ns"));
    }

    #[test]
    fn what_makes_no_sense_is_refused_and_locks_end_with_their_message() {
        let host = Host::new();
        host.run(async {
            for (lock, says) in [
                (Lock::named(""), "1 to 256 bytes, this one has 0"),
                (Lock::named("n".repeat(257)), "1 to 256 bytes, this one has 257"),
                (Lock::named("a").ttl(Duration::ZERO), "at least 1 ms"),
            ] {
                let error = lock.acquire().await.unwrap_err();
                assert!(error.kind() == ErrorKind::InvalidInput && error.message().contains(says), "{error}");
            }
        });
        let many = async || {
            let mut held = Vec::new();
            loop {
                match Lock::named(format!("many-{}", held.len())).try_acquire().await {
                    Ok(guard) => held.extend(guard),
                    Err(error) => return (held, error),
                }
            }
        };
        for _ in 0..2 {
            let (held, error) = host.run(many());
            assert_eq!((held.len(), error.kind()), (32, ErrorKind::QuotaExceeded));
            // The message is answered; the locks are free without their guards.
            std::mem::forget(held);
        }
    }
}
