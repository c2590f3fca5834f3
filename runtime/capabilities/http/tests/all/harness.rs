//! A server of the test's own, that answers what the test says, and leases on connections to it.

use caisson_capability::connections::Table;
use caisson_capability::egress::Resolve;
use caisson_capability::{
    BoxFuture, Capability as _, ChannelInfo, Cid, Connections, Deadline, Grant, Invocation, Lease,
    LiveConnection, Options, Policy, Setup, Trace,
};
use caisson_http::{Client, Http, Request};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// What the server does with a request.
pub(crate) enum Reply {
    /// Sends this and waits for the next request.
    Bytes(Vec<u8>),
    /// Sends this and closes.
    Last(Vec<u8>),
    /// Sends this, and then nothing.
    Hang(Vec<u8>),
    /// Sends the first and then the second without end.
    Flood(Vec<u8>, Vec<u8>),
}

pub(crate) fn ok(body: &str) -> Reply {
    answer("200 OK", "", body.as_bytes())
}

pub(crate) fn answer(status: &str, headers: &str, body: &[u8]) -> Reply {
    let mut bytes =
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    Reply::Bytes(bytes)
}

type Script = dyn Fn(&Seen) -> Reply + Send + Sync;

pub(crate) struct Server {
    pub(crate) port: u16,
    state: Arc<State>,
    _task: AbortOnDropHandle<()>,
}

struct State {
    script: Box<Script>,
    seen: Mutex<Vec<Seen>>,
    opened: AtomicUsize,
    closed: AtomicUsize,
    changed: Notify,
    acceptor: Option<tokio_rustls::TlsAcceptor>,
}

impl Server {
    pub(crate) async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_at(0, None, script).await
    }

    pub(crate) async fn start_at(
        port: u16,
        acceptor: Option<tokio_rustls::TlsAcceptor>,
        script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let port = if port == 0 { free_port() } else { port };
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let state = Arc::new(State {
            script: Box::new(script),
            seen: Mutex::default(),
            opened: AtomicUsize::new(0),
            closed: AtomicUsize::new(0),
            changed: Notify::new(),
            acceptor,
        });
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                state.opened.fetch_add(1, Ordering::SeqCst);
                connections.spawn(async move {
                    let served = match &state.acceptor {
                        Some(acceptor) => match acceptor.accept(stream).await {
                            Ok(stream) => state.serve(stream).await,
                            Err(error) => Err(error),
                        },
                        None => state.serve(stream).await,
                    };
                    drop(served);
                    state.closed.fetch_add(1, Ordering::SeqCst);
                    state.changed.notify_waiters();
                });
            }
        });
        Self { port, state, _task: AbortOnDropHandle::new(task) }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    pub(crate) fn last(&self) -> Seen {
        self.seen().pop().expect("no request came")
    }

    pub(crate) fn opened(&self) -> usize {
        self.state.opened.load(Ordering::SeqCst)
    }

    pub(crate) async fn until_closed(&self, connections: usize) {
        self.until(|state| state.closed.load(Ordering::SeqCst) >= connections).await;
    }

    pub(crate) async fn until_seen(&self, requests: usize) {
        self.until(|state| state.seen.lock().unwrap().len() >= requests).await;
    }

    async fn until(&self, condition: impl Fn(&State) -> bool) {
        let waiting = async {
            loop {
                let changed = self.state.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if condition(&self.state) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(HANG, waiting).await.expect("it never came to that");
    }
}

/// Only something that hangs takes so long.
pub(crate) const HANG: Duration = Duration::from_secs(120);

impl State {
    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(&self, mut stream: S) -> io::Result<()> {
        loop {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await?);
            }
            let mut seen = Seen { head: String::from_utf8_lossy(&head).into_owned(), body: Vec::new() };
            if let Some(size) = seen.header("content-length") {
                seen.body = vec![0; size.parse().unwrap()];
                stream.read_exact(&mut seen.body).await?;
            } else if seen.header("transfer-encoding").is_some() {
                while !seen.body.ends_with(b"0\r\n\r\n") {
                    seen.body.push(stream.read_u8().await?);
                }
            }
            self.seen.lock().unwrap().push(seen.clone());
            self.changed.notify_waiters();
            match (self.script)(&seen) {
                Reply::Bytes(bytes) => stream.write_all(&bytes).await?,
                Reply::Last(bytes) => {
                    stream.write_all(&bytes).await?;
                    return stream.shutdown().await;
                }
                Reply::Hang(bytes) => {
                    stream.write_all(&bytes).await?;
                    stream.flush().await?;
                    // Ends when the other side closes.
                    drop(stream.read_u8().await);
                    return Ok(());
                }
                Reply::Flood(first, again) => {
                    stream.write_all(&first).await?;
                    loop {
                        stream.write_all(&again).await?;
                    }
                }
            }
            stream.flush().await?;
        }
    }
}

