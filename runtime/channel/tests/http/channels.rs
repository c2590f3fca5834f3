//! Operators' channels: who may call them, what a service sees, what a client gets.

use crate::harness::{Server, soon};
use caisson_capability::Response;
use caisson_channel::{Routes, Table};
use caisson_definition::{Channel, Security};
use caisson_security::{Guards, Shared};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) fn routes(security: Value, channels: Value) -> Routes {
    let security: Vec<Security> = serde_json::from_value(security).unwrap();
    let channels: Vec<Channel> = serde_json::from_value(channels).unwrap();
    let shared = Shared::new();
    let guards = Guards::new(&security, &shared).unwrap();
    Routes::build(&channels, &guards, &shared, false).unwrap()
}

async fn serving(security: Value, channels: Value) -> Server {
    Server::serving(Arc::new(Table::new(routes(security, channels)))).await
}

fn channel(more: Value) -> Value {
    let mut channel = json!({"type": "rest", "name": "c", "path": "/a/{id}", "service": "echo"});
    channel.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!([channel])
}

fn ask(line: &str, headers: &[&str]) -> String {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("{line} HTTP/1.1\r\nHost: h\r\n{headers}\r\n")
}

#[tokio::test]
async fn a_service_sees_what_the_channel_says() {
    let more =
        json!({"data_format": "json", "url_priority": "path-over-query", "body_priority": "body-over-url"});
    let server = serving(json!([]), channel(more)).await;
    server.ask(&ask("GET /a/x%20y/z", &[])).await.expect(200);
    let seen = server.fake.last();
    assert_eq!(
        (&*seen.channel.name, seen.channel.kind, seen.channel.data_format),
        ("c", "rest", Some("json"))
    );
    assert!(seen.channel.path_over_query && seen.channel.url_over_body == Some(false));
    assert_eq!(seen.peer.unwrap().to_string(), "127.0.0.1");
    assert_eq!(seen.request.content_type.as_deref(), Some("application/json"));
    assert_eq!(seen.request.http.unwrap().params, [("id".to_owned(), "x y/z".to_owned())]);
}

#[tokio::test]
async fn bad_paths_and_methods_are_refused_before_any_service() {
    let server = serving(json!([]), channel(json!({"methods": ["GET"]}))).await;
    let overlong = format!("GET /a/{}", "x".repeat(8 * 1024));
    let cases = [
        ("GET /a/%zz", 400, "malformed"),
        ("GET /a/%ff", 400, "malformed"),
        ("GET /a/%00", 400, "control"),
        ("GET /a/../../etc", 404, "URL not found"),
        (&overlong, 414, "longer than"),
        ("POST /a/1", 405, "Method not allowed"),
        ("BREW /a/1", 405, "Method not allowed"),
        ("BREW /b", 405, "Method not allowed"),
    ];
    for (line, status, details) in cases {
        let answer = server.ask(&ask(line, &[])).await;
        answer.expect_error(status, details);
        assert_eq!(answer.header("allow").is_some(), status == 405);
    }
    let options = server.ask(&ask("OPTIONS /a/1", &[])).await;
    assert_eq!(options.expect(204).header("allow"), Some("GET, HEAD, OPTIONS"));
    assert_eq!(server.fake.count(), 0);
    let twice = ask("GET /a/1", &["Content-Length: 1", "Content-Length: 2"]);
    assert_eq!(server.ask(&twice).await.status, 400);
}

