//! What happens to connections: reuse, pipelining, clients that go away, places that run out.

use crate::harness::{Server, soon};
use caisson_channel::HttpOptions;
use tokio::io::AsyncWriteExt as _;

const ECHO: &str = "POST /services/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n";

#[tokio::test]
async fn a_connection_serves_one_request_after_another() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    for number in 0..5 {
        client.send(format!("{ECHO}{number}")).await;
        assert_eq!(client.answer().await.expect(200).body, number.to_string());
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    let all: String = (0..5).map(|number| format!("{ECHO}{number}")).collect();
    client.send(all).await;
    for number in 0..5 {
        assert_eq!(client.answer().await.expect(200).body, number.to_string());
    }
}

#[tokio::test]
async fn connection_close_is_honoured() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.send("GET /services/echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await;
    client.answer().await.expect(200);
    assert!(client.rest().await.is_empty());
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_its_invocation() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.send("GET /services/hang HTTP/1.1\r\nHost: h\r\n\r\n").await;
    soon(server.fake.begun.notified()).await;
    drop(client);
    soon(server.fake.dropped.notified()).await;
}

#[tokio::test]
async fn a_client_that_goes_away_within_its_body_is_forgotten() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.send("POST /services/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc").await;
    client.stream.shutdown().await.unwrap();
    client.rest().await;
    assert_eq!(server.fake.count(), 0);
    assert!(server.stop().await.is_clean());
}

#[tokio::test]
async fn connections_above_the_limit_wait_for_a_place() {
    let server = Server::with(HttpOptions { max_connections: 1, ..HttpOptions::default() }).await;
    let mut first = server.connect().await;
    first.send("GET /services/hang HTTP/1.1\r\nHost: h\r\n\r\n").await;
    soon(server.fake.begun.notified()).await;
    let mut second = server.connect().await;
    second.send("GET /services/echo HTTP/1.1\r\nHost: h\r\n\r\n").await;
    tokio::time::sleep(crate::harness::SHORT).await;
    assert_eq!(server.fake.count(), 1, "the second connection was served beside the first");
    server.fake.release.notify_one();
    first.answer().await.expect(200);
    drop(first);
    second.answer().await.expect(200);
}
