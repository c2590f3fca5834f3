//! A capability of a protocol of lines: `auth TOKEN`, then `echo N`, which is answered by `N`, or `wait`, which is never answered.
//! On demand it has a defect.

use caisson_capability::connection::{Options, Problem, Setup};
use caisson_capability::{
    BoxFuture, Call, Capability, Connection, Error, ErrorKind, Fault, Lease, Operation, Spec, schema_of,
};
use caisson_conformance::Subject;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

const TOKEN: &str = "a-token/that+nobody=sees";

/// Something that is wrong with the capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    /// An option has no description.
    Undescribed,
    /// Takes local addresses only, and so not the one of its sample.
    Choosy,
    /// The spec does not have the operation.
    Unlisted,
    /// `ping` asks nobody.
    BlindPing,
    /// Connects when it is made.
    Eager,
    /// Calls beside the layers.
    Beside,
    /// Wrong options are taken for good.
    Credulous,
    /// Of wrong options the place is not told.
    Placeless,
    /// A server that is down is an internal error.
    Puzzled,
    /// What failed once fails forever.
    Resigned,
    /// A server that goes in mid-call is taken for an answer.
    Optimist,
    /// A server that goes in mid-call is the host's fault.
    Blames,
    /// Whoever lost a server in mid-call is told not to repeat what may be done twice.
    Timid,
    /// Gives up shortly before the deadline, with an error of its own.
    Hasty,
    /// The layers' deadline is not the request's: work goes on behind its back, and its end counts for nothing.
    Detached,
    /// A connection whose answer has not been read goes back to the pool.
    HalfRead,
    /// A place in the pool is lost when a call is dropped.
    LosesPlaces,
    /// The pool has no bound.
    Unbounded,
    /// Dead connections go back to the pool.
    KeepsDead,
    /// `close` closes nothing, and something holds the network connections.
    StaysOpen,
    /// All connections of one address are one, and the first that is closed closes it for all.
    Shared,
    /// The secret is in `Debug`.
    DebugShows,
    /// The secret is in the cause of an error.
    CauseShows,
    /// The secret is in the text of a problem with options.
    ProblemShows,
    /// The secret is logged.
    Logs,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Where the server listens.
    address: String,
    /// What the server asks for.
    token: String,
    /// Network connections at most.
    #[serde(default = "Config::most")]
    max_connections: usize,
}

impl Config {
    fn most() -> usize {
        4
    }
}

pub(crate) struct Capable {
    defect: Option<Defect>,
    shared: Mutex<Option<Arc<Client>>>,
}

impl Capability for Capable {
    fn spec(&self) -> Spec {
        const OPERATIONS: &[Operation] = &[Operation { name: "echo", summary: "Asks for an echo." }];
        const OTHERS: &[Operation] = &[Operation { name: "call", summary: "Asks for anything." }];
        let mut options = schema_of::<Config>();
        if self.defect == Some(Defect::Undescribed) {
            options["properties"]["address"]["description"] = Value::Null;
        }
        Spec {
            name: "echo",
            summary: "Echoes what it is told.",
            interface: "caisson:echo/client@0.1.0",
            options,
            inbound: None,
            restrictions: None,
            secrets: &["token"],
            operations: if self.defect == Some(Defect::Unlisted) { OTHERS } else { OPERATIONS },
        }
    }

    fn connection(&self, _: &Setup, options: &Options) -> Result<Arc<dyn Connection>, Vec<Problem>> {
        let config: Config = options.read()?;
        let address = match config.address.parse::<SocketAddr>() {
            Err(_) if self.defect == Some(Defect::Credulous) => SocketAddr::from((Ipv4Addr::LOCALHOST, 1)),
            Err(_) if self.defect == Some(Defect::Placeless) => {
                return Err(vec![Problem::whole("something is wrong with it")]);
            }
            Err(_) if self.defect == Some(Defect::ProblemShows) => {
                return Err(vec![Problem::at("address", format!("not an address, with {}", config.token))]);
            }
            Ok(address) if self.defect == Some(Defect::Choosy) && !address.ip().is_loopback() => {
                return Err(vec![Problem::at("address", "not an address of this machine")]);
            }
            Ok(address) => address,
            Err(_) => {
                return Err(vec![Problem::at("address", "not an address and a port: write 10.0.0.1:7")]);
            }
        };
        let mut shared = self.shared.lock().unwrap();
        if let Some(client) = shared.as_ref().filter(|client| client.address == address) {
            return Ok(Arc::clone(client) as Arc<dyn Connection>);
        }
        let client = Arc::new(Client::new(address, config, self.defect));
        match self.defect {
            Some(Defect::Shared) => *shared = Some(Arc::clone(&client)),
            Some(Defect::Eager) => {
                let client = Arc::clone(&client);
                tokio::spawn(async move { drop(client.connect().await) });
            }
            Some(Defect::StaysOpen) => {
                let client = Arc::clone(&client);
                tokio::spawn(async move {
                    std::future::pending::<()>().await;
                    drop(client);
                });
            }
            _ => {}
        }
        Ok(client)
    }
}

