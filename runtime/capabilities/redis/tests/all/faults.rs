//! Redis that is away, slow, full, or not Redis.

use crate::harness::{Door, HANG, Server, bytes, command, eventually, free_port, grant, ok};
use caisson_capability::policy::Retry;
use caisson_capability::{Connection as _, ErrorKind, Fault, Policy};
use caisson_redis::calls;
use caisson_redis::client::wire::Part;
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Something that answers the greeting as Redis does, and then with these bytes, once for each connection.
async fn impostor(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                let _read = stream.read(&mut buffer).await?;
                stream.write_all(b"%1\r\n$4\r\nrole\r\n$6\r\nmaster\r\n").await?;
                let _read = stream.read(&mut buffer).await?;
                stream.write_all(&answer).await
            });
        }
    });
    url
}

#[tokio::test]
async fn bytes_that_are_no_replies_are_errors_and_no_hang() {
    for (answer, kind, retryable) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], ErrorKind::Unavailable, false),
        (b"\0\0\0\0\r\n", ErrorKind::Unavailable, false),
        (b"$3\r\nabcdef\r\n", ErrorKind::Unavailable, false),
        (b"$10\r\nabc", ErrorKind::Unavailable, true),
        (b"", ErrorKind::Unavailable, true),
        (b"$999999999\r\n", ErrorKind::QuotaExceeded, false),
        (b"*999999999\r\n", ErrorKind::QuotaExceeded, false),
        (b"-LOADING Redis is loading the dataset in memory\r\n", ErrorKind::Unavailable, true),
        (b"-CLUSTERDOWN x\r\n", ErrorKind::Unavailable, true),
        (b"-READONLY x\r\n", ErrorKind::Unavailable, true),
        (b"-BUSY x\r\n", ErrorKind::Unavailable, true),
        (b"-NOPERM x\r\n", ErrorKind::AccessDenied, false),
    ] {
        let door = Door::of(json!({"url": impostor(answer.to_vec()).await}));
        let error = door.run("GET a").await.unwrap_err();
        let shown = String::from_utf8_lossy(answer);
        assert_eq!((error.kind, error.retryable), (kind, retryable), "{shown:?}: {error}");
    }
    // A command that must not be repeated is not retryable once it may have been done.
    let door = Door::of(json!({"url": impostor(Vec::new()).await}));
    let error = door.run("INCR a").await.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Unavailable, false));
}

#[tokio::test]
async fn a_reply_beyond_the_limit_is_refused_and_the_next_call_works() {
    let server = Server::start(&[]).await;
    let door = Door::of(json!({"url": server.url(), "reply_bytes": 10_000}));
    door.run("SETRANGE a 20000 x").await.unwrap();
    let error = door.run("GET a").await.unwrap_err();
    assert_eq!((error.kind, error.fault), (ErrorKind::QuotaExceeded, Fault::Service));
    assert!(error.message.contains("reply_bytes"));
    let bomb = "local t = {} for i = 1, 1000 do t[i] = i end return t";
    let error = calls::script(&door.lease(), bomb, Vec::new(), Vec::new()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::QuotaExceeded, "many small parts count as well");
    let error = door.pipeline(&["GETRANGE a 0 6000", "GETRANGE a 0 6000"], false).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::QuotaExceeded);
    assert_eq!(door.run("STRLEN a").await.unwrap(), vec![Part::Int(20_001)]);
}

#[tokio::test]
async fn a_server_that_is_away_may_come_and_go() {
    let port = free_port();
    let door = Door::of(json!({"url": format!("redis://127.0.0.1:{port}")}));
    let error = door.run("INCR a").await.unwrap_err();
    assert_eq!((error.kind, error.retryable, error.fault), (ErrorKind::Unavailable, true, Fault::Remote));
    assert!(!error.to_string().contains(&port.to_string()));
    assert!(door.lease().client().ping().await.is_err());
    let mut server = Server::begin(port, &[], false);
    server.until_it_answers().await;
    assert_eq!(door.run("SET a 1").await.unwrap(), ok());
    door.lease().client().ping().await.unwrap();
    server.kill().await;
    assert_eq!(door.run("GET a").await.unwrap_err().kind, ErrorKind::Unavailable);
    server.start_again().await;
    // No connection of before is tried: what must not be repeated works at once.
    assert_eq!(door.run("INCR a").await.unwrap(), vec![Part::Int(1)]);
}

