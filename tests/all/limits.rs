//! Limits that are not about one guest alone: size of messages, places, queues, clients that leave, instances that are
//! kept.

use crate::harness::{HEALTHY, Healthy, Raw, Server, Setup, assert_problem, call, eventually};
use http::Method;

const SLOW: &str = r#"
import time
from caisson import Service

class Slow(Service):
    name = 'slow'
    def handle(self):
        self.logger.info('begins')
        time.sleep(float(self.request.http.GET['s']))
        self.response.payload = 'done'
"#;

#[tokio::test]
async fn a_message_above_the_services_limit_is_refused() {
    let server = Setup::new()
        .file("healthy.py", HEALTHY)
        .file("healthy.toml", "[limits]\npayload_bytes = 1000\n")
        .start()
        .await;
    assert_problem(&server.post("healthy.ping", vec![b'x'; 1001]).await, 413, "payload_bytes = 1000");
    let fits = format!("{{\"n\": \"{}\"}}", "x".repeat(1000 - 9));
    assert_eq!(fits.len(), 1000);
    server.post("healthy.ping", fits).await.good();
}

#[tokio::test]
async fn one_place_and_one_seat_refuse_the_third() {
    let server = Setup::new()
        .file("slow.py", SLOW)
        .file("slow.toml", "[limits]\nconcurrency = 1\nqueue = 1\n")
        .file("healthy.py", HEALTHY)
        .start()
        .await;
    let healthy = Healthy::watch(&server);
    let start = || {
        let (client, url) = (server.http.clone(), server.url("slow?s=1.5"));
        tokio::spawn(async move { call(&client, Method::GET, &url).await.unwrap() })
    };
    let first = start();
    server.log_says("begins").await;
    let second = start();
    eventually("the second waits", async || {
        let metrics = server.admin_get("/metrics").await.good();
        metrics.contains("caisson_invocations_queued 1").then_some(())
    })
    .await;
    let third = start().await.unwrap();
    assert_problem(&third, 503, "1 requests run and 1 wait (limits concurrency and queue)");
    let retry: u64 = third.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&retry));
    assert_eq!(first.await.unwrap().good(), "done");
    assert_eq!(second.await.unwrap().good(), "done");
    healthy.assert_never_failed(10).await;
}

#[tokio::test]
async fn a_full_house_makes_requests_wait_and_not_fail() {
    let server = Setup::new().argument("--max-active=2").file("slow.py", SLOW).start().await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (client, url) = (server.http.clone(), server.url("slow?s=0.05"));
        calls.spawn(async move { call(&client, Method::GET, &url).await.unwrap() });
    }
    for answer in calls.join_all().await {
        assert_eq!(answer.good(), "done");
    }
}

#[tokio::test]
async fn a_request_that_cannot_get_a_place_before_its_deadline_is_told_to_return() {
    let server = Setup::new()
        .argument("--request-timeout-secs=1")
        .file("slow.py", SLOW)
        .file("slow.toml", "[limits]\nconcurrency = 1\n")
        .start()
        .await;
    let (client, url) = (server.http.clone(), server.url("slow?s=30"));
    let first = tokio::spawn(async move { call(&client, Method::GET, &url).await.unwrap() });
    server.log_says("begins").await;
    // As fast as its predecessor is given up it could still get a place; one after it cannot.
    let second = server.get("slow?s=30").await;
    assert!([503, 504].contains(&second.status.as_u16()), "{}", second.text());
    assert_problem(&first.await.unwrap(), 504, "deadline");
}

const TALKING: &str = r#"
import time
from caisson import Service

class Talk(Service):
    name = 'talk'
    def handle(self):
        for number in range(100_000):
            self.logger.info('still here %s', number)
            time.sleep(0.02)

class Spin(Service):
    name = 'spin'
    def handle(self):
        self.logger.info('spinning')
        while True:
            pass
"#;

#[tokio::test]
async fn a_client_that_leaves_stops_its_service() {
    let server = Server::with("talking.py", TALKING).await;
    let mut connection = Raw::connect(&server.listen).await;
    connection.send("GET /services/talk HTTP/1.1\r\nhost: x\r\n\r\n").await;
    server.log_says("still here 3").await;
    drop(connection);
    nothing_is_active(&server).await;
    let before = server.logged("service=talk").await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(server.logged("service=talk").await, before, "it goes on");
}

#[tokio::test]
async fn a_client_that_leaves_stops_a_service_that_never_waits() {
    let server = Setup::new()
        .file("talking.py", TALKING)
        .file("talking.toml", "[limits]\ncpu_time_ms = 3600000\nwall_time_ms = 3600000\n")
        .file("healthy.py", HEALTHY)
        .start()
        .await;
    let healthy = Healthy::watch(&server);
    let mut connection = Raw::connect(&server.listen).await;
    connection.send("GET /services/spin HTTP/1.1\r\nhost: x\r\n\r\n").await;
    server.log_says("spinning").await;
    drop(connection);
    nothing_is_active(&server).await;
    healthy.assert_never_failed(5).await;
    let metrics = server.admin_get("/metrics").await.good();
    assert!(
        metrics.contains(r#"caisson_invocations_total{service="spin",outcome="cancelled"} 1"#),
        "{metrics}"
    );
}

/// Waits until no invocation of these two services is inside a guest.
async fn nothing_is_active(server: &Server) {
    eventually("the service is stopped", async || {
        let metrics = server.admin_get("/metrics").await.good();
        let cancelled = metrics.lines().any(|line| line.contains("cancelled") && line.ends_with(" 1"));
        cancelled.then_some(())
    })
    .await;
}

const COUNTER: &str = r#"
from caisson import Service

COUNT = 0

class Count(Service):
    name = 'count'
    def handle(self):
        global COUNT
        COUNT += 1
        self.response.payload = str(COUNT)
"#;

#[tokio::test]
async fn state_is_kept_with_reuse_up_to_max_requests() {
    let server = Setup::new()
        .file("counter.py", COUNTER)
        .file("counter.toml", "isolation = \"reuse\"\nmax_requests = 5\n")
        .start()
        .await;
    let mut seen = Vec::new();
    for _ in 0..12 {
        seen.push(server.get("count").await.good());
    }
    assert_eq!(seen.join(" "), "1 2 3 4 5 1 2 3 4 5 1 2");
}

#[tokio::test]
async fn no_state_is_kept_without_it_and_settings_can_change_while_it_runs() {
    let server = Server::with("counter.py", COUNTER).await;
    for _ in 0..5 {
        assert_eq!(server.get("count").await.good(), "1");
    }
    server.save("counter.toml", "isolation = \"reuse\"\n");
    server.version("counter", 2).await;
    let mut last = String::new();
    for _ in 0..5 {
        last = server.get("count").await.good();
    }
    assert_eq!(last, "5");
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused_with_their_line() {
    let server = Server::with("counter.py", COUNTER).await;
    server.save("counter.toml", "[limits]\nmemory_byte = 5\n");
    let package = server.refused("counter", "did you mean memory_bytes?").await;
    assert_eq!(package["error"]["line"], 2, "{package}");
    assert!(package["error"]["file"].as_str().unwrap().ends_with("counter.toml"), "{package}");
    assert_eq!(server.get("count").await.good(), "1");
}
