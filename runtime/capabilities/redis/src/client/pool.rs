//! The connections to one server. Each is used by one call at a time: a call that is given up takes its connection with it, and no
//! other's.

use crate::client::Done;
use crate::client::sentinel::Sentinels;
use crate::client::socket::{Login, Socket, is_elsewhere};
use crate::error::Trouble;
use crate::url::Address;
use std::io;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Semaphore;

/// How a server is found.
#[derive(Debug)]
pub(crate) enum Whereabouts {
    Fixed(Address),
    Sentinels(Sentinels),
}

/// A server and the connections to it.
#[derive(Debug)]
pub(crate) struct Node {
    whereabouts: Whereabouts,
    login: Login,
    turns: Semaphore,
    /// Bounded by the turns. The newest is used first, so that what is not needed grows old.
    idle: Mutex<Vec<Socket>>,
}

impl Node {
    pub(crate) fn new(whereabouts: Whereabouts, login: Login, max: usize) -> Self {
        let turns = Semaphore::new(max.min(Semaphore::MAX_PERMITS));
        Self { whereabouts, login, turns, idle: Mutex::default() }
    }

    /// The address, when it is always the same.
    pub(crate) fn address(&self) -> Option<&Address> {
        match &self.whereabouts {
            Whereabouts::Fixed(address) => Some(address),
            Whereabouts::Sentinels(_) => None,
        }
    }

    /// Opens a connection beside the pool.
    pub(crate) async fn open(&self) -> Result<Socket, Trouble> {
        match &self.whereabouts {
            Whereabouts::Fixed(address) => Socket::open(address, &self.login).await,
            Whereabouts::Sentinels(sentinels) => Socket::open(&sentinels.master().await?, &self.login).await,
        }
    }

    /// Sends commands in one go and reads their replies.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection that it used.
    pub(crate) async fn exchange(&self, commands: &[&[Vec<u8>]], limit: usize) -> Result<Done, Trouble> {
        let closed = |_closed| Trouble::Unreachable(io::ErrorKind::NotConnected.into());
        let _turn = self.turns.acquire().await.map_err(closed)?;
        let mut socket = match self.take() {
            Some(socket) => socket,
            None => self.open().await?,
        };
        // Of what was used for something else before, or for the greeting.
        socket.take_received();
        let replies = match socket.exchange(commands, limit).await {
            Ok(replies) => replies,
            Err(trouble) => {
                if matches!(trouble, Trouble::Lost(_)) {
                    // Most likely the server is gone, and all others with it.
                    self.forget();
                }
                return Err(trouble);
            }
        };
        let received = socket.take_received();
        if self.address().is_none() && replies.iter().any(|reply| is_elsewhere(reply)) {
            // A master that is none any more: the sentinels are asked again.
            self.forget();
        } else if !self.turns.is_closed() {
            self.idle().push(socket);
        }
        let sent = commands.iter().flat_map(|command| command.iter()).map(Vec::len).sum();
        Ok(Done { replies, sent, received })
    }

    /// Closes what is not in use; what is, closes when it is done.
    pub(crate) fn close(&self) {
        self.turns.close();
        self.forget();
    }

    fn take(&self) -> Option<Socket> {
        let mut idle = self.idle();
        while let Some(socket) = idle.pop() {
            if socket.is_fresh() {
                return Some(socket);
            }
        }
        None
    }

    fn forget(&self) {
        let old = std::mem::take(&mut *self.idle());
        drop(old);
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Socket>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
