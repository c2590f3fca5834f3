//! Real servers of Redis for one test each, and the way to them through the layers.

use caisson_capability::connections::Table;
use caisson_capability::{
    Capability as _, ChannelInfo, Cid, Connection, Connections, Deadline, Error, Grant, Invocation, Lease,
    LiveConnection, Options, Policy, Problem, Request, Setup, Trace,
};
use caisson_redis::client::wire::{Command, Part, Reply};
use caisson_redis::{Client, Redis, calls};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::Child;

/// Only what hangs takes so long.
pub(crate) const HANG: Duration = Duration::from_secs(60);

/// A running server. It ends with the test.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) folder: TempDir,
    options: Vec<String>,
    sentinel: bool,
    child: Child,
}

impl Server {
    pub(crate) async fn start(options: &[&str]) -> Self {
        let server = Self::begin(free_port(), options, false);
        server.until_it_answers().await;
        server
    }

    pub(crate) fn begin(port: u16, options: &[&str], sentinel: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = options.iter().map(|&option| option.to_owned()).collect::<Vec<_>>();
        let child = spawn(port, &folder, &options, sentinel);
        Self { port, folder, options, sentinel, child }
    }

    pub(crate) async fn until_it_answers(&self) {
        eventually("redis answers", async || {
            tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.ok()
        })
        .await;
    }

    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Stops it as an operator would, so that it keeps what it has.
    pub(crate) fn pause(&self, signal: &str) {
        let pid = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    pub(crate) async fn start_again(&mut self) {
        self.child = spawn(self.port, &self.folder, &self.options, self.sentinel);
        self.until_it_answers().await;
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// What an operator asks of it, beside all layers.
    pub(crate) async fn ask(&self, text: &str) -> Reply {
        let door = Door::of(json!({"url": self.url()}));
        door.run(text).await.unwrap()
    }
}

/// All words of a reply, one after the other.
pub(crate) fn words(reply: &[Part]) -> String {
    let word = |part: &Part| match part {
        Part::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Part::Map(_) => String::new(),
        other => format!("{other:?}"),
    };
    reply.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn spawn(port: u16, folder: &TempDir, options: &[String], sentinel: bool) -> Child {
    let mut command = tokio::process::Command::new("redis-server");
    if sentinel {
        // A sentinel writes into its file.
        let file = folder.path().join("sentinel.conf");
        if !file.exists() {
            std::fs::write(&file, format!("{}\n", options.join("\n"))).unwrap();
        }
        command.arg(file).arg("--sentinel");
    } else {
        command.args(options).args(["--save", ""]);
    }
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1"]).arg("--dir").arg(folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command
        .spawn()
        .expect("redis-server: run the tests with `cargo xtask test`, or install the package redis-server")
}

/// A port that nobody uses, below those that outgoing connections get.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(std::process::id().wrapping_mul(37));
        let port = u16::try_from(11_000 + step % 10_000).unwrap();
        // A node of a cluster also listens 10,000 above.
        if [port, port + 10_000].iter().all(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()) {
            return port;
        }
    }
}

/// Waits until something is there.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(HANG, waiting).await.unwrap_or_else(|_| panic!("never: {what}"))
}

/// The connections of a server of ours, with one of Redis in it.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) all: Arc<Connections>,
}

pub(crate) fn connection(options: Value) -> Result<Arc<dyn Connection>, Vec<Problem>> {
    let setup = Setup { name: "default".into(), timeout: Duration::from_secs(10) };
    Redis.connection(&setup, &Options::new(options.as_object().unwrap().clone()))
}

pub(crate) fn grant(operations: &[&str], restrictions: Value) -> Arc<Grant> {
    Arc::new(Grant {
        services: vec!["crm.*".into()],
        operations: operations.iter().map(|&operation| operation.to_owned()).collect(),
        restrictions: Options::new(restrictions.as_object().unwrap().clone()),
    })
}

impl Door {
    /// All is granted.
    pub(crate) fn of(options: Value) -> Self {
        Self::with(options, Policy::default(), vec![grant(&["*"], json!({}))])
    }

    pub(crate) fn with(options: Value, policy: Policy, grants: Vec<Arc<Grant>>) -> Self {
        let door = Self { all: Arc::new(Connections::new(Arc::new(()))) };
        let made = connection(options).unwrap_or_else(|problems| panic!("{problems:?}"));
        let mut table = Table::new();
        table.insert(Arc::new(LiveConnection::new("default".into(), "redis", [0; 32], made, policy)), grants);
        door.all.swap(table);
        door
    }

    pub(crate) fn lease(&self) -> Lease<Client> {
        self.lease_until(HANG)
    }

    pub(crate) fn lease_until(&self, limit: Duration) -> Lease<Client> {
        self.all.lease::<Client>(&invocation(limit), "redis", "default").unwrap()
    }

    pub(crate) async fn run(&self, text: &str) -> Result<Reply, Error> {
        calls::run(&self.lease(), command(text)).await
    }

    pub(crate) async fn pipeline(&self, texts: &[&str], atomic: bool) -> Result<Vec<Reply>, Error> {
        calls::pipeline(&self.lease(), texts.iter().map(|text| command(text)).collect(), atomic).await
    }
}

pub(crate) fn invocation(limit: Duration) -> Arc<Invocation> {
    Arc::new(Invocation {
        cid: Cid::new(),
        service: "crm.sync".into(),
        channel: ChannelInfo::plain("invoke"),
        principal: None,
        peer: None,
        deadline: Deadline::after(limit),
        attempt: 1,
        trace: Trace::default(),
        depth: 0,
        chain: caisson_capability::Chain::default(),
        request: Request::default(),
    })
}

pub(crate) fn command(text: &str) -> Command {
    text.split(' ').map(|word| word.as_bytes().to_vec()).collect()
}

pub(crate) fn bytes(text: &str) -> Part {
    Part::Bytes(text.as_bytes().to_vec())
}

pub(crate) fn ok() -> Reply {
    vec![Part::Status("OK".into())]
}
