//! The log: past and live.

use super::fake::Api;
use axum::body::Body;
use caisson_telemetry::{Level, LogRecord};
use futures_util::StreamExt as _;
use http::{Request, StatusCode};
use serde_json::Value;
use std::sync::Arc;

fn write(api: &Api, level: Level, message: &str) {
    let service: Arc<str> = "a.b".into();
    api.logs.write(LogRecord::new(level, message).about(&service, 1).cid("c1"));
}

fn messages(text: &str) -> Vec<String> {
    let message = |line| serde_json::from_str::<Value>(line).unwrap()["message"].as_str().unwrap().to_owned();
    text.lines().map(message).collect()
}

#[tokio::test]
async fn past_records_are_filtered() {
    let api = Api::open().await;
    for (level, message) in
        [(Level::Info, "1"), (Level::Error, "2"), (Level::Debug, "3"), (Level::Critical, "4")]
    {
        write(&api, level, message);
    }
    let reply = api.get("/api/v1/logs?service=a.b&level=error").await;
    assert_eq!(reply.headers["content-type"], "application/x-ndjson");
    assert_eq!(messages(&reply.text), ["2", "4"]);
    assert_eq!(messages(&api.get("/api/v1/logs?cid=c1&limit=1").await.text), ["4"]);
    assert_eq!(api.get("/api/v1/logs?service=other").await.text, "");
}

#[tokio::test]
async fn parameters_that_make_no_sense_are_refused() {
    let api = Api::open().await;
    for query in ["level=loud", "limit=many", "limit=-1", "follow=perhaps", "sevice=a"] {
        let reply = api.get(&format!("/api/v1/logs?{query}")).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{query}");
        let (name, _) = query.split_once('=').unwrap();
        assert!(reply.details().contains(name), "{query}: {reply:?}");
    }
}

#[tokio::test]
async fn following_goes_on_until_the_server_stops() {
    let api = Api::open().await;
    write(&api, Level::Info, "past");
    let request = Request::get("/api/v1/logs?service=a.b&follow=true&limit=10").body(Body::empty()).unwrap();
    let mut lines = api.response(request).await.into_body().into_data_stream();
    let mut next =
        async || lines.next().await.map(|line| messages(&String::from_utf8_lossy(&line.unwrap())).remove(0));
    assert_eq!(next().await.as_deref(), Some("past"));
    write(&api, Level::Info, "live");
    api.logs.write(LogRecord::new(Level::Info, "of another service"));
    write(&api, Level::Info, "live too");
    assert_eq!(next().await.as_deref(), Some("live"));
    assert_eq!(next().await.as_deref(), Some("live too"));
    api.closing.cancel();
    assert_eq!(next().await, None);
}

#[tokio::test]
async fn a_slow_follower_learns_how_much_it_lost() {
    let api = Api::open().await;
    let request = Request::get("/api/v1/logs?service=a.b&follow=true&limit=0").body(Body::empty()).unwrap();
    let mut lines = api.response(request).await.into_body().into_data_stream();
    for number in 0..1_500 {
        write(&api, Level::Info, &number.to_string());
    }
    let first = lines.next().await.unwrap().unwrap();
    let record: Value = serde_json::from_slice(&first).unwrap();
    assert_eq!(
        (record["level"].as_str(), record["logger"].as_str()),
        (Some("warning"), Some("caisson.admin"))
    );
    assert!(record["message"].as_str().unwrap().starts_with("476 records were lost"), "{record}");
    let second = lines.next().await.unwrap().unwrap();
    assert_eq!(messages(&String::from_utf8_lossy(&second)), ["476"]);
}
