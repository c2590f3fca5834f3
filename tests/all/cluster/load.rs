//! Many applies in a row while both servers are called all the time.

use crate::harness::{Etcd, HEALTHY, HELLO, Healthy, Server, Setup, assert_problem, rest};
use http::Method;
use serde_json::{Value, json};

const APPLIES: u64 = 200;

/// A server on these members of etcd, with a service that can be watched.
pub(super) async fn node(etcd: &[Etcd], key: &str, name: &str) -> Server {
    let mut setup = Setup::new().file("hello.py", HELLO).file("healthy.py", HEALTHY);
    for member in etcd {
        setup = setup.argument("--etcd").argument(member.url());
    }
    setup.argument("--secret-key").argument(key).argument("--node").argument(name).start().await
}

/// A channel that is always there, and one whose path tells the number.
pub(super) fn numbered(number: u64) -> Value {
    let moving = rest("moving", &format!("/moving/{number}"), "hello.hello-world");
    json!({"channels": [rest("steady", "/steady", "healthy.ping"), moving]})
}

/// Definitions that are refused: no server could serve them.
pub(super) fn broken() -> Value {
    json!({"channels": [rest("steady", "/%zz", "healthy.ping")]})
}

/// That server has the channels of this number, and of none before it.
pub(super) async fn serves(server: &Server, number: u64) {
    let get = async |number| server.path_with(Method::GET, &format!("/moving/{number}"), &[]).await;
    assert_eq!(get(number).await.good(), "How goes it?");
    if let Some(before) = number.checked_sub(1) {
        assert_problem(&get(before).await, 404, "");
    }
}

#[tokio::test]
async fn two_hundred_applies_fail_no_request_and_leave_both_servers_alike() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("secret.key").display().to_string();
    let etcd = [Etcd::start().await];
    let (one, two) = (node(&etcd, &key, "one").await, node(&etcd, &key, "two").await);
    assert_eq!(one.acknowledged(&numbered(0), "0").await, 1);
    two.until_live(1).await;
    let load = [&one, &two].map(|server| Healthy::on(server, "/steady"));
    for number in 1..=APPLIES {
        let here = if number % 3 == 0 { &two } else { &one };
        assert_eq!(here.acknowledged(&numbered(number), &number.to_string()).await, number + 1);
        if number % 20 == 0 {
            let refused = here.submit(&broken(), "broken").await.unwrap();
            assert_problem(&refused, 422, "percent-encoding");
        }
    }
    for server in [&one, &two] {
        server.until_live(APPLIES + 1).await;
        serves(server, APPLIES).await;
        let wanted: Vec<_> = (0..=APPLIES).map(|number| (number + 1, number.to_string())).collect();
        assert_eq!(server.history().await, wanted);
    }
    for healthy in load {
        healthy.assert_never_failed(APPLIES).await;
    }
}
