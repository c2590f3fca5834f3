//! Servers that are bad, slow, hostile, or gone.

use crate::harness::{HANG, Reply, Server, Setting, answer, free_port, get, lease, ok, request};
use async_compression::tokio::write::{BrotliEncoder, GzipEncoder, ZstdEncoder};
use caisson_capability::policy::Retry;
use caisson_capability::{ErrorKind, Fault, Policy};
use caisson_http::{Request, open, send};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;

type Script = fn() -> Reply;

/// What a server does, options, and the error that it is: kind, a part of its text, whether it may pass for a request that may be
/// made twice.
const BAD: &[(&str, Script, &str, ErrorKind, &str, bool)] = &[
    (
        "nonsense",
        || Reply::Last(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()),
        "{}",
        ErrorKind::Unavailable,
        "not HTTP",
        false,
    ),
    ("nothing", || Reply::Last(Vec::new()), "{}", ErrorKind::Unavailable, "closed", true),
    (
        "half a head",
        || Reply::Last(b"HTTP/1.1 200 OK\r\nA: ".to_vec()),
        "{}",
        ErrorKind::Unavailable,
        "",
        true,
    ),
    (
        "a body that ends early",
        || Reply::Last(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".to_vec()),
        "{}",
        ErrorKind::Unavailable,
        "",
        true,
    ),
    (
        "chunks that end early",
        || Reply::Last(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n".to_vec()),
        "{}",
        ErrorKind::Unavailable,
        "",
        true,
    ),
    (
        "two lengths",
        || Reply::Last(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".to_vec()),
        "{}",
        ErrorKind::Unavailable,
        "not HTTP",
        false,
    ),
    (
        "headers without end",
        || Reply::Flood(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-Again: and again\r\n".to_vec()),
        "{}",
        ErrorKind::QuotaExceeded,
        "header",
        false,
    ),
    (
        "a header without end",
        || Reply::Flood(b"HTTP/1.1 200 OK\r\nX: ".to_vec(), b"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy".to_vec()),
        r#"{"header_bytes": 8192}"#,
        ErrorKind::QuotaExceeded,
        "header_bytes",
        false,
    ),
    (
        "a body without end",
        || Reply::Flood(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 1000]),
        r#"{"answer_bytes": 100000}"#,
        ErrorKind::QuotaExceeded,
        "answer_bytes",
        false,
    ),
    (
        "a length beyond the limit",
        || Reply::Hang(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n".to_vec()),
        "{}",
        ErrorKind::QuotaExceeded,
        "answer_bytes",
        false,
    ),
    (
        "a slow head",
        || Reply::Hang(Vec::new()),
        r#"{"read_timeout_secs": 0.05, "connect_timeout_secs": 0.05}"#,
        ErrorKind::Timeout,
        "read_timeout_secs",
        true,
    ),
    (
        "a slow body",
        || Reply::Hang(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".to_vec()),
        r#"{"read_timeout_secs": 0.05}"#,
        ErrorKind::Timeout,
        "read_timeout_secs",
        true,
    ),
    (
        "preliminary answers without end",
        || Reply::Flood(Vec::new(), b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
        r#"{"read_timeout_secs": 0.2, "connect_timeout_secs": 0.05}"#,
        ErrorKind::Timeout,
        "read_timeout_secs",
        true,
    ),
    (
        "what says that it is compressed and is not",
        || answer("200 OK", "Content-Encoding: gzip\r\n", b"plain text, that is"),
        "{}",
        ErrorKind::Unavailable,
        "compressed",
        false,
    ),
];

#[tokio::test]
async fn every_bad_answer_is_an_error_that_says_what_was_wrong() {
    for &(name, script, config, kind, text, retryable) in BAD {
        let mut config: Value = serde_json::from_str(config).unwrap();
        let server = Server::start(move |_| script()).await;
        config["url"] = json!(server.url(""));
        for (number, (method, retryable)) in [("GET", retryable), ("POST", false)].into_iter().enumerate() {
            let lease = lease(config.clone());
            let sent = tokio::time::timeout(HANG, send(&lease, request(method, "/"))).await;
            // With the client, its connections go.
            drop(lease);
            let error = sent.expect(name).expect_err(name);
            assert_eq!((error.kind, error.fault), (kind, Fault::Remote), "{name}: {error:?}");
            assert!(
                error.retryable == retryable && error.message.contains(text),
                "{method}, {name}: {error:?}"
            );
            assert!(!error.message.contains("127.0.0.1"), "{name}: {error}");
            server.until_closed(number + 1).await;
        }
    }
}

#[tokio::test]
async fn what_follows_an_answer_is_not_taken_for_the_next_one() {
    let server = Server::start(|seen| match seen.line().contains("/one") {
        true => Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\noneHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil".to_vec()),
        false => ok("two"),
    })
    .await;
    let lease = lease(json!({"url": server.url("")}));
    assert_eq!(send(&lease, get("/one")).await.unwrap().body, b"one");
    server.until_closed(1).await;
    assert_eq!(send(&lease, get("/two")).await.unwrap().body, b"two");
}

#[tokio::test]
async fn preliminary_answers_are_passed_over() {
    let server = Server::start(|_| {
        Reply::Bytes(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec())
    })
    .await;
    assert_eq!(send(&lease(json!({"url": server.url("")})), request("POST", "/")).await.unwrap().body, b"ok");
}

async fn packed(encoding: &str, plain: &[u8]) -> Vec<u8> {
    async fn all<W: tokio::io::AsyncWrite + Unpin>(mut encoder: W, plain: &[u8]) -> W {
        encoder.write_all(plain).await.unwrap();
        encoder.shutdown().await.unwrap();
        encoder
    }
    match encoding {
        "gzip" => all(GzipEncoder::new(Vec::new()), plain).await.into_inner(),
        "br" => all(BrotliEncoder::new(Vec::new()), plain).await.into_inner(),
        _ => all(ZstdEncoder::new(Vec::new()), plain).await.into_inner(),
    }
}

#[tokio::test]
async fn answers_are_unpacked_and_bombs_are_not() {
    for encoding in ["gzip", "br", "zstd"] {
        let (small, bomb) =
            (packed(encoding, b"hello hello hello").await, packed(encoding, &vec![0; 20 << 20]).await);
        assert!(bomb.len() < 200_000, "{encoding} {}", bomb.len());
        let server = Server::start(move |seen| {
            let headers = format!("Content-Encoding: {encoding}\r\n");
            answer("200 OK", &headers, if seen.line().contains("/bomb") { &bomb } else { &small })
        })
        .await;
        let on = lease(json!({"url": server.url("")}));
        let unpacked = send(&on, get("/")).await.unwrap();
        assert_eq!(unpacked.body, b"hello hello hello", "{encoding}");
        assert!(
            !unpacked.headers.iter().any(|(name, _)| name == "content-encoding" || name == "content-length")
        );
        let error = send(&on, get("/bomb")).await.unwrap_err();
        assert!(
            error.kind == ErrorKind::QuotaExceeded && error.message.contains("answer_bytes"),
            "{encoding}: {error}"
        );
        let off = lease(json!({"url": server.url(""), "compression": false}));
        let kept = send(&off, get("/")).await.unwrap();
        assert!(
            kept.body != b"hello hello hello"
                && kept.headers.iter().any(|(name, _)| name == "content-encoding")
        );
        assert_eq!(server.last().header("accept-encoding"), None);
    }
}

#[tokio::test]
async fn a_server_may_be_down_at_first_come_up_and_start_anew() {
    let port = free_port();
    let lease = lease(json!({"url": format!("http://127.0.0.1:{port}")}));
    assert!(send(&lease, request("POST", "/")).await.unwrap_err().retryable, "nothing was sent");
    let error = send(&lease, get("/")).await.unwrap_err();
    assert_eq!(
        (error.kind, error.retryable, error.code.as_deref()),
        (ErrorKind::Unavailable, true, Some("connect"))
    );
    assert!(error.detail.unwrap().contains(&port.to_string()) && !error.message.contains(&port.to_string()));
    let server = Server::start_at(port, None, |_| ok("first")).await;
    assert_eq!(send(&lease, get("/")).await.unwrap().body, b"first");
    drop(server);
    tokio::time::timeout(HANG, async { while send(&lease, get("/")).await.is_ok() {} }).await.unwrap();
    let _server = Server::start_at(port, None, |_| ok("second")).await;
    assert_eq!(send(&lease, get("/")).await.unwrap().body, b"second");
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closed_meanwhile_is_no_error() {
    let server =
        Server::start(|_| Reply::Last(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec())).await;
    let lease = lease(json!({"url": server.url("")}));
    for round in 1..=5 {
        assert_eq!(send(&lease, request("POST", "/")).await.unwrap().body, b"ok");
        server.until_closed(round).await;
        // The runtime has one thread: what the server closed is seen before the next request.
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_lost_is_repeated_by_the_policy_if_it_may_be() {
    for (method, requests) in [("GET", 3), ("DELETE", 3), ("POST", 1)] {
        let server = Server::start(|_| Reply::Last(Vec::new())).await;
        let policy = Policy {
            retry: Some(Retry { attempts: 3, backoff_ms: 1, max_backoff_ms: 1 }),
            ..Policy::default()
        };
        let lease = Setting { policy, ..Setting::default() }.lease(json!({"url": server.url("")}));
        assert_eq!(send(&lease, request(method, "/")).await.unwrap_err().kind, ErrorKind::Unavailable);
        assert_eq!(server.seen().len(), requests, "{method}");
    }
}

#[tokio::test]
async fn a_call_ends_at_its_own_limit_or_the_requests_and_gives_its_connection_up() {
    let server = Server::start(|_| Reply::Hang(Vec::new())).await;
    let connection = json!({"url": server.url("")});
    let hasty = Request { timeout: Some(Duration::from_millis(50)), ..get("/") };
    assert_eq!(send(&lease(connection.clone()), hasty).await.unwrap_err().kind, ErrorKind::Timeout);
    server.until_closed(1).await;
    let late =
        Setting { deadline: Duration::from_millis(50), ..Setting::default() }.lease(connection.clone());
    let error = send(&late, get("/")).await.unwrap_err();
    assert!(error.kind == ErrorKind::Timeout && error.message.contains("deadline"), "{error}");
    server.until_closed(2).await;
    let lease = lease(connection);
    let task = tokio::spawn(async move { send(&lease, get("/")).await.map(|answer| answer.status) });
    server.until_seen(3).await;
    task.abort();
    server.until_closed(3).await;
}

#[tokio::test]
async fn a_body_in_pieces_ends_at_the_calls_limit() {
    let server =
        Server::start(|_| Reply::Hang(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".to_vec())).await;
    let asked = Request { timeout: Some(Duration::from_millis(500)), ..get("/") };
    let answer = open(&lease(json!({"url": server.url("")})), asked).await.unwrap();
    assert!(answer.body.read(4).await.unwrap().is_some());
    let error = answer.body.read(4).await.unwrap_err();
    assert!(error.kind == ErrorKind::Timeout && error.message.contains("timeout_secs"), "{error}");
    assert!(answer.body.read(4).await.unwrap().is_none());
    server.until_closed(1).await;
}
