//! A network that is cut between one server and etcd, while the other one still sees it.

use super::load::{numbered, serves};
use crate::harness::{
    Command, Etcd, HEALTHY, HELLO, Healthy, Network, Server, Setup, assert_problem, eventually,
};

/// A server that reaches etcd at this address.
async fn node(address: &str, key: &str, name: &str) -> Server {
    let url = format!("http://{address}:2379");
    let arguments = ["--etcd", &url, "--secret-key", key, "--node", name];
    let setup = Setup::new().file("hello.py", HELLO).file("healthy.py", HEALTHY);
    arguments.iter().fold(setup, |setup, text| setup.argument(*text)).start().await
}

#[tokio::test]
async fn a_server_that_is_cut_off_serves_its_last_revision_says_so_and_catches_up() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("secret.key").display().to_string();
    let mut network = Network::new();
    let (near, far) = (network.link(), network.link());
    let _etcd = Etcd::inside(&network.name, &format!("{}:2379", near.address)).await;
    let (one, two) = (node(&near.address, &key, "one").await, node(&far.address, &key, "two").await);
    one.acknowledged(&numbered(1), "1").await;
    two.until_live(1).await;
    let load = [&one, &two].map(|server| Healthy::on(server, "/steady"));

    far.cut();
    for number in 2..=4 {
        one.acknowledged(&numbered(number), &number.to_string()).await;
    }
    eventually("the cut is told", async || (two.cluster().await["connected"] == false).then_some(())).await;
    serves(&two, 1).await;
    let told = Command::to(&two, ["cluster"]).run().await;
    assert!(told.stderr.contains("the state store is away since"), "{told:?}");
    let refused = two.submit(&numbered(9), "of the one that is cut off").await.unwrap();
    assert_problem(&refused, 503, "etcd");
    let left = eventually("the others see it go", async || {
        let members = one.cluster().await["members"].clone();
        (members.as_array()?.len() == 1).then_some(members)
    })
    .await;
    assert_eq!(left[0]["node"], "one", "{left}");

    far.mend();
    two.until_live(4).await;
    serves(&two, 4).await;
    two.acknowledged(&numbered(5), "5").await;
    one.until_live(5).await;
    let messages: Vec<_> = one.history().await.into_iter().map(|(_, message)| message).collect();
    assert_eq!(messages, ["1", "2", "3", "4", "5"], "what was refused has not come after all");
    for healthy in load {
        healthy.assert_never_failed(100).await;
    }
}
