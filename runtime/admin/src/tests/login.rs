//! Who may pass.

use super::fake::{Api, TOKEN};
use axum::body::Body;
use http::{Request, StatusCode};

fn with_token(path: &str, token: &str) -> Request<Body> {
    Request::get(path).header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn the_api_is_closed_and_says_where_the_token_is() {
    let api = Api::with_token().await;
    for path in ["/api/v1/version", "/api/v1/openapi.json", "/api/v1/logs?follow=true", "/api/v1/nothing"] {
        let reply = api.get(path).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(reply.headers["www-authenticate"], "Bearer realm=\"caisson-admin\"");
        assert!(reply.details().contains("data/admin.token"), "{path}");
        assert!(!reply.text.contains(TOKEN));
    }
    let reply = api.send(with_token("/api/v1/version", "wrong")).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert!(reply.details().starts_with("this is not the admin token"));
}

#[tokio::test]
async fn the_token_opens_it() {
    let api = Api::with_token().await;
    let reply = api.send(with_token("/api/v1/version", TOKEN)).await;
    assert_eq!((reply.status, reply.json()["dev"].as_bool()), (StatusCode::OK, Some(false)));
    assert_eq!(api.send(with_token("/api/v1/nothing", TOKEN)).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn monitoring_needs_no_login() {
    let api = Api::with_token().await;
    assert_eq!(api.get("/healthz/live").await.status, StatusCode::OK);
    assert_eq!(api.get("/healthz/ready").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(api.get("/metrics").await.status, StatusCode::OK);
}

#[tokio::test]
async fn who_invokes_is_told_to_the_service() {
    let api = Api::with_token().await;
    let put = Request::put("/api/v1/packages/a").header("content-type", "text/x-python");
    let put =
        put.header("authorization", format!("Bearer {TOKEN}")).body(Body::from("service a.b\n")).unwrap();
    assert_eq!(api.send(put).await.status, StatusCode::CREATED);
    let request = Request::builder().header("authorization", format!("bearer {TOKEN}"));
    let reply = api.invoke("a.b", request, "").await;
    assert_eq!(reply.json()["principal"], "admin");
    assert!(!reply.text.contains(TOKEN), "{}", reply.text);
}

#[tokio::test]
async fn development_mode_is_closed_to_web_pages() {
    let api = Api::open().await;
    let from = |host: &str, origin: &str| {
        let request = Request::get("/api/v1/version").header("host", host).header("origin", origin);
        request.body(Body::empty()).unwrap()
    };
    let reply = api.send(from("127.0.0.1:8183", "http://evil.example")).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert!(reply.details().contains("evil.example"));
    assert_eq!(api.send(from("evil.example", "http://evil.example")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(api.send(from("127.0.0.1:8183", "http://127.0.0.1:8183")).await.status, StatusCode::OK);
}
