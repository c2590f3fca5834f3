//! A real etcd for one test, of one member or of several, on ports and in folders of its own.

use super::calls::{call, http1_client, post};
use super::{HANG, eventually, free_port};
use http::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::process::Stdio;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// A running member. It ends with the test.
#[derive(Debug)]
pub(crate) struct Etcd {
    place: Place,
    child: Child,
}

/// Where a member is.
#[derive(Debug)]
struct Place {
    folder: TempDir,
    name: String,
    /// Address that clients use.
    client: String,
    /// Address that it listens on for them.
    listen: String,
    peer: String,
    /// All members, as `--initial-cluster` wants them.
    cluster: String,
    /// The network namespace that it runs in.
    namespace: Option<String>,
}

impl Etcd {
    /// Starts one and waits until it answers.
    pub(crate) async fn start() -> Self {
        let client = format!("127.0.0.1:{}", free_port());
        let etcd = Self::begin(Place::new("test", &client, &client, &format!("127.0.0.1:{}", free_port())));
        etcd.until_it_answers().await;
        etcd
    }

    /// Starts the members of one cluster and waits until each can be written to.
    pub(crate) async fn members(count: usize) -> Vec<Self> {
        let mut places: Vec<Place> = (0..count)
            .map(|number| {
                let client = format!("127.0.0.1:{}", free_port());
                Place::new(
                    &format!("member-{number}"),
                    &client,
                    &client,
                    &format!("127.0.0.1:{}", free_port()),
                )
            })
            .collect();
        let all: Vec<String> = places.iter().map(|place| place.cluster.clone()).collect();
        for place in &mut places {
            place.cluster = all.join(",");
        }
        let members: Vec<Self> = places.into_iter().map(Self::begin).collect();
        for member in &members {
            member.until_healthy().await;
        }
        members
    }

    /// Starts one in a network namespace, where it listens on all addresses; `client` is the one that this test uses.
    pub(crate) async fn inside(namespace: &str, client: &str) -> Self {
        let port = client.rsplit(':').next().unwrap();
        let mut place = Place::new("test", client, &format!("0.0.0.0:{port}"), "127.0.0.1:2380");
        place.namespace = Some(namespace.to_owned());
        let etcd = Self::begin(place);
        etcd.until_it_answers().await;
        etcd
    }

    fn begin(place: Place) -> Self {
        let child = place.spawn();
        Self { place, child }
    }

    /// Its address for clients.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.place.client)
    }

    /// Ends it as a power failure would.
    pub(crate) async fn kill9(&mut self) {
        let pid = Pid::from_raw(self.child.id().unwrap().cast_signed()).unwrap();
        kill_process(pid, Signal::KILL).unwrap();
        tokio::time::timeout(HANG, self.child.wait()).await.expect("etcd does not end").unwrap();
    }

    /// Starts it again on what it had.
    pub(crate) async fn start_again(&mut self) {
        self.child = self.place.spawn();
        self.until_it_answers().await;
    }

    /// Forgets all but the newest state, at once.
    pub(crate) async fn compact(&self) {
        let newest = self.ask("/v3/kv/range", json!({"key": "AA=="})).await.unwrap();
        let revision = &newest["header"]["revision"];
        self.ask("/v3/kv/compaction", json!({"revision": revision, "physical": true})).await.unwrap();
    }

    /// Whether it leads its cluster.
    pub(crate) async fn leads(&self) -> bool {
        let Some(status) = self.ask("/v3/maintenance/status", json!({})).await else { return false };
        status["leader"].is_string() && status["leader"] == status["header"]["member_id"]
    }

    /// Waits until it can be written to, which it can when most members see each other.
    pub(crate) async fn until_healthy(&self) {
        let (client, url) = (http1_client(), format!("{}/health", self.url()));
        eventually("etcd is healthy", async || {
            let answer = call(&client, Method::GET, &url).await.ok()?;
            (answer.status == 200 && answer.text().contains("\"true\"")).then_some(())
        })
        .await;
    }

    /// A call of its JSON gateway.
    async fn ask(&self, path: &str, body: Value) -> Option<Value> {
        let answer = post(&http1_client(), &format!("{}{path}", self.url()), body.to_string()).await.ok()?;
        (answer.status == 200).then(|| answer.json())
    }

    async fn until_it_answers(&self) {
        let address = &self.place.client;
        eventually("etcd answers", async || tokio::net::TcpStream::connect(address).await.ok()).await;
    }
}

impl Place {
    fn new(name: &str, client: &str, listen: &str, peer: &str) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            name: name.to_owned(),
            client: client.to_owned(),
            listen: listen.to_owned(),
            peer: peer.to_owned(),
            cluster: format!("{name}=http://{peer}"),
            namespace: None,
        }
    }

    fn spawn(&self) -> Child {
        let mut command = match &self.namespace {
            None => Command::new("etcd"),
            Some(namespace) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", namespace, "etcd"]);
                command
            }
        };
        command.args(["--name", &self.name, "--log-level", "error", "--initial-cluster", &self.cluster]);
        command.arg("--data-dir").arg(self.folder.path().join("etcd"));
        for (option, address) in [
            ("--listen-client-urls", &self.listen),
            ("--advertise-client-urls", &self.client),
            ("--listen-peer-urls", &self.peer),
            ("--initial-advertise-peer-urls", &self.peer),
        ] {
            command.arg(option).arg(format!("http://{address}"));
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
            .kill_on_drop(true)
            .spawn()
            .expect("etcd: run the tests with `cargo xtask test`, which installs it")
    }
}
