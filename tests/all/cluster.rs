//! Servers that share their state through a real etcd.

mod cut;
mod load;
mod quorum;
mod races;

use crate::harness::{Command, Etcd, HELLO, Server, Setup, eventually};
use http::Method;
use serde_json::Value;

fn channel(path: &str) -> String {
    format!(
        "version: 1\nchannels:\n  - {{name: hello, type: rest, path: {path}, service: hello.hello-world}}\n"
    )
}

/// Two servers on one etcd, with one key for secrets.
async fn two(etcd: &Etcd, key: &str) -> (Server, Server) {
    (node(etcd, key, "one").await, node(etcd, key, "two").await)
}

async fn node(etcd: &Etcd, key: &str, name: &str) -> Server {
    let setup = Setup::new().file("hello.py", HELLO);
    let arguments = ["--etcd", &etcd.url(), "--secret-key", key, "--node", name];
    arguments.iter().fold(setup, |setup, text| setup.argument(*text)).start().await
}

async fn apply(server: &Server, path: &str) -> crate::harness::Ended {
    let file = server.write("caisson.yaml", channel(path));
    Command::to(server, ["apply", "-f", &file, "--yes", "--json"]).run().await
}

async fn answers(server: &Server, path: &str) {
    eventually(&format!("{path} answers"), async || {
        let answer = server.path_with(Method::GET, path, &[]).await;
        (answer.status == 200).then_some(())
    })
    .await;
}

async fn cluster(server: &Server) -> Value {
    Command::to(server, ["cluster", "--json"]).run().await.json()
}

#[tokio::test]
async fn what_is_applied_on_one_is_live_on_all() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("secret.key").display().to_string();
    let etcd = Etcd::start().await;
    let (one, two) = two(&etcd, &key).await;
    apply(&one, "/a").await.good();
    answers(&two, "/a").await;
    apply(&two, "/b").await.good();
    answers(&one, "/b").await;
    let members = eventually("both have revision 2", async || {
        let view = cluster(&one).await;
        let members = view["members"].as_array().cloned().unwrap_or_default();
        let all = members.len() == 2 && members.iter().all(|one| one["revision"] == 2);
        all.then_some(members)
    })
    .await;
    let names: Vec<_> = members.iter().map(|one| one["node"].as_str().unwrap()).collect();
    assert!(names.contains(&"one") && names.contains(&"two"), "{names:?}");
}

#[tokio::test]
async fn an_outage_of_etcd_leaves_everybody_serving_and_heals() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("secret.key").display().to_string();
    let mut etcd = Etcd::start().await;
    let (mut one, two) = two(&etcd, &key).await;
    apply(&one, "/a").await.good();
    answers(&two, "/a").await;
    etcd.kill9().await;
    for server in [&one, &two] {
        assert_eq!(server.path_with(Method::GET, "/a", &[]).await.status, 200);
    }
    let refused = apply(&one, "/b").await;
    assert_eq!(refused.code, 1, "{refused:?}");
    eventually("the outage is told", async || (cluster(&two).await["connected"] == false).then_some(()))
        .await;
    // A server that is started now serves what it knew last.
    one.kill9().await;
    one.start_again().await;
    answers(&one, "/a").await;
    etcd.start_again().await;
    eventually("the state is back", async || (apply(&two, "/c").await.code == 0).then_some(())).await;
    answers(&one, "/c").await;
}

#[tokio::test]
async fn two_operators_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("secret.key").display().to_string();
    let etcd = Etcd::start().await;
    let (one, two) = two(&etcd, &key).await;
    let (first, second) = tokio::join!(apply(&one, "/a"), apply(&two, "/b"));
    let acknowledged = [&first, &second].into_iter().filter(|ended| ended.code == 0).count();
    assert!(acknowledged >= 1, "{first:?} {second:?}");
    for ended in [&first, &second].into_iter().filter(|ended| ended.code != 0) {
        assert!(ended.stdout.contains("has changed since"), "{ended:?}");
    }
    let history = Command::to(&one, ["history", "--json"]).run().await.json();
    assert_eq!(history.as_array().unwrap().len(), acknowledged, "{history}");
}

const SECOND: &str = "
from caisson import Service

class Second(Service):
    def handle(self):
        self.response.payload = 'second, version 1'
";

#[tokio::test]
async fn a_package_that_is_deployed_on_one_server_runs_on_all() {
    let etcd = Etcd::start().await;
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("secret.key").display().to_string();
    let (one, mut two) = two(&etcd, &key).await;
    let says = async |server: &Server, text: &str| {
        eventually(text, async || (server.get("second.second").await.text() == text).then_some(())).await;
    };
    let deploy = async |server: &Server, text: &str| {
        let file = server.write("second.py", SECOND.replace("second, version 1", text));
        Command::to(server, ["deploy", &file]).run().await
    };
    deploy(&one, "first text").await.good();
    says(&two, "first text").await;
    deploy(&two, "other text").await.good();
    says(&one, "other text").await;

    let broken = one.write("second.py", "def");
    assert_ne!(Command::to(&one, ["deploy", &broken]).run().await.code, 0);
    says(&two, "other text").await;

    let back = Command::to(&two, ["rollback", "service", "second.second"]).run().await;
    assert!(back.good().contains("Version 3 of second is as version 1 was"), "{back:?}");
    says(&one, "first text").await;
    says(&two, "first text").await;

    two.kill9().await;
    deploy(&one, "while it was away").await.good();
    two.start_again().await;
    says(&two, "while it was away").await;
    let history = Command::to(&two, ["history", "--json"]).run().await.json();
    assert_eq!(history[0]["message"], "deploy second");

    two.kill9().await;
    Command::to(&one, ["undeploy", "second"]).run().await.good();
    two.start_again().await;
    eventually("it is gone", async || (two.get("second.second").await.status == 404).then_some(())).await;
    assert_eq!(two.get("hello.hello-world").await.good(), "How goes it?", "the folder is a server's own");
}

#[tokio::test]
async fn without_etcd_nothing_is_deployed_and_what_runs_goes_on() {
    let mut etcd = Etcd::start().await;
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("secret.key").display().to_string();
    let server = node(&etcd, &key, "one").await;
    let file = server.write("second.py", SECOND);
    Command::to(&server, ["deploy", &file]).run().await.good();
    etcd.kill9().await;
    let other = server.write("second.py", SECOND.replace("version 1", "version 2"));
    let refused = Command::to(&server, ["deploy", &other]).run().await;
    assert!(refused.code != 0 && refused.stderr.contains("etcd"), "{refused:?}");
    assert_eq!(server.get("second.second").await.good(), "second, version 1");
    let health = server.admin_get("/healthz/ready").await.json();
    assert_eq!(health["state"]["connected"], false, "{health}");
    let metrics = server.admin_get("/metrics").await.text();
    assert!(metrics.contains("caisson_state_connected 0"), "{metrics}");
    etcd.start_again().await;
    eventually("it can be deployed again", async || {
        (Command::to(&server, ["deploy", &other]).run().await.code == 0).then_some(())
    })
    .await;
    assert_eq!(server.get("second.second").await.good(), "second, version 2");
}