type Line = BufReader<TcpStream>;

pub(crate) struct Client {
    address: SocketAddr,
    config: Config,
    defect: Option<Defect>,
    places: Semaphore,
    idle: Mutex<Vec<Line>>,
    failed: Mutex<bool>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Client");
        if self.defect == Some(Defect::DebugShows) {
            shown.field("config", &self.config);
        }
        shown.finish_non_exhaustive()
    }
}

impl Connection for Client {
    fn ping(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            if self.defect == Some(Defect::BlindPing) {
                return Ok(());
            }
            self.ask("echo 0", Duration::MAX).await.map(drop)
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if self.defect != Some(Defect::StaysOpen) {
                self.places.close();
                self.idle.lock().unwrap().clear();
            }
        })
    }
}

/// Puts a connection back when a call is dropped, which it must not.
struct PutsBack<'a>(&'a Client, Option<Line>);

impl Drop for PutsBack<'_> {
    fn drop(&mut self) {
        self.0.idle.lock().unwrap().extend(self.1.take());
    }
}

impl Client {
    fn new(address: SocketAddr, config: Config, defect: Option<Defect>) -> Self {
        let places = if defect == Some(Defect::Unbounded) { 1_000 } else { config.max_connections };
        Self {
            address,
            config,
            defect,
            places: Semaphore::new(places),
            idle: Mutex::default(),
            failed: Mutex::default(),
        }
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    async fn connect(&self) -> Result<Line, Error> {
        if self.has(Defect::Logs) {
            tracing::debug!(token = self.config.token, "connecting");
        }
        let mut line =
            BufReader::new(TcpStream::connect(self.address).await.map_err(|error| self.away(error))?);
        exchange(&mut line, &format!("auth {}", self.config.token))
            .await
            .map_err(|error| self.away(error))?;
        Ok(line)
    }

    fn away(&self, error: std::io::Error) -> Error {
        *self.failed.lock().unwrap() = true;
        if self.has(Defect::Puzzled) {
            return Error::new(ErrorKind::Internal, "no connection");
        }
        let cause = match self.defect {
            Some(Defect::CauseShows) => std::io::Error::other(format!("auth {}: {error}", self.config.token)),
            _ => error,
        };
        Error::new(ErrorKind::Unavailable, "the server does not answer").fault(Fault::Remote).source(cause)
    }

    /// Asks over a connection of the pool.
    async fn ask(&self, question: &str, limit: Duration) -> Result<String, Error> {
        if self.has(Defect::Resigned) && *self.failed.lock().unwrap() {
            return Err(self.away(std::io::ErrorKind::NotConnected.into()));
        }
        let closed = |_| Error::new(ErrorKind::Unavailable, "closed");
        let place = self.places.acquire().await.map_err(closed)?;
        if self.has(Defect::LosesPlaces) {
            place.forget();
            let answer = self.ask_here(question, limit).await;
            self.places.add_permits(1);
            return answer;
        }
        self.ask_here(question, limit).await
    }

    async fn ask_here(&self, question: &str, limit: Duration) -> Result<String, Error> {
        let idle = self.idle.lock().unwrap().pop();
        let mut line = match idle {
            Some(line) => line,
            None => self.connect().await?,
        };
        let answer = if self.has(Defect::HalfRead) {
            let mut kept = PutsBack(self, Some(line));
            let answer = exchange(kept.1.as_mut().unwrap(), question).await;
            line = kept.1.take().unwrap();
            answer
        } else if self.has(Defect::Hasty) {
            let limit = limit.saturating_sub(Duration::from_millis(200));
            tokio::time::timeout(limit, exchange(&mut line, question))
                .await
                .map_err(|_| Error::new(ErrorKind::Unavailable, "too slow for me"))?
        } else {
            exchange(&mut line, question).await
        };
        if answer.is_ok() || self.has(Defect::KeepsDead) {
            self.idle.lock().unwrap().push(line);
        }
        match answer {
            Err(_) if self.has(Defect::Optimist) => Ok(question.replace("echo ", "")),
            Err(_) if self.has(Defect::Blames) => {
                Err(Error::new(ErrorKind::Internal, "something went wrong"))
            }
            answer => answer.map_err(|error| self.away(error).retryable(!self.has(Defect::Timid))),
        }
    }
}

/// For work that is not limited by the layers: a test has to end.
async fn patiently<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let late = |_| Error::new(ErrorKind::Unavailable, "too slow for anybody").fault(Fault::Remote);
    tokio::time::timeout(Duration::from_secs(5), work).await.map_err(late)?
}

