//! A place where the way to a server can be cut: a small TCP proxy, so that a server need not be restarted to be away.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// A TCP proxy before one server. It listens on a loopback port of its own, which stays the same while it is down.
#[derive(Debug)]
pub struct Cut {
    server: SocketAddr,
    address: SocketAddr,
    line: Line,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

/// What passed so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Connections that were accepted.
    pub accepted: usize,
    /// Connections that are open now.
    pub open: usize,
    /// Bytes that went to the server.
    pub requested_bytes: u64,
    /// Bytes of answers that are held back now.
    pub held_bytes: u64,
}

#[derive(Clone, Copy, Debug)]
enum Answers {
    Pass,
    Hold,
    Slow(Duration),
}

/// What connections are told, and what they tell.
#[derive(Clone, Debug)]
struct Line {
    answers: Arc<watch::Sender<Answers>>,
    /// Counts the cuts: a connection that is older than the last one ends.
    cuts: Arc<watch::Sender<u64>>,
    passed: Arc<watch::Sender<Passed>>,
}

impl Cut {
    /// A way to a server, open.
    ///
    /// # Errors
    ///
    /// No port is free.
    pub async fn before(server: SocketAddr) -> io::Result<Self> {
        let listener = free_port().await?;
        let address = listener.local_addr()?;
        let line = Line {
            answers: Arc::new(watch::Sender::new(Answers::Pass)),
            cuts: Arc::new(watch::Sender::new(0)),
            passed: Arc::default(),
        };
        let accepting = tokio::spawn(accept(listener, server, line.clone()));
        Ok(Self { server, address, line, accepting: Mutex::new(Some(accepting)) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Refuses connections and ends those that there are, as a server that is stopped does.
    pub async fn down(&self) {
        let accepting = self.accepting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(accepting) = accepting {
            accepting.abort();
            // Its end is what matters: the port is closed then.
            drop(accepting.await);
        }
        self.until(|passed| passed.open == 0).await;
    }

    /// Accepts connections again after [`Cut::down`].
    ///
    /// # Errors
    ///
    /// Somebody else took the port meanwhile.
    pub async fn up(&self) -> io::Result<()> {
        if self.accepting.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            return Ok(());
        }
        let listener = TcpListener::bind(self.address).await?;
        let accepting = tokio::spawn(accept(listener, self.server, self.line.clone()));
        *self.accepting.lock().unwrap_or_else(PoisonError::into_inner) = Some(accepting);
        Ok(())
    }

    /// Ends all connections that there are. New ones are accepted.
    pub fn cut(&self) {
        self.line.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Holds answers back, of connections to come as well, until [`Cut::pass`].
    pub fn hold(&self) {
        self.line.answers.send_replace(Answers::Hold);
    }

    /// Delays each piece of an answer.
    pub fn slow(&self, delay: Duration) {
        self.line.answers.send_replace(Answers::Slow(delay));
    }

    /// Lets answers pass, those that were held included.
    pub fn pass(&self) {
        self.line.answers.send_replace(Answers::Pass);
    }

    /// What passed so far.
    #[must_use]
    pub fn passed(&self) -> Passed {
        *self.line.passed.borrow()
    }

    /// Waits until what passed is as expected. It may wait forever: whoever waits has a limit.
    pub async fn until(&self, expected: impl FnMut(&Passed) -> bool) -> Passed {
        let mut passed = self.line.passed.subscribe();
        // The sender is ours, so it cannot go away meanwhile.
        passed.wait_for(expected).await.map(|passed| *passed).unwrap_or_default()
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        let accepting = self.accepting.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(accepting) = accepting {
            accepting.abort();
        }
    }
}

/// A listener on a port that outgoing connections never have: it must be ours again after it was closed.
async fn free_port() -> io::Result<TcpListener> {
    let mut last = io::ErrorKind::AddrInUse.into();
    for _ in 0..200 {
        let mut random = [0_u8; 2];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let port = 10_000 + u16::from_ne_bytes(random) % 22_000;
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn accept(listener: TcpListener, server: SocketAddr, line: Line) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => {
                    let cuts = line.cuts.subscribe();
                    connections.spawn(carry(client, server, Open::new(line.clone()), cuts));
                }
                Err(_) => return,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Counts a connection as open for as long as it is there.
struct Open(Line);

impl Open {
    fn new(line: Line) -> Self {
        line.passed.send_modify(|passed| {
            passed.accepted += 1;
            passed.open += 1;
        });
        Self(line)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.passed.send_modify(|passed| passed.open -= 1);
    }
}

async fn carry(client: TcpStream, server: SocketAddr, open: Open, mut cuts: watch::Receiver<u64>) {
    let line = &open.0;
    let both = async {
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = TcpStream::connect(server).await?.into_split();
        tokio::try_join!(requests(from_client, to_server, line), answers(from_server, to_client, line))
    };
    tokio::select! {
        // Whichever side fails, both are closed, which is all that a client can see of it.
        _ = both => {}
        _ = cuts.changed() => {}
    }
}

async fn requests(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, line: &Line) -> io::Result<()> {
    let mut piece = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut piece).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(piece.get(..length).unwrap_or_default()).await?;
        line.passed.send_modify(|passed| passed.requested_bytes += length as u64);
    }
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, line: &Line) -> io::Result<()> {
    let mut piece = vec![0; 16 * 1024];
    let mut answers = line.answers.subscribe();
    loop {
        let length = from.read(&mut piece).await?;
        let now = *answers.borrow_and_update();
        match now {
            Answers::Pass => {}
            Answers::Slow(delay) => tokio::time::sleep(delay).await,
            Answers::Hold => {
                let held = Held::new(line, length as u64);
                // The sender lives as long as the line.
                drop(answers.wait_for(|answers| !matches!(answers, Answers::Hold)).await);
                drop(held);
            }
        }
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(piece.get(..length).unwrap_or_default()).await?;
    }
}

/// Counts bytes as held for as long as they are.
struct Held<'a>(&'a Line, u64);

impl<'a> Held<'a> {
    fn new(line: &'a Line, bytes: u64) -> Self {
        line.passed.send_modify(|passed| passed.held_bytes += bytes);
        Self(line, bytes)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.passed.send_modify(|passed| passed.held_bytes -= self.1);
    }
}
