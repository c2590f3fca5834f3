//! Binds a port, accepts connections, and lets them finish when the server stops.

use crate::connection::Connections;
use crate::{HttpOptions, Tls};
use axum::Router;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

/// Connections that the kernel keeps until they are accepted.
const BACKLOG: u32 = 1_024;

/// Shortest and longest pause after the system refused a connection for lack of something.
const PAUSE: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// How long connections may take to go once they have been told to.
const CUT_GRACE: Duration = Duration::from_secs(1);

/// Why a port could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Another program has it.
    #[error(
        "cannot listen on {addr}: the port is in use; stop the program that has it or choose another port"
    )]
    InUse {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The system does not allow it.
    #[error(
        "cannot listen on {addr}: permission denied; choose a port above 1023 or give the program CAP_NET_BIND_SERVICE"
    )]
    Denied {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The address belongs to no interface of this machine.
    #[error(
        "cannot listen on {addr}: this machine has no such address; use one of its own, or 0.0.0.0 or [::] for all"
    )]
    NoSuchAddress {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Anything else.
    #[error("cannot listen on {addr}: {source}")]
    Other {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

impl ListenError {
    fn new(addr: SocketAddr, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::InUse { addr, source },
            io::ErrorKind::PermissionDenied => Self::Denied { addr, source },
            io::ErrorKind::AddrNotAvailable => Self::NoSuchAddress { addr, source },
            _ => Self::Other { addr, source },
        }
    }
}

/// How a listener ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct DrainReport {
    /// Connections that were open when the listener was told to stop.
    pub open: usize,
    /// Those of them that had not finished within the drain timeout and were closed.
    pub cut: usize,
}

impl DrainReport {
    /// Whether every request in flight was answered.
    #[must_use]
    pub fn is_clean(self) -> bool {
        self.cut == 0
    }
}

/// An open port.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    addr: SocketAddr,
    tls: Option<Arc<Tls>>,
}

impl Listener {
    /// Opens a port. From here on the kernel takes connections; they are answered once [`serve`](Self::serve) runs.
    ///
    /// # Errors
    ///
    /// [`ListenError`], whose text names the address, the reason and what to do.
    #[expect(
        clippy::unused_async,
        reason = "the socket must be made within the runtime, which async makes visible"
    )]
    pub async fn bind(addr: SocketAddr) -> Result<Self, ListenError> {
        let open = || {
            let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            // A restart must not wait for connections of the last run to be forgotten.
            socket.set_reuseaddr(true)?;
            socket.bind(addr)?;
            let socket = socket.listen(BACKLOG)?;
            let addr = socket.local_addr()?;
            Ok(Self { socket, addr, tls: None })
        };
        open().map_err(|source| ListenError::new(addr, source))
    }

    /// Serves TLS and nothing else, with HTTP/2 for clients that can (ALPN). The files are read again when they change.
    #[must_use]
    pub fn with_tls(mut self, tls: impl Into<Arc<Tls>>) -> Self {
        self.tls = Some(tls.into());
        self
    }

    /// The address, with the port that the system chose if 0 was asked for.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until `shutdown` is cancelled, then drains: accepts no more, lets requests in flight finish, and closes
    /// what is left after the drain timeout.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the port and all its connections at once.
    pub async fn serve(
        self,
        router: Router,
        options: HttpOptions,
        shutdown: CancellationToken,
    ) -> DrainReport {
        let drain_timeout = options.drain_timeout;
        let places = options.max_connections.clamp(1, u32::MAX as usize).min(Semaphore::MAX_PERMITS);
        let room = Arc::new(Semaphore::new(places));
        let (stop, _) = watch::channel(());
        let connections = Arc::new(Connections::new(router, options));
        tokio::select! {
            () = accept_forever(&self.socket, self.tls.as_ref(), &room, &connections, &stop) => {}
            () = watch_files(self.tls.clone()) => {}
            () = shutdown.cancelled() => {}
        }
        drop(self.socket);
        drain(&room, places, stop, drain_timeout).await
    }
}

/// Never ends.
async fn watch_files(tls: Option<Arc<Tls>>) {
    match tls {
        Some(tls) => tls.watch().await,
        None => std::future::pending().await,
    }
}

async fn accept_forever(
    socket: &TcpListener,
    tls: Option<&Arc<Tls>>,
    room: &Arc<Semaphore>,
    connections: &Arc<Connections>,
    stop: &watch::Sender<()>,
) {
    let mut pause = Pause::default();
    // The semaphore is never closed.
    while let Ok(place) = Arc::clone(room).acquire_owned().await {
        match socket.accept().await {
            Ok((stream, addr)) => {
                pause.over();
                let (connections, tls, stop) = (Arc::clone(connections), tls.cloned(), stop.subscribe());
                // The handshake is made there as well: a slow one holds up nobody else.
                tokio::spawn(async move {
                    connections.serve(stream, addr.ip(), tls.as_deref(), stop).await;
                    drop(place);
                });
            }
            Err(error) if is_of_one_connection(&error) => {
                tracing::debug!(%error, "a connection was gone again");
            }
            Err(error) => pause.wait(&error).await,
        }
    }
}

/// Errors that say something about the connection and nothing about the port.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Waits longer and longer while the system is out of file descriptors or memory: the error comes back at once, and
/// trying on would take a whole core.
#[derive(Default)]
struct Pause(Option<Duration>);

impl Pause {
    async fn wait(&mut self, error: &io::Error) {
        let (shortest, longest) = PAUSE;
        let pause = self.0.map_or(shortest, |last| (last * 2).min(longest));
        if self.0.is_none() {
            tracing::error!(%error, "cannot accept connections; trying again (too many open files: raise ulimit -n)");
        }
        self.0 = Some(pause);
        tokio::time::sleep(pause).await;
    }

    fn over(&mut self) {
        if self.0.take().is_some() {
            tracing::info!("connections are accepted again");
        }
    }
}

/// Every connection holds a place, so holding all places means that all connections are gone.
async fn drain(room: &Semaphore, places: usize, stop: watch::Sender<()>, timeout: Duration) -> DrainReport {
    let all = u32::try_from(places).unwrap_or(u32::MAX);
    let open = places.saturating_sub(room.available_permits());
    stop.send_replace(());
    if tokio::time::timeout(timeout, room.acquire_many(all)).await.is_ok() {
        return DrainReport { open, cut: 0 };
    }
    let cut = places.saturating_sub(room.available_permits());
    drop(stop);
    if tokio::time::timeout(CUT_GRACE, room.acquire_many(all)).await.is_err() {
        tracing::warn!("connections that were told to go are still there");
    }
    DrainReport { open, cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_is_named_with_what_to_do() {
        let first = Listener::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let error = Listener::bind(first.local_addr()).await.unwrap_err();
        assert!(matches!(error, ListenError::InUse { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(&first.local_addr().to_string()) && text.contains("another port"), "{text}");
    }

    #[tokio::test]
    async fn a_foreign_address_is_named_with_what_to_do() {
        // 192.0.2.0/24 is for documentation: no machine has it.
        let error = Listener::bind(([192, 0, 2, 1], 0).into()).await.unwrap_err();
        assert!(matches!(error, ListenError::NoSuchAddress { .. }), "{error:?}");
    }

    #[test]
    fn only_errors_of_the_port_pause_it() {
        assert!(is_of_one_connection(&io::Error::from(io::ErrorKind::ConnectionAborted)));
        let too_many_open_files = io::Error::from_raw_os_error(24);
        assert!(!is_of_one_connection(&too_many_open_files));
    }
}
