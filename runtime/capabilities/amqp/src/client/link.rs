//! One connection with the broker, which ends when it is dropped, whatever state it is in.

use super::endpoint::Endpoint;
use crate::error;
use caisson_capability::Error;
use futures_util::StreamExt as _;
use lapin::tcp::AsyncTcpStream;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties, Event};
use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// How long the broker may take to say good-bye.
const CLOSING: Duration = Duration::from_secs(5);

/// How long calls have to notice that the connection is gone. The library ends most of them, but not one that comes at the wrong moment.
const NOTICED: Duration = Duration::from_secs(2);

/// An open connection.
#[derive(Debug)]
pub(crate) struct Link {
    connection: Connection,
    /// Whether the broker has stopped to read what we publish.
    blocked: watch::Receiver<bool>,
    _events: AbortOnDropHandle<()>,
    // Last: the library gets a moment to send what it has to before the socket goes.
    _socket: Socket,
}

impl Link {
    /// Connects.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes what was open.
    pub(crate) async fn open(endpoint: &Arc<Endpoint>, name: &str) -> Result<Self, Error> {
        let opened = tokio::time::timeout(endpoint.connect_timeout, Self::handshake(endpoint, name)).await;
        opened.unwrap_or_else(|_late| {
            Err(error::unavailable("the broker did not answer in time while connecting"))
        })
    }

    async fn handshake(endpoint: &Arc<Endpoint>, name: &str) -> Result<Self, Error> {
        let socket = Socket::default();
        let runtime = lapin::runtime::default_runtime().map_err(|error| error::connecting(&error))?;
        let properties =
            ConnectionProperties::default().with_connection_name(format!("caisson {name}").into());
        let (kept, of) = (socket.keeper(), Arc::clone(endpoint));
        let connecting = Connection::connector(
            endpoint.uri.clone(),
            runtime,
            // Runs on the library's thread, which nothing else ends: it needs a limit of its own.
            async move |uri: AMQPUri, runtime| {
                let connected = tokio::time::timeout(of.connect_timeout, async {
                    let address = (uri.authority.host.clone(), uri.authority.port);
                    let addresses = tokio::net::lookup_host(address).await?.collect::<Vec<_>>();
                    let stream = AsyncTcpStream::connect(&runtime, addresses).await?;
                    if let AsyncTcpStream::Plain(plain) = &stream {
                        kept.keep(plain.get_ref().as_fd().try_clone_to_owned()?.into())?;
                    }
                    match &of.connector {
                        Some(connector) => stream.into_rustls(connector, &uri.authority.host).await,
                        None => Ok(stream),
                    }
                });
                Ok(connected.await.unwrap_or_else(|_late| Err(io::ErrorKind::TimedOut.into()))?)
            },
            properties,
        );
        let connection = connecting.await.map_err(|error| error::connecting(&error))?;
        let (tell, blocked) = watch::channel(connection.status().blocked());
        let mut events = connection.events_listener();
        let events = tokio::spawn(async move {
            while let Some(event) = events.next().await {
                match event {
                    Event::ConnectionBlocked(_) => tell.send_replace(true),
                    Event::ConnectionUnblocked => tell.send_replace(false),
                    _ => false,
                };
            }
        });
        Ok(Self { connection, blocked, _events: AbortOnDropHandle::new(events), _socket: socket })
    }

    /// Whether it can be used.
    pub(crate) fn alive(&self) -> bool {
        self.connection.status().connected()
    }

    /// Whether the broker has stopped to read what we publish.
    pub(crate) fn blocked(&self) -> bool {
        *self.blocked.borrow()
    }

    /// Waits until the broker has stopped to read for so long.
    pub(crate) async fn blocked_for(&self, grace: Duration) {
        let mut blocked = self.blocked.clone();
        loop {
            if blocked.wait_for(|blocked| *blocked).await.is_err() {
                // The connection is gone, which its calls are told.
                return std::future::pending().await;
            }
            let freed = tokio::time::timeout(grace, blocked.wait_for(|blocked| !*blocked));
            if freed.await.is_err() {
                return;
            }
        }
    }

    /// Waits until the connection has been gone for so long that whatever still waits for the broker waits in vain.
    pub(crate) async fn gone(&self) {
        while self.alive() {
            tokio::time::sleep(NOTICED / 4).await;
        }
        tokio::time::sleep(NOTICED).await;
    }

    /// Opens a channel.
    pub(crate) async fn channel(&self) -> Result<Channel, Error> {
        self.connection.create_channel().await.map_err(|error| error::calling(&error, error::Stage::Before))
    }

    /// Says good-bye.
    pub(crate) async fn close(&self) {
        // What does not close in time, or is closed already, is cut when it is dropped.
        drop(tokio::time::timeout(CLOSING, self.connection.close(200, "OK".into())).await);
    }
}

/// The socket of a connection, to cut it: the library's thread would read from it for as long as the broker likes.
#[derive(Debug, Default)]
struct Socket(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    stream: Option<TcpStream>,
    /// Nobody wants the connection any more.
    dropped: bool,
}

impl Socket {
    /// For the library's thread.
    fn keeper(&self) -> Keeper {
        Keeper(Arc::clone(&self.0))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.dropped = true;
        if let Some(stream) = held.stream.take() {
            // It may be closed already.
            drop(stream.shutdown(Shutdown::Both));
        }
    }
}

#[derive(Debug)]
struct Keeper(Arc<Mutex<Held>>);

impl Keeper {
    fn keep(&self, stream: TcpStream) -> io::Result<()> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.dropped {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        held.stream = Some(stream);
        Ok(())
    }
}
