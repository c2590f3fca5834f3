//! Requests that no well-behaved client sends, and clients that do not go away.

use crate::harness::{HEALTHY, HELLO, Healthy, Raw, Server, Setup, assert_problem, post, status_lines};
use std::time::Duration;

const GET: &str = "GET /services/hello.hello-world HTTP/1.1\r\nhost: x\r\n\r\n";
const POST: &str = "POST /services/hello.hello-world HTTP/1.1\r\nhost: x\r\n";

async fn server() -> Server {
    Setup::new().file("hello.py", HELLO).file("healthy.py", HEALTHY).start().await
}

/// Sends bytes on a connection of their own, and returns the status line of each answer.
async fn statuses(server: &Server, bytes: impl AsRef<[u8]>) -> Vec<String> {
    let mut connection = Raw::connect(&server.listen).await;
    connection.send(bytes).await;
    status_lines(&connection.until_closed().await)
}

#[tokio::test]
async fn what_is_not_http_is_refused() {
    let server = server().await;
    let healthy = Healthy::watch(&server);
    let mut long_path = b"GET /".to_vec();
    long_path.resize(100_000, b'a');
    let many_headers: String = (0..500).map(|n| format!("h{n}: 1\r\n")).collect();
    let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("no request line", b"\x00\x01\x02\xff\xfe\r\n\r\n".to_vec(), &["400"]),
        ("words", b"hello there, server\r\n\r\n".to_vec(), &["400"]),
        ("another version", b"GET / HTTP/9.9\r\n\r\n".to_vec(), &["400", "505"]),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(), &["400"]),
        ("a space in a header's name", b"GET / HTTP/1.1\r\nho st: x\r\n\r\n".to_vec(), &["400"]),
        ("a null in a header", b"GET / HTTP/1.1\r\nhost: a\0b\r\n\r\n".to_vec(), &["400"]),
        ("an endless path", long_path, &["414", "431"]),
        ("a huge header", format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(200_000)).into(), &["431"]),
        ("many headers", format!("GET / HTTP/1.1\r\n{many_headers}\r\n").into(), &["431"]),
        (
            "two lengths",
            format!("{POST}content-length: 3\r\ncontent-length: 5\r\n\r\nabcde").into(),
            &["400"],
        ),
        ("no number", format!("{POST}content-length: three\r\n\r\nabc").into(), &["400"]),
        ("a negative length", format!("{POST}content-length: -1\r\n\r\n").into(), &["400"]),
        (
            "a bad chunk",
            format!("{POST}transfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n").into(),
            &["400"],
        ),
        (
            "an endless chunk",
            format!("{POST}transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n").into(),
            &["400"],
        ),
    ];
    let mut wrong = Vec::new();
    for (what, bytes, allowed) in cases {
        let found = statuses(&server, bytes).await;
        if found.len() != 1 || !allowed.contains(&found[0].as_str()) {
            wrong.push(format!("{what}: {found:?} instead of one of {allowed:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(server.get("hello.hello-world").await.good(), "How goes it?");
    healthy.assert_never_failed(20).await;
}

#[tokio::test]
async fn a_request_cannot_be_smuggled_behind_another() {
    let server = server().await;
    // Both lengths at once: whoever believes the first sees a second request in the body.
    let both = format!(
        "{POST}content-length: 4\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n0\r\n\r\n{GET}"
    );
    let found = statuses(&server, both).await;
    assert_eq!(found.len(), 1, "{found:?}");
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_however_it_is_sent() {
    let server = Setup::new()
        .argument("--max-body-bytes=100000")
        .file("hello.py", HELLO)
        .file("healthy.py", HEALTHY)
        .start()
        .await;
    let healthy = Healthy::watch(&server);
    let declared = format!("{POST}content-length: 100001\r\n\r\n");
    assert_eq!(statuses(&server, declared).await, ["413"]);
    let mut chunked = format!("{POST}transfer-encoding: chunked\r\n\r\n").into_bytes();
    for _ in 0..11 {
        chunked.extend_from_slice(b"2710\r\n");
        chunked.extend(std::iter::repeat_n(b'x', 10_000));
        chunked.extend_from_slice(b"\r\n");
    }
    assert_eq!(statuses(&server, chunked).await, ["413"]);
    let refused = post(&server.http, &server.url("hello.hello-world"), vec![b'x'; 100_001]).await;
    if let Ok(answer) = refused {
        assert_problem(&answer, 413, "100000 bytes");
    }
    assert_eq!(server.post("hello.hello-world", vec![b'x'; 100_000]).await.good(), "How goes it?");
    healthy.assert_never_failed(5).await;
}

#[tokio::test]
async fn slow_clients_are_let_go() {
    let server = server().await;
    let healthy = Healthy::watch(&server);
    let pause = Duration::from_millis(500);
    let head = Raw::connect(&server.listen).await.drip(&[b'G'; 240], pause);
    let mut posting = Raw::connect(&server.listen).await;
    posting.send(format!("{POST}content-length: 1000000\r\n\r\n")).await;
    let body = posting.drip(&[b'x'; 240], pause);
    let (head, body) = tokio::join!(head, body);
    assert!(head.is_empty() || head.contains("408"), "a slow head: {head}");
    assert!(body.contains("408"), "a slow body: {body}");
    healthy.assert_never_failed(100).await;
}

#[tokio::test]
async fn connections_opened_and_dropped_leave_nothing_behind() {
    let server = server().await;
    let healthy = Healthy::watch(&server);
    for number in 0..500_u32 {
        let mut connection = Raw::connect(&server.listen).await;
        match number % 4 {
            0 => {}
            1 => drop(connection.send("GET /serv").await),
            2 => drop(connection.send(GET).await),
            _ => drop(connection.send(format!("{POST}content-length: 100\r\n\r\nabc")).await),
        }
    }
    let files = format!("/proc/{}/fd", server.pid().as_raw_nonzero());
    crate::harness::eventually("dropped connections are closed", async || {
        (std::fs::read_dir(&files).unwrap().count() < 150).then_some(())
    })
    .await;
    healthy.assert_never_failed(20).await;
}

#[tokio::test]
async fn requests_sent_in_a_row_are_answered_in_a_row() {
    let server = server().await;
    let mut connection = Raw::connect(&server.listen).await;
    let good = "GET /services/hello.hello-world HTTP/1.1\r\nhost: x\r\n\r\n";
    let bad = "GET /services/nobody HTTP/1.1\r\nhost: x\r\n\r\n";
    let last = "GET /services/hello.hello-world HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    connection.send([good, good, bad, good, bad, last].concat()).await;
    assert_eq!(status_lines(&connection.until_closed().await), ["200", "200", "404", "200", "404", "200"]);
}

#[tokio::test]
async fn more_connections_than_allowed_wait_and_are_served() {
    let server = Setup::new().argument("--max-connections=4").file("hello.py", HELLO).start().await;
    let mut open = Vec::new();
    for _ in 0..8 {
        let mut connection = Raw::connect(&server.listen).await;
        connection.send(GET).await;
        open.push(connection);
    }
    // Those in front are served and go; those behind come in.
    for mut connection in open {
        assert!(connection.until("How goes it?", 1).await.starts_with("HTTP/1.1 200"));
    }
}