/// A port that outgoing connections never get, so that a server can come back at it.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let start = std::process::id() as usize * 61;
    loop {
        let next = start + NEXT.fetch_add(1, Ordering::SeqCst);
        let port = u16::try_from(10_000 + next % 22_000).unwrap();
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Answers names as the test says.
#[derive(Default)]
pub(crate) struct Names(pub(crate) HashMap<&'static str, Vec<&'static str>>);

impl Resolve for Names {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let found = match self.0.get(host) {
            Some(addresses) => Ok(addresses.iter().map(|text| text.parse().unwrap()).collect()),
            None => Err(io::Error::from(io::ErrorKind::NotFound)),
        };
        Box::pin(async move { found })
    }
}

pub(crate) fn options(value: Value) -> Options {
    Options::new(value.as_object().unwrap().clone())
}

pub(crate) fn grant(restrictions: Value) -> Arc<Grant> {
    let (services, operations) = (vec!["crm.*".to_owned()], vec!["send".to_owned()]);
    Arc::new(Grant { services, operations, restrictions: options(restrictions) })
}

/// All that a test may want to be different.
pub(crate) struct Setting {
    pub(crate) policy: Policy,
    pub(crate) grants: Vec<Arc<Grant>>,
    pub(crate) names: Names,
    pub(crate) trace: Trace,
    pub(crate) deadline: Duration,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            policy: Policy { timeout_secs: 100.0, ..Policy::default() },
            grants: vec![grant(json!({}))],
            names: Names::default(),
            trace: Trace::default(),
            deadline: HANG,
        }
    }
}

impl Setting {
    pub(crate) fn lease(self, config: Value) -> Lease<Client> {
        self.connections(config).1
    }

    pub(crate) fn connections(self, config: Value) -> (Arc<Connections>, Lease<Client>) {
        let setup = Setup { name: "crm".into(), timeout: self.policy.timeout() };
        let connection = Http::resolving(Arc::new(self.names)).connection(&setup, &options(config)).unwrap();
        let live = LiveConnection::new("crm".into(), "http", [0; 32], connection, self.policy);
        let mut table = Table::new();
        table.insert(Arc::new(live), self.grants);
        let connections = Arc::new(Connections::new(Arc::new(())));
        connections.swap(table);
        let invocation = Arc::new(Invocation {
            cid: Cid::from("cid-1"),
            service: "crm.sync".into(),
            channel: ChannelInfo::plain("invoke"),
            principal: None,
            peer: None,
            deadline: Deadline::after(self.deadline),
            attempt: 1,
            trace: self.trace,
            depth: 0,
            chain: caisson_capability::Chain::default(),
            request: caisson_capability::Request::default(),
        });
        let lease = connections.lease(&invocation, "http", "crm").unwrap();
        (connections, lease)
    }
}

/// A lease on a connection with these options, and all else as usual.
pub(crate) fn lease(config: Value) -> Lease<Client> {
    Setting::default().lease(config)
}

pub(crate) fn request(method: &str, path: &str) -> Request {
    Request { method: method.to_owned(), path: path.to_owned(), ..Request::default() }
}

pub(crate) fn get(path: &str) -> Request {
    request("GET", path)
}

pub(crate) fn fields(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
