//! What is too large, too slow or malformed.

use crate::harness::{SHORT, Server, soon};
use caisson_channel::HttpOptions;

fn small_bodies() -> HttpOptions {
    HttpOptions { max_body_bytes: 10, ..HttpOptions::default() }
}

#[tokio::test]
async fn a_declared_length_over_the_limit_is_refused_before_the_body_comes() {
    let server = Server::with(small_bodies()).await;
    let mut client = server.connect().await;
    client
        .send("POST /services/echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n")
        .await;
    // No 100 first, and nothing of the body was ever sent.
    let answer = client.answer().await;
    answer.expect_error(413, "10 bytes (limit max_body_bytes)");
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(server.fake.count(), 0);
    let fits = "POST /services/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789";
    server.ask(fits).await.expect(200);
}

#[tokio::test]
async fn a_chunked_body_is_refused_when_it_exceeds_the_limit() {
    let server = Server::with(small_bodies()).await;
    let mut client = server.connect().await;
    client.send("POST /services/echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    client.send("6\r\n012345\r\n").await;
    client.send("5\r\n67890\r\n").await;
    // The body has not ended, and never will.
    client.answer().await.expect_error(413, "10 bytes");
    assert_eq!(server.fake.count(), 0);
}

#[tokio::test]
async fn a_client_that_goes_on_sending_still_gets_the_answer() {
    let server = Server::with(small_bodies()).await;
    let mut client = server.connect().await;
    let body = vec![b'x'; 4 * 1024 * 1024];
    client
        .send(format!("POST /services/echo HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", body.len()))
        .await;
    client.send(&body).await;
    client.answer().await.expect(413);
    assert!(client.rest().await.is_empty());
}

#[tokio::test]
async fn a_slow_body_is_given_up() {
    let server = Server::with(HttpOptions { body_timeout: SHORT, ..HttpOptions::default() }).await;
    let mut client = server.connect().await;
    client.send("POST /services/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel").await;
    let answer = client.answer().await;
    answer.expect_error(408, "limit body_timeout");
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(client.rest().await.is_empty());
    assert_eq!(server.fake.count(), 0);
}

#[tokio::test]
async fn a_body_that_misses_the_deadline_is_the_callers_fault_and_calls_nobody() {
    let server = Server::with(HttpOptions { request_timeout: SHORT, ..HttpOptions::default() }).await;
    let mut client = server.connect().await;
    client.send("POST /services/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel").await;
    let answer = client.answer().await;
    answer.expect_error(408, "limit timeout_secs");
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(client.rest().await.is_empty());
    assert_eq!(server.fake.count(), 0);
}

#[tokio::test]
async fn a_slow_head_is_given_up() {
    let server = Server::with(HttpOptions { header_timeout: SHORT, ..HttpOptions::default() }).await;
    let mut silent = server.connect().await;
    assert!(silent.rest().await.is_empty());
    let mut slow = server.connect().await;
    slow.send("GET /services/echo HTTP/1.1\r\nHo").await;
    assert!(slow.rest().await.is_empty());
}

#[tokio::test]
async fn a_slow_head_is_given_up_on_a_connection_in_use_too() {
    // The idle timeout is far: only the head's own can end this.
    let server = Server::with(HttpOptions { header_timeout: SHORT, ..HttpOptions::default() }).await;
    let mut client = server.connect().await;
    client.send("GET /services/echo HTTP/1.1\r\nHost: h\r\n\r\n").await;
    client.answer().await.expect(200);
    client.send("GET /serv").await;
    assert!(client.rest().await.is_empty());
}

#[tokio::test]
async fn an_idle_connection_outlives_the_head_timeout_and_then_ends() {
    let options = HttpOptions { header_timeout: SHORT, idle_timeout: SHORT * 6, ..HttpOptions::default() };
    let server = Server::with(options).await;
    let mut client = server.connect().await;
    client.send("GET /services/echo HTTP/1.1\r\nHost: h\r\n\r\n").await;
    client.answer().await.expect(200);
    tokio::time::sleep(SHORT * 2).await;
    client.send("GET /services/echo HTTP/1.1\r\nHost: h\r\n\r\n").await;
    client.answer().await.expect(200);
    assert!(client.rest().await.is_empty());
}

#[tokio::test]
async fn a_request_in_flight_is_not_idle() {
    let options = HttpOptions { header_timeout: SHORT, idle_timeout: SHORT, ..HttpOptions::default() };
    let server = Server::with(options).await;
    let mut client = server.connect().await;
    client.send("GET /services/hang HTTP/1.1\r\nHost: h\r\n\r\n").await;
    soon(server.fake.begun.notified()).await;
    tokio::time::sleep(SHORT * 3).await;
    server.fake.release.notify_one();
    // An idle connection would by now be on its way out.
    assert_eq!(client.answer().await.expect(200).header("connection"), None);
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up() {
    let server = Server::with(HttpOptions { idle_timeout: SHORT, ..HttpOptions::default() }).await;
    let body = vec![b'x'; 32 * 1024 * 1024];
    let response = caisson_capability::Response {
        status: 200,
        headers: Vec::new(),
        body: body.into(),
        ..caisson_capability::Response::default()
    };
    *server.fake.raw.lock().unwrap() = Some(Ok(response));
    let mut client = server.connect().await;
    client.send("GET /services/raw HTTP/1.1\r\nHost: h\r\n\r\n").await;
    // Nothing is read until the server has no connection left to drain.
    tokio::time::sleep(SHORT * 4).await;
    let report = server.stop().await;
    assert_eq!((report.open, report.cut), (0, 0));
    assert!(client.rest().await.len() < 32 * 1024 * 1024);
}

#[tokio::test]
async fn an_invoker_that_forgets_the_deadline_is_given_up() {
    let server = Server::with(HttpOptions { request_timeout: SHORT, ..HttpOptions::default() }).await;
    let answer = server.ask("GET /services/hang HTTP/1.1\r\nHost: h\r\n\r\n").await;
    answer.expect_error(504, "limit request_timeout");
    soon(server.fake.dropped.notified()).await;
}

#[tokio::test]
async fn malformed_http_is_refused() {
    let server = Server::start().await;
    for request in [
        "nonsense\r\n\r\n",
        "GET /services/echo HTTP/1.1\r\nHost h\r\n\r\n",
        "GET /services/echo HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
        "GET /services/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST /services/echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
    ] {
        let mut client = server.connect().await;
        client.send(request).await;
        client.answer().await.expect(400);
        assert!(client.rest().await.is_empty());
    }
    assert_eq!(server.fake.count(), 0);
}

#[tokio::test]
async fn a_malformed_chunk_is_the_callers_fault() {
    let server = Server::start().await;
    let request = "POST /services/echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
    server.ask(request).await.expect_error(400, "could not be read");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let server = Server::with(HttpOptions { max_header_bytes: 8 * 1024, ..HttpOptions::default() }).await;
    let head = |bytes: usize| {
        let filler = "x".repeat(bytes);
        format!("GET /services/echo HTTP/1.1\r\nHost: h\r\nX-Filler: {filler}\r\n\r\n")
    };
    server.ask(&head(6 * 1024)).await.expect(200);
    server.ask(&head(64 * 1024)).await.expect(431);
}

#[tokio::test]
async fn too_many_headers_are_refused() {
    for (limit, count, status) in [(100, 99, 200), (100, 200, 431), (5, 4, 200), (5, 6, 431)] {
        let server = Server::with(HttpOptions { max_headers: limit, ..HttpOptions::default() }).await;
        let headers: String = (0..count).map(|number| format!("X-{number}: 1\r\n")).collect();
        let answer = server.ask(&format!("GET /services/echo HTTP/1.1\r\nHost: h\r\n{headers}\r\n")).await;
        answer.expect(status);
    }
}
