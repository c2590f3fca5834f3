//! How a server stops.

use crate::harness::{SHORT, Server, soon};
use caisson_channel::HttpOptions;
use futures_util::FutureExt as _;
use tokio::net::TcpStream;

#[tokio::test]
async fn a_request_in_flight_is_finished_and_new_connections_are_refused() {
    let server = Server::start().await;
    let mut busy = server.connect().await;
    busy.send("GET /services/hang HTTP/1.1\r\nHost: h\r\n\r\n").await;
    soon(server.fake.begun.notified()).await;
    server.shutdown.cancel();
    soon(async {
        while TcpStream::connect(server.addr).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(!server.task.is_finished());
    server.fake.release.notify_one();
    let answer = busy.answer().await;
    assert_eq!(answer.expect(200).header("connection"), Some("close"));
    assert!(busy.rest().await.is_empty());
    let report = server.stop().await;
    assert!(report.is_clean() && report.open >= 1, "{report:?}");
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_a_stop() {
    let server = Server::start().await;
    let mut used = server.connect().await;
    used.send("GET /services/echo HTTP/1.1\r\nHost: h\r\n\r\n").await;
    used.answer().await.expect(200);
    let mut fresh = server.connect().await;
    // Within the hang guard only if neither waits for the drain timeout, which is as long.
    let report = server.stop().await;
    assert_eq!(report.cut, 0);
    assert!(used.rest().await.is_empty() && fresh.rest().await.is_empty());
}

#[tokio::test]
async fn what_is_left_after_the_drain_timeout_is_cut() {
    let server = Server::with(HttpOptions { drain_timeout: SHORT, ..HttpOptions::default() }).await;
    let mut busy = server.connect().await;
    busy.send("GET /services/hang HTTP/1.1\r\nHost: h\r\n\r\n").await;
    soon(server.fake.begun.notified()).await;
    let fake = std::sync::Arc::clone(&server.fake);
    let report = server.stop().await;
    assert_eq!((report.open, report.cut, report.is_clean()), (1, 1, false));
    // By the time of the report, not some time after it.
    assert!(fake.dropped.notified().now_or_never().is_some());
    assert!(busy.rest().await.is_empty());
}

#[tokio::test]
async fn a_dropped_listener_takes_its_connections_along() {
    let server = Server::start().await;
    let mut busy = server.connect().await;
    busy.send("GET /services/hang HTTP/1.1\r\nHost: h\r\n\r\n").await;
    soon(server.fake.begun.notified()).await;
    server.task.abort();
    soon(server.fake.dropped.notified()).await;
    assert!(busy.rest().await.is_empty());
}
