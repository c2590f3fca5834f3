//! A real etcd for one test, on ports and in a folder of its own.

use super::{HANG, eventually};
use rustix::process::{Pid, Signal, kill_process};
use std::net::TcpListener;
use std::process::Stdio;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// A running etcd. It ends with the test.
#[derive(Debug)]
pub(crate) struct Etcd {
    folder: TempDir,
    client: String,
    peer: String,
    child: Child,
}

impl Etcd {
    /// Starts one and waits until it answers.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (client, peer) = (free_address(), free_address());
        let child = spawn(&folder, &client, &peer);
        let etcd = Self { folder, client, peer, child };
        etcd.wait_until_ready().await;
        etcd
    }

    /// Its address for clients.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.client)
    }

    /// Ends it as a power failure would.
    pub(crate) async fn kill9(&mut self) {
        let pid = Pid::from_raw(self.child.id().unwrap().cast_signed()).unwrap();
        kill_process(pid, Signal::KILL).unwrap();
        tokio::time::timeout(HANG, self.child.wait()).await.expect("etcd does not end").unwrap();
    }

    /// Starts it again on what it had.
    pub(crate) async fn start_again(&mut self) {
        self.child = spawn(&self.folder, &self.client, &self.peer);
        self.wait_until_ready().await;
    }

    async fn wait_until_ready(&self) {
        eventually("etcd answers", async || tokio::net::TcpStream::connect(&self.client).await.ok()).await;
    }
}

fn spawn(folder: &TempDir, client: &str, peer: &str) -> Child {
    let mut command = Command::new("etcd");
    command.args(["--name", "test", "--log-level", "error"]);
    command.arg("--data-dir").arg(folder.path().join("etcd"));
    for (option, address) in [
        ("--listen-client-urls", client),
        ("--advertise-client-urls", client),
        ("--listen-peer-urls", peer),
        ("--initial-advertise-peer-urls", peer),
    ] {
        command.arg(option).arg(format!("http://{address}"));
    }
    command.arg("--initial-cluster").arg(format!("test=http://{peer}"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
        .kill_on_drop(true)
        .spawn()
        .expect("etcd: run the tests with `cargo xtask test`, which installs it")
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}
