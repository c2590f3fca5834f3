//! Credentials that the host holds.

use crate::harness::{Reply, Server, Setting, answer, get, lease, ok, request};
use caisson_capability::{Connection as _, ErrorKind};
use caisson_http::send;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};

#[tokio::test]
async fn each_kind_of_credentials_is_put_where_it_belongs() {
    let server = Server::start(|_| ok("")).await;
    for (auth, header, line) in [
        (
            json!({"type": "basic", "username": "u", "password": "p"}),
            Some(("authorization", "Basic dTpw")),
            "GET /?q=1 HTTP/1.1",
        ),
        (json!({"type": "bearer", "token": "t"}), Some(("authorization", "Bearer t")), "GET /?q=1 HTTP/1.1"),
        (
            json!({"type": "api-key", "header": "X-Key", "key": "k"}),
            Some(("x-key", "k")),
            "GET /?q=1 HTTP/1.1",
        ),
        (
            json!({"type": "api-key", "query": "api_key", "key": "k&="}),
            None,
            "GET /?q=1&api_key=k%26%3D HTTP/1.1",
        ),
    ] {
        send(&lease(json!({"url": server.url(""), "auth": auth})), get("/?q=1")).await.unwrap();
        let seen = server.last();
        assert_eq!(seen.line(), line);
        if let Some((name, value)) = header {
            assert_eq!(seen.header(name), Some(value));
        }
    }
}

/// A token server that numbers its tokens.
async fn tokens(life: &'static str) -> Server {
    let given = AtomicUsize::new(0);
    Server::start(move |_| {
        let number = given.fetch_add(1, Ordering::SeqCst) + 1;
        ok(&format!(
            "{{\"access_token\": \"token-{number}\", \"token_type\": \"bearer\", \"expires_in\": {life}}}"
        ))
    })
    .await
}

fn oauth(tokens: &Server) -> Value {
    json!({
        "type": "oauth2", "token_url": tokens.url("/token"), "client_id": "id", "client_secret": "s3/cret", "scopes": ["a", "b"],
        "audience": "crm",
    })
}

#[tokio::test]
async fn a_token_is_fetched_once_for_many_who_wait() {
    let (tokens, server) = (tokens("3600").await, Server::start(|_| ok("")).await);
    let lease = lease(json!({"url": server.url(""), "auth": oauth(&tokens)}));
    let all = (0..20).map(|_| send(&lease, get("/")));
    assert!(
        futures_util::future::join_all(all).await.into_iter().all(|answer| answer.unwrap().status == 200)
    );
    assert_eq!(tokens.seen().len(), 1);
    let seen = tokens.last();
    assert_eq!(
        String::from_utf8(seen.body.clone()).unwrap(),
        "grant_type=client%5Fcredentials&scope=a%20b&audience=crm"
    );
    assert_eq!(seen.header("authorization"), Some("Basic aWQ6czMlMkZjcmV0"));
    assert!(server.seen().iter().all(|seen| seen.header("authorization") == Some("Bearer token-1")));
}

#[tokio::test]
async fn a_token_that_has_expired_is_fetched_anew_and_one_that_is_refused_once_only() {
    let (short, server) = (tokens("0").await, Server::start(|_| ok("")).await);
    let lease = lease(json!({"url": server.url(""), "auth": oauth(&short)}));
    for _ in 0..2 {
        send(&lease, get("/")).await.unwrap();
    }
    assert_eq!(short.seen().len(), 2);

    let long = tokens("\"3600\"").await;
    let picky = Server::start(|seen| match seen.header("authorization") {
        Some("Bearer token-2") => ok("in"),
        _ => answer("401 Unauthorized", "", b"out"),
    })
    .await;
    let lease = crate::harness::lease(json!({"url": picky.url(""), "auth": oauth(&long)}));
    assert_eq!(send(&lease, request("POST", "/")).await.unwrap().body, b"in");
    assert_eq!((long.seen().len(), picky.seen().len()), (2, 2));

    let never = Server::start(|_| answer("401 Unauthorized", "", b"out")).await;
    let lease = crate::harness::lease(json!({"url": never.url(""), "auth": oauth(&long)}));
    assert_eq!(send(&lease, get("/")).await.unwrap().status, 401);
    assert_eq!(never.seen().len(), 2);
}

#[tokio::test]
async fn a_token_server_that_refuses_or_answers_nonsense_is_named_and_no_secret_is() {
    let server = Server::start(|_| ok("")).await;
    type Case = (fn() -> Reply, ErrorKind, &'static str);
    let cases: [Case; 5] = [
        (
            || answer("401 Unauthorized", "", b"{\"error\": \"invalid_client\"}"),
            ErrorKind::Unauthenticated,
            "invalid_client",
        ),
        (|| answer("500 Oops", "", b""), ErrorKind::Unavailable, "500"),
        (|| ok("not json"), ErrorKind::Unavailable, "no token"),
        (|| ok("{\"access_token\": \"a\\r\\nb\"}"), ErrorKind::Unavailable, "no token"),
        (
            || answer("302 Found", "Location: http://169.254.169.254/\r\n", b""),
            ErrorKind::Unauthenticated,
            "302",
        ),
    ];
    for (reply, kind, text) in cases {
        let tokens = Server::start(move |_| reply()).await;
        let lease = lease(json!({"url": server.url(""), "auth": oauth(&tokens)}));
        let error = send(&lease, get("/")).await.unwrap_err();
        assert!(error.kind == kind && error.message.contains(text), "{error:?}");
        assert!(!format!("{error:?}{lease:?}").contains("s3"), "{error:?}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn nothing_shows_a_secret() {
    let config = json!({
        "url": "http://127.0.0.1:9/", "auth": {"type": "basic", "username": "u", "password": "hunter2"},
        "proxy": {"url": "http://127.0.0.1:9", "username": "p", "password": "hunter3"},
    });
    let read: caisson_http::Config = crate::harness::options(config.clone()).read().unwrap();
    let lease = lease(config);
    let error = send(&lease, get("/")).await.unwrap_err();
    let shown = format!("{read:?} {lease:?} {:?} {error:?} {error}", lease.client());
    for secret in ["hunter2", "hunter3", "dTpodW50ZXIy", "cDpodW50ZXIz"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn ping_says_whether_the_other_side_is_there_and_lets_us_in() {
    let server = Server::start(|seen| match seen.line().split(' ').nth(1).unwrap() {
        "/in/health" => Reply::Bytes(b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\n".to_vec()),
        "/out/health" => Reply::Bytes(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n".to_vec()),
        _ => Reply::Bytes(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n".to_vec()),
    })
    .await;
    for (path, kind) in
        [("/in", None), ("/out", Some(ErrorKind::Unauthenticated)), ("/ill", Some(ErrorKind::Unavailable))]
    {
        let lease = Setting::default().lease(json!({"url": server.url(path), "ping_path": "/health"}));
        assert_eq!(lease.client().ping().await.err().map(|error| error.kind), kind, "{path}");
    }
    assert_eq!(server.last().line(), "HEAD /ill/health HTTP/1.1");
}