#[tokio::test]
async fn only_those_who_may_call_reach_the_service() {
    let security = json!([{"type": "api-key", "name": "partner", "key": "right"}]);
    let more = json!({"security": ["partner"], "cors": {"origins": ["https://app"]}});
    let server = serving(security, channel(more)).await;
    let refused = server.ask(&ask("GET /a/1", &["X-API-Key: wrong", "Origin: https://app"])).await;
    refused.expect_error(401, "");
    assert_eq!(refused.header("access-control-allow-origin"), Some("https://app"));
    server.ask(&ask("GET /a/1", &[])).await.expect(401);
    assert_eq!(server.fake.count(), 0);
    server.ask(&ask("GET /a/1", &["X-API-Key: right"])).await.expect(200);
    assert_eq!(&*server.fake.last().principal.unwrap().name, "partner");
    let asked = ["Origin: https://app", "Access-Control-Request-Method: PUT"];
    let preflight = server.ask(&ask("OPTIONS /a/1", &asked)).await;
    assert_eq!(preflight.expect(204).header("access-control-allow-origin"), Some("https://app"));
    assert!(preflight.header("access-control-allow-methods").unwrap().contains("PUT"));
    let foreign = ["Origin: https://evil", "Access-Control-Request-Method: PUT"];
    let preflight = server.ask(&ask("OPTIONS /a/1", &foreign)).await;
    assert_eq!(preflight.expect(204).header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn addresses_that_are_not_listed_are_refused() {
    let server = serving(json!([]), channel(json!({"allow_from": ["10.0.0.0/8"]}))).await;
    server.ask(&ask("GET /a/1", &[])).await.expect_error(403, "Forbidden");
    assert_eq!(server.fake.count(), 0);
}

#[tokio::test]
async fn who_calls_too_often_is_told_so_before_credentials_are_looked_at() {
    let security = json!([{"type": "api-key", "name": "partner", "key": "right"}]);
    let more = json!({"security": ["partner"], "rate_limit": {"rate": "2/d"}});
    let server = serving(security, channel(more)).await;
    let first = server.ask(&ask("GET /a/1", &["X-API-Key: right"])).await;
    assert_eq!(first.expect(200).header("ratelimit-remaining"), Some("1"));
    assert_eq!(server.ask(&ask("GET /a/1", &[])).await.expect(401).header("ratelimit-remaining"), Some("0"));
    let limited = server.ask(&ask("GET /a/1", &["X-API-Key: right"])).await;
    limited.expect_error(429, "Too many requests");
    assert!(limited.header("retry-after").is_some() && limited.header("ratelimit-limit") == Some("2"));
}

#[tokio::test]
async fn limits_of_a_channel_hold_there() {
    let server = serving(json!([]), channel(json!({"max_body_bytes": 4, "max_response_bytes": 3}))).await;
    let post =
        |length: usize| ask("POST /a/1", &[&format!("Content-Length: {length}")]) + &"x".repeat(length);
    server.ask(&post(5)).await.expect_error(413, "4 bytes");
    let answer = server.ask(&post(4)).await;
    answer.expect_error(500, "internal error");
    assert!(!answer.body.contains("max_response_bytes"));
    server.ask(&post(3)).await.expect(200);
}

#[tokio::test]
async fn a_client_that_has_the_answer_is_not_sent_it_again() {
    let server = serving(json!([]), channel(json!({"etag": true}))).await;
    let answer = server.ask(&ask("GET /a/1", &[])).await;
    let tag = answer.expect(200).header("etag").unwrap().to_owned();
    for known in [&tag, "*", &format!("\"x\", W/{tag}")] {
        let again = server.ask(&ask("GET /a/1", &[&format!("If-None-Match: {known}")])).await;
        assert_eq!(again.expect(304).header("etag"), Some(&*tag));
    }
    server.ask(&ask("GET /a/1", &["If-None-Match: \"other\""])).await.expect(200);
    assert_eq!(server.ask(&ask("POST /a/1", &[])).await.expect(200).header("etag"), None);
}

#[tokio::test]
async fn long_texts_are_compressed_and_head_says_the_same() {
    let more = json!({"compress": true, "etag": true, "service": "raw"});
    let server = serving(json!([]), channel(more)).await;
    for (accepted, coding) in
        [("gzip", Some("gzip")), ("br;q=1, gzip;q=0.1", Some("br")), ("zstd", Some("zstd")), ("*;q=0", None)]
    {
        let mut lengths = Vec::new();
        for method in ["GET", "HEAD"] {
            let headers = vec![("content-type".to_owned(), "text/plain".to_owned())];
            let response =
                Response { status: 200, headers, body: "long ".repeat(1_000).into(), ..Response::default() };
            *server.fake.raw.lock().unwrap() = Some(Ok(response));
            let mut client = server.connect().await;
            client.send(ask(&format!("{method} /a/1"), &[&format!("Accept-Encoding: {accepted}")])).await;
            // The body is bytes, so only the head is looked at.
            let answer = client.answer_to("HEAD").await;
            assert_eq!(answer.expect(200).header("content-encoding"), coding, "{accepted}");
            assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
            lengths.push((
                answer.header("content-length").unwrap().to_owned(),
                answer.header("etag").unwrap().to_owned(),
            ));
        }
        assert_eq!(lengths[0], lengths[1]);
        assert_eq!(lengths[0].0 == "5000", coding.is_none());
    }
}

#[tokio::test]
async fn a_request_in_flight_keeps_its_channel_when_the_table_is_swapped() {
    let table = Arc::new(Table::new(routes(json!([]), channel(json!({"service": "hang"})))));
    let server = Server::serving(Arc::clone(&table)).await;
    let mut client = server.connect().await;
    client.send(ask("GET /a/1", &[])).await;
    soon(server.fake.begun.notified()).await;
    table.swap(routes(json!([]), channel(json!({"path": "/b"}))));
    server.ask(&ask("GET /a/1", &[])).await.expect_error(404, "URL not found");
    server.ask(&ask("GET /b", &[])).await.expect(200);
    server.fake.release.notify_one();
    client.answer().await.expect(200);
}
