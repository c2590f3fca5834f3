//! Locks are free, unless the service holds them or the test says that somebody does.

use super::{capability, current, refused};
use crate::{Error, ErrorKind, Result};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Locks of one message; as the server has it.
const MAX_LOCKS: usize = 32;

/// Bytes of a name; as the server has it.
const MAX_NAME: usize = 256;

/// The locks of a simulated host.
#[derive(Default)]
pub(crate) struct Locks {
    /// Held by somebody else.
    pub(crate) busy: Vec<String>,
    /// All that were taken, in order.
    pub(crate) taken: Vec<String>,
    /// Those that are held, and until when at most.
    held: BTreeMap<u64, (String, Instant)>,
    tokens: u64,
}

impl Locks {
    /// The message is answered.
    pub(crate) fn end(&mut self) {
        self.held.clear();
    }

    fn acquire(&mut self, name: String, ttl_ms: u32) -> Result<Option<u64>> {
        if name.is_empty() || name.len() > MAX_NAME {
            let given = name.len();
            return Err(Error::invalid(format!(
                "the name of a lock has 1 to {MAX_NAME} bytes, this one has {given}"
            )));
        }
        if ttl_ms == 0 {
            let text = "a lock that is held for no time excludes nobody: give a ttl of at least 1 ms";
            return Err(Error::invalid(text));
        }
        if self.held.len() >= MAX_LOCKS {
            let text =
                format!("more than {MAX_LOCKS} locks in one invocation (limit locks): release some first");
            return Err(Error::new(ErrorKind::QuotaExceeded, text));
        }
        if self.held.values().any(|(held, _)| *held == name) {
            let text = format!("this invocation has the lock `{name}` already: it would wait for itself");
            return Err(Error::conflict(text));
        }
        if self.busy.contains(&name) {
            return Ok(None);
        }
        self.tokens += 1;
        self.taken.push(name.clone());
        let until = Instant::now() + Duration::from_millis(ttl_ms.into());
        self.held.insert(self.tokens, (name, until));
        Ok(Some(self.tokens))
    }

    fn release(&mut self, token: u64) -> Result<bool> {
        let held = self.held.remove(&token).ok_or_else(|| {
            Error::invalid("this invocation holds no such lock: it was released already, or never taken")
        })?;
        Ok(Instant::now() < held.1)
    }
}

/// Nobody is waited for: who holds a lock here does not give it back.
pub(crate) async fn acquire(
    name: String,
    ttl_ms: u32,
    _block_ms: u32,
) -> Result<Option<u64>, capability::Error> {
    let state = current().map_err(refused)?;
    state.locks.borrow_mut().acquire(name, ttl_ms).map_err(refused)
}

pub(crate) fn release(token: u64) -> Result<bool, capability::Error> {
    let state = current().map_err(refused)?;
    state.locks.borrow_mut().release(token).map_err(refused)
}
