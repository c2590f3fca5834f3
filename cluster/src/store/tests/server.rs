//! A real etcd for tests: on free ports, in a folder of its own, gone with the test.

use super::*;
use crate::kv::etcd::EtcdOptions;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

pub(super) struct Etcd {
    folder: tempfile::TempDir,
    client: u16,
    peer: u16,
    child: Option<Child>,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Etcd {
    pub(super) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut etcd = Self { folder, client: free_port(), peer: free_port(), child: None };
        etcd.resume().await;
        etcd
    }

    pub(super) async fn resume(&mut self) {
        let (client, peer) = (self.url(), format!("http://127.0.0.1:{}", self.peer));
        let child = Command::new("etcd")
            .args(["--name", "one", "--log-level", "fatal", "--data-dir"])
            .arg(self.folder.path())
            .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
            .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
            .args(["--initial-cluster", &format!("one={peer}")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("etcd cannot be started; install it: apt-get install etcd-server");
        self.child = Some(child);
        let options = self.options();
        until("etcd answers", || async {
            let kv = crate::kv::etcd::EtcdKv::new(&options).unwrap();
            kv.get(vec!["x".to_owned()]).await.is_ok()
        })
        .await;
    }

    pub(super) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.client)
    }

    pub(super) fn options(&self) -> EtcdOptions {
        EtcdOptions { endpoints: vec![self.url()], ..EtcdOptions::default() }
    }

    pub(super) async fn store(&self) -> Store {
        Store::etcd(self.options()).await.unwrap()
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        self.stop();
    }
}
