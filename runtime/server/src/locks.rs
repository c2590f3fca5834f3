//! The locks that services take are kept where the state is, so that all servers of a cluster share them.

use caisson_capability::{BoxFuture, Error, ErrorKind, HeldLock, Locks};
use caisson_cluster::Store;
use caisson_cluster::store::Lock;
use std::time::Duration;

/// The state store, as what keeps locks.
#[derive(Debug)]
pub(crate) struct StoreLocks(pub(crate) Store);

#[derive(Debug)]
struct Held(Lock);

impl HeldLock for Held {
    fn release(self: Box<Self>) -> BoxFuture<'static, bool> {
        Box::pin(self.0.release())
    }
}

impl Locks for StoreLocks {
    fn acquire(
        &self,
        name: String,
        ttl: Duration,
        wait: Duration,
    ) -> BoxFuture<'_, Result<Option<Box<dyn HeldLock>>, Error>> {
        Box::pin(async move {
            let taken = self.0.lock(&name, ttl, wait).await.map_err(|error| {
                // Where the store is and what is wrong with it is for the operator.
                let text = "locks cannot be taken now: the state store is away; try again later";
                Error::new(ErrorKind::Unavailable, text).detail(error.message.clone()).source(error)
            })?;
            Ok(taken.map(|lock| Box::new(Held(lock)) as Box<dyn HeldLock>))
        })
    }
}
