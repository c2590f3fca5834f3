//! A connection of definitions: at most one connection with the broker for publishing, made at first use and again once it is lost.

mod declare;
mod endpoint;
mod link;
mod pool;
mod publish;

use crate::config::Config;
use crate::error::{self, Stage};
use caisson_capability::{BoxFuture, Connection, Error, Problem, Setup};
pub(crate) use declare::Purpose;
use declare::Topology;
use endpoint::Endpoint;
pub(crate) use link::Link;
pub(crate) use publish::Outgoing;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// A connection of type `amqp`.
pub struct Client {
    name: Arc<str>,
    endpoint: Arc<Endpoint>,
    topology: Topology,
    /// The default of `persistent`.
    pub(crate) persistent: bool,
    /// The largest body.
    pub(crate) message_bytes: usize,
    /// Of calls that publish, those that have a channel.
    turns: Semaphore,
    /// Only one connects, the others wait for it.
    connecting: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// Not connected.
    Apart,
    /// Connected.
    Joined(Arc<pool::Publisher>),
    /// Closed for good.
    Closed,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Client {
    /// A connection of these options. Opens nothing.
    ///
    /// # Errors
    ///
    /// All that is wrong with them.
    pub fn new(setup: &Setup, config: Config) -> Result<Self, Vec<Problem>> {
        let endpoint = Endpoint::new(&config, setup.timeout)?;
        Ok(Self {
            name: Arc::clone(&setup.name),
            endpoint: Arc::new(endpoint),
            topology: Topology::new(&config.declare)?,
            persistent: config.persistent,
            message_bytes: config.message_bytes,
            turns: Semaphore::new(usize::from(config.channels.max)),
            connecting: Semaphore::new(1),
            state: Mutex::new(State::Apart),
        })
    }

    /// Opens a connection with the broker and declares what has to be there.
    pub(crate) async fn open(&self, purpose: Purpose) -> Result<Link, Error> {
        let link = Link::open(&self.endpoint, &self.name).await?;
        if !self.topology.is_empty() {
            self.in_time(async {
                let channel = link.channel().await?;
                self.topology.apply(&channel, purpose).await?;
                drop(channel.close(200, "OK".into()).await);
                Ok(())
            })
            .await?;
        }
        Ok(link)
    }

    /// What the broker has to answer before a new connection is of use.
    pub(crate) async fn in_time<T>(&self, asked: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let answered = tokio::time::timeout(self.endpoint.connect_timeout, asked).await;
        answered.unwrap_or_else(|_late| {
            Err(error::unavailable("the broker did not answer in time on a new connection"))
        })
    }

    /// The connection for publishing.
    async fn publisher(&self) -> Result<Arc<pool::Publisher>, Error> {
        if let Some(publisher) = self.joined()? {
            return Ok(publisher);
        }
        let _turn = self.connecting.acquire().await.map_err(|_closed| closed())?;
        if let Some(publisher) = self.joined()? {
            return Ok(publisher);
        }
        let publisher = Arc::new(pool::Publisher::new(self.open(Purpose::Publish).await?));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Closed) {
            return Err(closed());
        }
        *state = State::Joined(Arc::clone(&publisher));
        Ok(publisher)
    }

    fn joined(&self) -> Result<Option<Arc<pool::Publisher>>, Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Joined(publisher) if publisher.link.alive() => Ok(Some(Arc::clone(publisher))),
            State::Joined(_) => {
                *state = State::Apart;
                Ok(None)
            }
            State::Apart => Ok(None),
            State::Closed => Err(closed()),
        }
    }
}

fn closed() -> Error {
    error::unavailable("the connection has been closed")
}

impl Connection for Client {
    fn ping(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            let publisher = self.publisher().await?;
            if publisher.link.blocked() {
                return Err(error::blocked(Stage::Before));
            }
            let channel = publisher.link.channel().await?;
            channel.close(200, "OK".into()).await.map_err(|error| error::calling(&error, Stage::Before))
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let before = std::mem::replace(
                &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner),
                State::Closed,
            );
            self.connecting.close();
            if let State::Joined(publisher) = before {
                publisher.link.close().await;
            }
        })
    }
}
