//! What monitoring sees.

use crate::harness::{HEALTHY, Server, Setup, call, eventually};
use http::Method;

const SERVICES: &str = r#"
import time
from caisson import Service

class Good(Service):
    name = 'good'
    def handle(self):
        self.response.payload = 'x' * 10_000

class Bad(Service):
    name = 'bad'
    def handle(self):
        raise ValueError

class Wait(Service):
    name = 'wait'
    def handle(self):
        time.sleep(float(self.request.http.GET['s']))
"#;

async fn server() -> Server {
    let setup = Setup::new().file("services.py", SERVICES).file("healthy.py", HEALTHY);
    setup.file("services.toml", "[limits]\nwall_time_ms = 2000\nconcurrency = 1\n").start().await
}

/// The value of a series, as `/metrics` shows it.
async fn value(server: &Server, series: &str) -> Option<f64> {
    let metrics = server.admin_get("/metrics").await.good();
    let line = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map(|number| number.parse().unwrap())
}

fn total(service: &str, outcome: &str) -> String {
    format!(r#"caisson_invocations_total{{service="{service}",outcome="{outcome}"}}"#)
}

#[tokio::test]
async fn invocations_are_counted_by_how_they_ended() {
    let server = server().await;
    for _ in 0..7 {
        server.get("good").await.good();
    }
    for _ in 0..3 {
        assert_eq!(server.get("bad").await.status, 500);
    }
    assert_eq!(server.get("wait?s=100").await.status, 504);
    assert_eq!(value(&server, &total("good", "answered")).await, Some(7.0));
    assert_eq!(value(&server, &total("bad", "failed")).await, Some(3.0));
    assert_eq!(value(&server, &total("wait", "stopped")).await, Some(1.0));
    assert_eq!(
        value(&server, r#"caisson_invocation_duration_seconds_count{service="good"}"#).await,
        Some(7.0)
    );
    let metrics = server.admin_get("/metrics").await;
    assert!(
        metrics.header("content-type").starts_with("application/openmetrics-text"),
        "{:?}",
        metrics.headers
    );
    let text = metrics.text();
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert!(
        text.contains(r#"caisson_invocation_duration_seconds_bucket{le="+Inf",service="good"} 7"#),
        "{text}"
    );
}

#[tokio::test]
async fn instances_resets_and_dirty_pages_are_counted() {
    let server = server().await;
    for _ in 0..20 {
        server.get("good").await.good();
    }
    let resets = value(&server, "caisson_instance_resets_total").await.unwrap();
    let pages = value(&server, "caisson_dirty_pages_total").await.unwrap();
    assert!(resets >= 20.0, "{resets}");
    assert!(pages >= resets, "every request writes to at least one page: {pages} pages in {resets} resets");
    assert!(value(&server, "caisson_instantiations_total").await.unwrap() >= 1.0);
    assert!(value(&server, "caisson_instances").await.unwrap() >= 1.0, "an idle instance is kept");
}

#[tokio::test]
async fn what_runs_and_what_waits_is_shown() {
    let server = server().await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let (client, url) = (server.http.clone(), server.url("wait?s=1"));
        calls.spawn(async move { call(&client, Method::GET, &url).await.unwrap().good() });
    }
    eventually("one runs and two wait", async || {
        let active = value(&server, "caisson_invocations_active").await;
        let queued = value(&server, "caisson_invocations_queued").await;
        (active == Some(1.0) && queued == Some(2.0)).then_some(())
    })
    .await;
    calls.join_all().await;
    assert_eq!(value(&server, "caisson_invocations_active").await, Some(0.0));
    assert_eq!(value(&server, "caisson_invocations_queued").await, Some(0.0));
}

#[tokio::test]
async fn deployments_are_counted_and_series_of_services_that_are_gone_end() {
    let server = server().await;
    assert_eq!(value(&server, "caisson_services").await, Some(4.0));
    assert_eq!(value(&server, r#"caisson_deploys_total{result="ok"}"#).await, Some(2.0));
    server.save("broken.py", "def f(:\n");
    server.refused("broken", "SyntaxError").await;
    assert_eq!(value(&server, r#"caisson_deploys_total{result="refused"}"#).await, Some(1.0));
    server.get("healthy.ping?n=1").await.good();
    assert!(value(&server, &total("healthy.ping", "answered")).await.is_some());
    server.remove("healthy.py");
    eventually("the series is gone", async || {
        value(&server, &total("healthy.ping", "answered")).await.is_none().then_some(())
    })
    .await;
    assert_eq!(value(&server, "caisson_services").await, Some(3.0));
}

#[tokio::test]
async fn a_name_that_nobody_has_makes_no_series() {
    let server = server().await;
    for number in 0..50 {
        assert_eq!(server.get(&format!("nobody-{number}")).await.status, 404);
    }
    let metrics = server.admin_get("/metrics").await.good();
    assert!(!metrics.contains("nobody"), "{metrics}");
}

#[tokio::test]
async fn health_is_told_without_a_login() {
    let server = Setup::new().with_login().file("healthy.py", HEALTHY).start().await;
    for (path, status) in
        [("/healthz/live", 200), ("/healthz/ready", 200), ("/metrics", 200), ("/api/v1/version", 401)]
    {
        assert_eq!(server.admin_get(path).await.status.as_u16(), status, "{path}");
    }
    assert_eq!(server.admin_get("/healthz/live").await.json()["status"], "live");
    assert_eq!(server.admin_get("/healthz/ready").await.json()["status"], "ready");
}