async fn exchange(line: &mut Line, question: &str) -> std::io::Result<String> {
    line.get_mut().write_all(format!("{question}\n").as_bytes()).await?;
    let mut answer = String::new();
    if line.read_line(&mut answer).await? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(answer.trim_end().to_owned())
}

/// The subject: the capability, maybe with a defect, and a server in this process.
pub(crate) struct Echo {
    defect: Option<Defect>,
    server: SocketAddr,
    serving: tokio::task::JoinHandle<()>,
    capability: Arc<Capable>,
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Echo {
    pub(crate) async fn with(defect: Option<Defect>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let server = listener.local_addr().unwrap();
        let serving = tokio::spawn(serve(listener));
        Self { defect, server, serving, capability: Arc::new(Capable { defect, shared: Mutex::default() }) }
    }
}

/// A server that answers the protocol.
async fn serve(listener: TcpListener) {
    let mut lines = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        lines.spawn(async move {
            let mut line = BufReader::new(stream);
            let mut question = String::new();
            while line.read_line(&mut question).await.is_ok_and(|length| length > 0) {
                let answer = match question.trim_end().split_once(' ') {
                    Some(("auth", TOKEN)) => "welcome\n".to_owned(),
                    Some(("echo", number)) => format!("{number}\n"),
                    None => String::new(),
                    Some(_) => "no\n".to_owned(),
                };
                question.clear();
                if line.get_mut().write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        });
    }
}

impl Subject for Echo {
    type Client = Client;

    const OPERATION: &'static str = "echo";

    const SAMPLE: &'static str = "version: 1\nconnections:\n  - {name: hall, type: echo, address: '10.0.0.1:7', token: '${env:TOKEN}'}\n\
        grants:\n  - {services: ['*'], connection: hall, operations: [echo]}\n";

    async fn start() -> Self {
        Self::with(None).await
    }

    fn capability(&self) -> Arc<dyn Capability> {
        Arc::clone(&self.capability) as Arc<dyn Capability>
    }

    fn server(&self) -> SocketAddr {
        self.server
    }

    fn options(&self, address: SocketAddr) -> Value {
        json!({"address": address.to_string(), "token": TOKEN})
    }

    fn secret(&self) -> Option<&str> {
        Some(TOKEN)
    }

    fn wrong(&self, _: SocketAddr) -> Vec<(Value, &'static str)> {
        vec![(json!({"address": "nowhere", "token": TOKEN}), "address")]
    }

    fn single(&self, address: SocketAddr) -> Option<Value> {
        Some(json!({"address": address.to_string(), "token": TOKEN, "max_connections": 1}))
    }

    async fn work(&self, lease: Lease<Client>, number: u64) -> Result<(), Error> {
        let question = format!("echo {number}");
        let answer = if self.defect == Some(Defect::Beside) {
            patiently(lease.client().ask(&question, Duration::MAX)).await?
        } else if self.defect == Some(Defect::Detached) {
            let task = lease.call(Call::of("echo"), async |client| {
                let question = question.clone();
                Ok(tokio::spawn(async move { client.ask(&question, Duration::MAX).await }))
            });
            patiently(async { task.await?.await.unwrap() }).await?
        } else {
            let ask = async |client: caisson_capability::Attempt<Client>| {
                client.ask(&question, client.deadline.remaining()).await
            };
            lease.call(Call::of("echo"), ask).await?
        };
        assert_eq!(answer, number.to_string(), "an answer to another call");
        Ok(())
    }

    fn slow(&self, lease: Lease<Client>) -> Option<impl Future<Output = Result<(), Error>> + Send> {
        Some(async move {
            lease
                .call(Call::of("echo"), async |client| {
                    client.ask("wait", client.deadline.remaining()).await.map(drop)
                })
                .await
        })
    }
}
