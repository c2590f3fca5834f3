//! A pool, whatever the database.

use super::dialect::Dialect;
use super::pool::Pool;
use super::session::Session;
use crate::statement::Kind;
use caisson_capability::{BoxFuture, Error};
use std::sync::Arc;

/// Sessions with one database.
pub(super) trait Backend: Send + Sync {
    /// Whose rules statements follow.
    fn kind(&self) -> Kind;

    /// A session.
    fn acquire(&self) -> BoxFuture<'_, Result<Box<dyn Session>, Error>>;

    /// Closes all of them.
    fn close(&self) -> BoxFuture<'_, ()>;
}

impl<D: Dialect> Backend for Arc<Pool<D>> {
    fn kind(&self) -> Kind {
        D::KIND
    }

    fn acquire(&self) -> BoxFuture<'_, Result<Box<dyn Session>, Error>> {
        let pool = Arc::clone(self);
        Box::pin(async move {
            let held = pool.acquire().await?;
            Ok(Box::new(held) as Box<dyn Session>)
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(Pool::close(self))
    }
}
