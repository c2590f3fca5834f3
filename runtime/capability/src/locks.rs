//! Locks among all servers, as the engine sees them: who keeps them is put together by the server.

use crate::{BoxFuture, Error};
use std::fmt;
use std::time::Duration;

/// A lock that is held. Dropped, it is given back.
pub trait HeldLock: fmt::Debug + Send {
    /// Gives it back. `false`: its time was over before, and somebody else may have held it meanwhile.
    fn release(self: Box<Self>) -> BoxFuture<'static, bool>;
}

/// Takes locks.
pub trait Locks: fmt::Debug + Send + Sync {
    /// Takes the lock of this name for `ttl`, waiting for up to `wait`. `None`: it could not be had in time.
    ///
    /// # Errors
    ///
    /// `unavailable`: what keeps locks is away.
    ///
    /// # Cancel safety
    ///
    /// Dropped, nothing is held.
    fn acquire(
        &self,
        name: String,
        ttl: Duration,
        wait: Duration,
    ) -> BoxFuture<'_, Result<Option<Box<dyn HeldLock>>, Error>>;
}
