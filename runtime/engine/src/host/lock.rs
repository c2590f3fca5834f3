//! Locks among servers. The invocation that took one holds it, and nothing else does: however that ends, it is given back.

use super::Host;
use crate::bindings::lock;
use caisson_capability::{BoxFuture, Error, ErrorKind, HeldLock, Locks};
use caisson_host::{error, types};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wasmtime::component::{Accessor, HasSelf};

/// Bytes of a name.
const MAX_NAME: usize = 256;

/// Locks that an invocation holds or waits for.
const MAX_LOCKS: usize = 32;

/// A server that dies gives nothing back: its locks last this much longer than the invocation could have.
const GRACE: Duration = Duration::from_secs(1);

/// The locks of an invocation.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Names of those that are held or waited for.
    names: Names,
    locks: HashMap<u64, (Name, Box<dyn HeldLock>)>,
}

type Names = Arc<Mutex<HashSet<String>>>;

/// A name that is held or waited for, as long as this exists.
#[derive(Debug)]
struct Name {
    all: Names,
    name: String,
}

impl Name {
    fn take(all: &Names, name: &str) -> Result<Self, Error> {
        let mut names = all.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= MAX_LOCKS {
            let text =
                format!("more than {MAX_LOCKS} locks in one invocation (limit locks): release some first");
            return Err(Error::new(ErrorKind::QuotaExceeded, text));
        }
        if !names.insert(name.to_owned()) {
            let text = format!(
                "this invocation has the lock `{name}` already, or waits for it: it would wait for itself"
            );
            return Err(Error::new(ErrorKind::Conflict, text));
        }
        Ok(Self { all: Arc::clone(all), name: name.to_owned() })
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

/// A lock that may be waited for.
struct Wanted {
    locks: Arc<dyn Locks>,
    name: Name,
    /// As all servers have it.
    full: String,
    ttl: Duration,
    wait: Duration,
}

impl lock::Host for Host {}

impl lock::HostWithStore<Host> for HasSelf<Host> {
    async fn acquire(
        accessor: &Accessor<Host, Self>,
        name: String,
        ttl_ms: u32,
        block_ms: u32,
    ) -> Result<Option<u64>, types::Error> {
        let wanted =
            accessor.with(|mut access| access.get().want_lock(&name, ttl_ms, block_ms)).map_err(error)?;
        let Wanted { locks, name, full, ttl, wait } = wanted;
        let taken = locks.acquire(full, ttl, wait).await.map_err(error)?;
        let keep = |lock| accessor.with(|mut access| access.get().keep_lock(name, lock)).map_err(error);
        taken.map(keep).transpose()
    }

    async fn release(accessor: &Accessor<Host, Self>, token: u64) -> Result<bool, types::Error> {
        let release = accessor.with(|mut access| access.get().release_lock(token)).map_err(error)?;
        Ok(release.await)
    }
}

impl Host {
    fn want_lock(&mut self, name: &str, ttl_ms: u32, block_ms: u32) -> Result<Wanted, Error> {
        let (locks, scope) = (self.outside.locks(), self.scope());
        let call = self.call.as_mut().ok_or_else(none)?;
        let locks = locks.ok_or_else(|| {
            Error::new(ErrorKind::Unavailable, "there are no locks here: this is no server with a state")
        })?;
        check(name, ttl_ms)?;
        let left = call.invocation.deadline.remaining();
        Ok(Wanted {
            locks,
            name: Name::take(&call.held.names, name)?,
            full: format!("{scope}\n{name}"),
            ttl: Duration::from_millis(ttl_ms.into()).min(left.saturating_add(GRACE)),
            wait: Duration::from_millis(block_ms.into()).min(left),
        })
    }

    /// Hands a lock to the invocation.
    fn keep_lock(&mut self, name: Name, lock: Box<dyn HeldLock>) -> Result<u64, Error> {
        let call = self.call.as_mut().ok_or_else(none)?;
        self.tokens = self.tokens.wrapping_add(1);
        call.held.locks.insert(self.tokens, (name, lock));
        Ok(self.tokens)
    }

    fn release_lock(&mut self, token: u64) -> Result<BoxFuture<'static, bool>, Error> {
        let kept = self.call.as_mut().and_then(|call| call.held.locks.remove(&token));
        let (_name, lock) = kept.ok_or_else(|| {
            let text = "this invocation holds no such lock: it was released already, or never taken";
            Error::new(ErrorKind::InvalidInput, text)
        })?;
        Ok(lock.release())
    }
}

fn check(name: &str, ttl_ms: u32) -> Result<(), Error> {
    let text = if name.is_empty() || name.len() > MAX_NAME {
        format!("the name of a lock has 1 to {MAX_NAME} bytes, this one has {}", name.len())
    } else if ttl_ms == 0 {
        "a lock that is held for no time excludes nobody: give a ttl of at least 1 ms".to_owned()
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorKind::InvalidInput, text))
}

fn none() -> Error {
    Error::new(
        ErrorKind::InvalidInput,
        "locks can be taken while a message is handled, not while a module loads",
    )
}
