//! TLS, sentinels, clusters.

use crate::harness::{Door, Server, bytes, command, eventually, free_port, ok, words};
use caisson_capability::ErrorKind;
use caisson_redis::calls;
use caisson_redis::client::wire::Part;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::json;
use tempfile::TempDir;

struct Papers {
    folder: TempDir,
    ca: String,
    cert: String,
    key: String,
}

/// A certificate authority, and a certificate of it for a host.
fn papers(host: &str) -> Papers {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let cert = CertificateParams::new(vec![host.to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("ca.pem", ca.pem()), ("cert.pem", cert.pem()), ("key.pem", key.serialize_pem())] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    Papers { folder, ca: ca.pem(), cert: cert.pem(), key: key.serialize_pem() }
}

async fn tls_server(papers: &Papers) -> (Server, u16) {
    let port = free_port();
    let file = |name: &str| papers.folder.path().join(name).to_str().unwrap().to_owned();
    let (ca, cert, key, number) = (file("ca.pem"), file("cert.pem"), file("key.pem"), port.to_string());
    let options =
        ["--tls-port", &number, "--tls-cert-file", &cert, "--tls-key-file", &key, "--tls-ca-cert-file", &ca];
    (Server::start(&options).await, port)
}

#[tokio::test]
async fn tls_needs_a_certificate_that_is_trusted_and_for_this_host() {
    let papers = papers("localhost");
    let (_server, port) = tls_server(&papers).await;
    let ours = json!({"ca": papers.ca, "cert": papers.cert, "key": papers.key});
    let door = Door::of(json!({"url": format!("rediss://localhost:{port}"), "tls": ours}));
    assert_eq!(door.run("SET a 1").await.unwrap(), ok());
    // Over the same connection.
    assert_eq!(door.run("GET a").await.unwrap(), vec![bytes("1")]);
    let elsewhere = self::papers("localhost");
    for (options, what) in [
        (json!({"url": format!("rediss://localhost:{port}")}), "self-signed"),
        (
            json!({"url": format!("rediss://localhost:{port}"), "tls": {"ca": elsewhere.ca}}),
            "of another authority",
        ),
        (json!({"url": format!("rediss://127.0.0.1:{port}"), "tls": ours}), "for another host"),
    ] {
        let error = Door::of(options).run("GET a").await.unwrap_err();
        assert_eq!((error.kind, error.retryable), (ErrorKind::Unavailable, false), "{what}: {error}");
        assert!(error.message.contains("certificate"), "{what}: {error}");
    }
    // Redis wants a certificate of ours.
    let door = Door::of(json!({"url": format!("rediss://localhost:{port}"), "tls": {"ca": papers.ca}}));
    assert_eq!(door.run("GET a").await.unwrap_err().kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn sentinels_name_the_master_and_the_new_one_after_a_failover() {
    let mut master = Server::start(&[]).await;
    let port = master.port.to_string();
    let replica =
        Server::start(&["--replicaof", &format!("127.0.0.1 {port}"), "--repl-diskless-sync-delay", "0"])
            .await;
    let options = [
        format!("sentinel monitor mymaster 127.0.0.1 {port} 1"),
        "sentinel down-after-milliseconds mymaster 500".to_owned(),
        "sentinel failover-timeout mymaster 2000".to_owned(),
        "requirepass watch".to_owned(),
    ];
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let sentinel = Server::begin(free_port(), &options, true);
    sentinel.until_it_answers().await;
    let dead = free_port();
    let options = |name: &str, password: &str| {
        json!({
            "nodes": [format!("127.0.0.1:{dead}"), format!("127.0.0.1:{}", sentinel.port)],
            "mode": "sentinel", "sentinel": {"master": name, "password": password},
        })
    };
    let door = Door::of(options("mymaster", "watch"));
    assert_eq!(door.run("SET a 1").await.unwrap(), ok());
    let error = Door::of(options("nobody", "watch")).run("GET a").await.unwrap_err();
    assert!(error.kind == ErrorKind::Unavailable && error.message.contains("sentinel/master"), "{error}");
    let error = Door::of(options("mymaster", "wrong")).run("GET a").await.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("WRONGPASS"), "{error}");

    // The sentinel has to know the replica before it can promote it.
    let asked = Door::of(json!({"url": format!("redis://:watch@127.0.0.1:{}", sentinel.port)}));
    eventually("the sentinel knows the replica", async || {
        let known = words(&asked.run("SENTINEL REPLICAS mymaster").await.ok()?);
        let synced = words(&replica.ask("INFO replication").await).contains("master_link_status:up");
        (synced && known.contains("List(1)")).then_some(())
    })
    .await;
    master.kill().await;
    let error = door.run("GET a").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    eventually("the replica is the master", async || door.run("SET b 2").await.ok()).await;
    assert_eq!(door.run("GET a").await.unwrap(), vec![bytes("1")]);
    assert_eq!(replica.ask("GET b").await, vec![bytes("2")]);
}

async fn cluster() -> Vec<Server> {
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(Server::start(&["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"]).await);
    }
    for (number, node) in nodes.iter().enumerate() {
        let (first, last) = (number * 5_462, (number * 5_462 + 5_461).min(16_383));
        node.ask(&format!("CLUSTER ADDSLOTSRANGE {first} {last}")).await;
        node.ask(&format!("CLUSTER SET-CONFIG-EPOCH {}", number + 1)).await;
    }
    for node in &nodes[1..] {
        node.ask(&format!("CLUSTER MEET 127.0.0.1 {}", nodes[0].port)).await;
    }
    for node in &nodes {
        eventually("the cluster is whole", async || {
            let info = words(&node.ask("CLUSTER INFO").await);
            (info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")).then_some(())
        })
        .await;
    }
    nodes
}

#[tokio::test]
async fn a_cluster_is_used_by_its_slots_and_moves_are_followed() {
    let nodes = cluster().await;
    let dead = free_port();
    let door =
        Door::of(json!({"url": format!("redis+cluster://127.0.0.1:{dead},127.0.0.1:{}", nodes[0].port)}));
    let sets: Vec<String> = (0..100).map(|number| format!("SET k{number} {number}")).collect();
    let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
    assert_eq!(door.pipeline(&sets, false).await.unwrap(), vec![ok(); 100]);
    for number in [0, 33, 66, 99] {
        assert_eq!(door.run(&format!("GET k{number}")).await.unwrap(), vec![bytes(&number.to_string())]);
    }
    for node in &nodes {
        assert_ne!(node.ask("DBSIZE").await, vec![Part::Int(0)]);
    }
    assert_eq!(door.run("MSET {t}a 1 {t}b 2").await.unwrap(), ok());
    assert_eq!(door.run("MGET k1 k2 k3").await.unwrap_err().code.as_deref(), Some("CROSSSLOT"));
    assert_eq!(
        door.pipeline(&["INCR {t}a", "INCR {t}b"], true).await.unwrap(),
        [[Part::Int(2)], [Part::Int(3)]]
    );
    let lease = door.lease();
    let source = "return redis.call('GET', KEYS[1])";
    let script = calls::script(&lease, source, vec![b"{t}a".to_vec()], Vec::new());
    assert_eq!(script.await.unwrap(), vec![bytes("2")]);

    // `foo` lies in slot 12182, on the third node. It is moved to the first.
    door.run("SET foo here").await.unwrap();
    let id = |node: &Server| {
        let node = Door::of(json!({"url": node.url()}));
        async move {
            match &node.run("CLUSTER MYID").await.unwrap()[0] {
                Part::Bytes(id) => String::from_utf8(id.clone()).unwrap(),
                other => panic!("{other:?}"),
            }
        }
    };
    let (from, to) = (id(&nodes[2]).await, id(&nodes[0]).await);
    nodes[0].ask(&format!("CLUSTER SETSLOT 12182 IMPORTING {from}")).await;
    nodes[2].ask(&format!("CLUSTER SETSLOT 12182 MIGRATING {to}")).await;
    // A key that is not there yet or any more is asked for at the other node (ASK).
    assert_eq!(door.run("SET {foo}2 there").await.unwrap(), ok());
    assert_eq!(door.run("GET foo").await.unwrap(), vec![bytes("here")]);
    nodes[2].ask(&format!("MIGRATE 127.0.0.1 {} foo 0 5000", nodes[0].port)).await;
    for node in [&nodes[0], &nodes[2]] {
        node.ask(&format!("CLUSTER SETSLOT 12182 NODE {to}")).await;
    }
    // MOVED, in a pipeline, in a transaction and alone.
    assert_eq!(
        door.pipeline(&["GET foo", "GET k1", "GET {foo}2"], false).await.unwrap(),
        [[bytes("here")], [bytes("1")], [bytes("there")]]
    );
    assert_eq!(
        door.pipeline(&["GET foo", "GET {foo}2"], true).await.unwrap(),
        [[bytes("here")], [bytes("there")]]
    );
    assert_eq!(calls::run(&door.lease(), command("GET foo")).await.unwrap(), vec![bytes("here")]);
}