#[tokio::test]
async fn a_connection_that_was_killed_is_not_used_again() {
    let server = Server::start(&[]).await;
    let door = Door::of(json!({"url": server.url()}));
    door.run("INCR a").await.unwrap();
    let kill = std::process::Command::new("redis-cli")
        .args(["-p", &server.port.to_string(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&kill.stdout).trim(), "1");
    assert_eq!(door.run("INCR a").await.unwrap(), vec![Part::Int(2)]);
}

#[tokio::test]
async fn a_call_that_may_be_done_twice_is_repeated_until_the_server_is_there_again() {
    let mut server = Server::start(&[]).await;
    let retry = Retry { attempts: 20, backoff_ms: 20, max_backoff_ms: 200 };
    let policy = Policy { retry: Some(retry), ..Policy::default() };
    let door = Door::with(json!({"url": server.url()}), policy, vec![grant(&["*"], json!({}))]);
    // Two connections, so that both calls are sent.
    let (one, two) = tokio::join!(door.run("PING"), door.run("PING"));
    assert!(one.is_ok() && two.is_ok());
    server.pause("-STOP");
    let lease = door.lease();
    let mut both = Box::pin(async {
        tokio::join!(calls::run(&lease, command("GET a")), calls::run(&lease, command("INCR a")))
    });
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut both).await.is_err(), "nobody answers");
    server.kill().await;
    let ((get, incr), ()) = tokio::join!(both, server.start_again());
    assert_eq!(get.unwrap(), vec![Part::Nil]);
    let incr = incr.unwrap_err();
    assert_eq!((incr.kind, incr.retryable), (ErrorKind::Unavailable, false), "it may have been done");
}

#[tokio::test]
async fn a_slow_server_ends_at_the_deadline_and_its_late_answer_goes_to_nobody() {
    let server = Server::start(&[]).await;
    let door = Door::of(json!({"url": server.url(), "pool": {"max": 1}}));
    door.run("SET a mine").await.unwrap();
    server.pause("-STOP");
    let error =
        calls::run(&door.lease_until(Duration::from_millis(200)), command("GET a")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    server.pause("-CONT");
    assert_eq!(door.run("ECHO other").await.unwrap(), vec![bytes("other")]);
}

#[tokio::test]
async fn calls_beyond_the_pool_wait_and_time_out_and_a_dropped_call_frees_its_place() {
    let server = Server::start(&[]).await;
    let door = Door::of(json!({"url": server.url(), "pool": {"max": 1}}));
    door.run("PING").await.unwrap();
    server.pause("-STOP");
    let lease = door.lease();
    let mut first = Box::pin(calls::run(&lease, command("GET a")));
    assert!(
        tokio::time::timeout(Duration::from_millis(100), &mut first).await.is_err(),
        "it holds the one connection"
    );
    let error =
        calls::run(&door.lease_until(Duration::from_millis(200)), command("GET b")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    drop(first);
    server.pause("-CONT");
    assert!(tokio::time::timeout(HANG, door.run("GET c")).await.unwrap().is_ok());
}

#[tokio::test]
async fn a_server_without_memory_says_so_and_still_reads() {
    let server = Server::start(&["--maxmemory", "1", "--maxmemory-policy", "noeviction"]).await;
    let door = Door::of(json!({"url": server.url()}));
    let error = door.run("SET a 1").await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Unavailable, Some("OOM")));
    assert_eq!(door.run("GET a").await.unwrap(), vec![Part::Nil]);
}

#[tokio::test]
async fn users_and_their_rights_are_those_of_redis() {
    let server = Server::start(&["--user", "app", "on", ">pw", "~app:*", "&*", "+@all", "-flushall"]).await;
    let door = Door::of(json!({"url": server.url(), "username": "app", "password": "pw"}));
    assert_eq!(door.run("SET app:a 1").await.unwrap(), ok());
    for text in ["SET other 1", "FLUSHALL"] {
        let error = door.run(text).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::AccessDenied, Some("NOPERM")), "{text}");
    }
    assert_eq!(door.run("HGET app:a f").await.unwrap_err().code.as_deref(), Some("WRONGTYPE"));
}

#[tokio::test]
async fn a_connection_that_was_replaced_closes_after_its_last_lease() {
    let server = Server::start(&[]).await;
    let door = Door::of(json!({"url": server.url()}));
    let lease = door.lease();
    calls::run(&lease, command("SET a 1")).await.unwrap();
    door.all.swap(caisson_capability::connections::Table::new());
    assert_eq!(calls::run(&lease, command("GET a")).await.unwrap(), vec![bytes("1")]);
    drop(lease);
    let only = async || {
        let info = server.ask("INFO clients").await;
        let Part::Bytes(text) = &info[0] else { return None };
        String::from_utf8_lossy(text).contains("connected_clients:1\r").then_some(())
    };
    eventually("only the asker is connected", only).await;
}
