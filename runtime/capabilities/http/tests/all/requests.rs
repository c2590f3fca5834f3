//! What goes out and what comes back when all is well.

use crate::harness::{HANG, Names, Reply, Server, Setting, answer, fields, get, grant, lease, ok, request};
use bytes::Bytes;
use caisson_capability::connections::Table;
use caisson_capability::policy::{Enforcement, Retry};
use caisson_capability::{ErrorKind, Policy, Trace};
use caisson_http::{Request, begin, open, send};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};

#[tokio::test]
async fn a_request_carries_the_operators_headers_the_services_and_the_hosts() {
    let server = Server::start(|_| answer("201 Created", "X-One: 1\r\nX-One: 2\r\n", b"made")).await;
    let trace = Trace { traceparent: Some("00-1-2-01".into()), tracestate: Some("a=b".into()) };
    let lease = Setting { trace, ..Setting::default() }
        .lease(json!({"url": server.url("/api"), "headers": {"Accept": "application/json", "X-Team": "a"}}));
    let asked = Request {
        params: fields(&[("id", "7/8"), ("q", "a b")]),
        headers: fields(&[("X-Team", "b"), ("X-Two", "1"), ("X-Two", "2")]),
        body: Some(Bytes::from_static(b"hello")),
        ..request("POST", "/customers/{id}")
    };
    let answer = send(&lease, asked).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (201, b"made".as_slice()));
    assert_eq!(answer.headers.iter().filter(|(name, _)| name == "x-one").count(), 2);
    let seen = server.last();
    assert_eq!(seen.line(), "POST /api/customers/7%2F8?q=a%20b HTTP/1.1");
    assert_eq!(seen.body, b"hello");
    for (name, value) in [
        ("accept", "application/json"),
        ("x-team", "b"),
        ("x-two", "1"),
        ("traceparent", "00-1-2-01"),
        ("tracestate", "a=b"),
        ("x-caisson-cid", "cid-1"),
        ("accept-encoding", "gzip, br, zstd"),
        ("content-length", "5"),
    ] {
        assert_eq!(seen.header(name), Some(value), "{name}");
    }
    assert_eq!(seen.head.matches("x-two").count(), 2);
}

#[tokio::test]
async fn any_status_is_an_answer_and_connections_are_kept_for_the_next_request() {
    let server = Server::start(|seen| match seen.line().split(' ').nth(1).unwrap() {
        "/404" => answer("404 Not Found", "", b"none"),
        "/503" => answer("503 Service Unavailable", "Retry-After: 1\r\n", b"later"),
        _ => ok("fine"),
    })
    .await;
    let lease = lease(json!({"url": server.url("")}));
    for (path, status) in [("/404", 404), ("/503", 503), ("/", 200), ("/", 200)] {
        assert_eq!(send(&lease, get(path)).await.unwrap().status, status);
    }
    assert_eq!(server.opened(), 1);
}

#[tokio::test]
async fn an_answer_comes_in_pieces_and_one_that_is_given_up_takes_its_connection_along() {
    let server = Server::start(|_| ok("0123456789")).await;
    let lease = lease(json!({"url": server.url("")}));
    let answer = open(&lease, get("/")).await.unwrap();
    let mut pieces = Vec::new();
    while let Some(piece) = answer.body.read(4).await.unwrap() {
        pieces.push(String::from_utf8(piece.to_vec()).unwrap());
    }
    assert!(pieces.iter().all(|piece| piece.len() <= 4) && pieces.concat() == "0123456789", "{pieces:?}");
    assert!(answer.body.read(4).await.unwrap().is_none());
    assert_eq!(answer.body.read(0).await.unwrap_err().kind, ErrorKind::InvalidInput);

    let server =
        Server::start(|_| Reply::Hang(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".to_vec())).await;
    let lease = crate::harness::lease(json!({"url": server.url("")}));
    let answer = open(&lease, get("/")).await.unwrap();
    assert!(answer.body.read(4).await.unwrap().is_some());
    drop(answer);
    server.until_closed(1).await;
}

#[tokio::test]
async fn a_body_goes_out_in_pieces_and_one_that_is_not_finished_breaks_the_request() {
    let server = Server::start(|seen| ok(&seen.body.len().to_string())).await;
    let lease = lease(json!({"url": server.url("")}));
    let upload = begin(&lease, request("POST", "/")).await.unwrap();
    upload.write(Bytes::from_static(b"one")).await.unwrap();
    upload.write(Bytes::from_static(b"two")).await.unwrap();
    let answer = upload.finish().await.unwrap();
    assert!(answer.body.read(100).await.unwrap().is_some());
    assert_eq!(server.last().body, b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
    assert_eq!(upload.write(Bytes::new()).await.unwrap_err().kind, ErrorKind::InvalidInput);
    assert_eq!(upload.finish().await.unwrap_err().kind, ErrorKind::InvalidInput);

    let upload = begin(&lease, request("POST", "/")).await.unwrap();
    upload.write(Bytes::from_static(b"half")).await.unwrap();
    drop(upload);
    server.until_closed(1).await;
    assert_eq!(server.seen().len(), 1, "the half was taken for a whole");
}

#[tokio::test]
async fn an_upload_that_cannot_begin_says_why() {
    let lease = lease(json!({"url": format!("http://127.0.0.1:{}", crate::harness::free_port())}));
    let upload = begin(&lease, request("POST", "/")).await.unwrap();
    let error = upload.finish().await.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("connect"));
    let full = Request { body: Some(Bytes::new()), ..request("POST", "/") };
    assert_eq!(begin(&lease, full).await.unwrap_err().kind, ErrorKind::InvalidInput);
    let refused =
        Setting { grants: Vec::new(), ..Setting::default() }.lease(json!({"url": "http://127.0.0.1:9"}));
    assert_eq!(begin(&refused, request("POST", "/")).await.unwrap_err().kind, ErrorKind::AccessDenied);
}

#[tokio::test]
async fn headers_and_methods_that_are_the_hosts_are_refused() {
    let server = Server::start(|_| ok("")).await;
    let auth = json!({"type": "api-key", "header": "X-API-Key", "key": "k"});
    let lease = lease(json!({"url": server.url(""), "auth": auth}));
    for (name, value, kind) in [
        ("Host", "evil", ErrorKind::AccessDenied),
        ("content-length", "1", ErrorKind::AccessDenied),
        ("Transfer-Encoding", "chunked", ErrorKind::AccessDenied),
        ("connection", "close", ErrorKind::AccessDenied),
        ("TE", "trailers", ErrorKind::AccessDenied),
        ("Upgrade", "h2c", ErrorKind::AccessDenied),
        ("Proxy-Authorization", "x", ErrorKind::AccessDenied),
        ("x-api-key", "mine", ErrorKind::AccessDenied),
        ("X-Caisson-CID", "other", ErrorKind::AccessDenied),
        ("X-A", "b\r\nX-Evil: 1", ErrorKind::InvalidInput),
        ("X-A\r\nX-Evil", "1", ErrorKind::InvalidInput),
        ("X A", "1", ErrorKind::InvalidInput),
        ("", "1", ErrorKind::InvalidInput),
    ] {
        let asked = Request { headers: fields(&[(name, value)]), ..get("/") };
        assert_eq!(send(&lease, asked).await.unwrap_err().kind, kind, "{name}");
    }
    for method in ["", "CONNECT", "GET /x HTTP/1.1\r\nHost: evil\r\n\r\nGET", "G T"] {
        assert_eq!(
            send(&lease, request(method, "/")).await.unwrap_err().kind,
            ErrorKind::InvalidInput,
            "{method}"
        );
    }
    // More than a map of headers takes without a panic, too.
    for count in [200, 40_000] {
        let many: Vec<_> = (0..count).map(|number| (format!("x-{number}"), String::new())).collect();
        assert_eq!(
            send(&lease, Request { headers: many, ..get("/") }).await.unwrap_err().kind,
            ErrorKind::QuotaExceeded
        );
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn grants_are_needed_and_may_name_methods_and_paths() {
    let server = Server::start(|_| ok("")).await;
    let config = json!({"url": server.url("")});
    let with = |grants| Setting { grants, ..Setting::default() }.lease(config.clone());
    let error = send(&with(Vec::new()), get("/")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AccessDenied);
    assert!(error.message.contains("operations: [send]"), "{error}");

    let lease = with(vec![
        grant(json!({"methods": ["GET"], "paths": ["/v1/*"]})),
        grant(json!({"methods": ["POST"], "paths": ["/in"]})),
    ]);
    for (method, path, passes) in [
        ("GET", "/v1/a", true),
        ("GET", "v1/a?b=c", true),
        ("POST", "/in", true),
        ("POST", "/v1/a", false),
        ("GET", "/in", false),
        ("GET", "/v2/a", false),
        ("get", "/v1/a", false),
        ("GET", "/%76%31/a", false),
        ("GET", "//v1/a", false),
    ] {
        let outcome = send(&lease, request(method, path)).await;
        assert_eq!(outcome.is_ok(), passes, "{method} {path}");
        if let Err(error) = outcome {
            assert!(error.kind == ErrorKind::AccessDenied && error.message.contains("methods: ["), "{error}");
        }
    }
    let policy = Policy { enforcement: Enforcement::Observe, ..Policy::default() };
    let observed = Setting { policy, grants: vec![grant(json!({"methods": ["GET"]}))], ..Setting::default() }
        .lease(config.clone());
    assert!(send(&observed, request("POST", "/")).await.is_ok());
}

#[tokio::test]
async fn statuses_are_repeated_by_the_policy_only_and_the_last_answer_is_given() {
    let served = AtomicUsize::new(0);
    let server = Server::start(move |_| match served.fetch_add(1, Ordering::SeqCst) % 3 {
        2 => ok("at last"),
        _ => answer("503 Service Unavailable", "Retry-After: 0\r\n", b"busy"),
    })
    .await;
    let retry = |attempts| Policy {
        retry: Some(Retry { attempts, backoff_ms: 1, max_backoff_ms: 1 }),
        ..Policy::default()
    };
    for (attempts, statuses, method, expected, requests) in [
        (3, json!([503]), "GET", 200, 3),
        (2, json!([503]), "GET", 503, 2),
        (3, json!([]), "GET", 503, 1),
        (3, json!([503]), "PUT", 200, 3),
        (3, json!([503]), "POST", 503, 1),
    ] {
        let before = server.seen().len();
        let lease = Setting { policy: retry(attempts), ..Setting::default() }
            .lease(json!({"url": server.url(""), "retry_statuses": statuses}));
        let answer = send(&lease, request(method, "/")).await.unwrap();
        assert_eq!(
            (answer.status, server.seen().len() - before),
            (expected, requests),
            "{attempts} {statuses} {method}"
        );
        // The next case starts at the beginning of the script.
        while server.seen().len() % 3 != 0 {
            send(&crate::harness::lease(json!({"url": server.url("")})), get("/")).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_connection_that_was_replaced_is_closed_after_its_last_body() {
    let server = Server::start(|_| ok("0123456789")).await;
    let (connections, lease) = Setting::default().connections(json!({"url": server.url("")}));
    let answer = open(&lease, get("/")).await.unwrap();
    drop(lease);
    connections.swap(Table::new());
    while answer.body.read(4).await.unwrap().is_some() {}
    drop(answer);
    server.until_closed(1).await;
}

#[tokio::test]
async fn a_full_house_waits_for_its_turn_and_then_gives_up() {
    let server =
        Server::start(|seen| if seen.line().contains("/slow") { Reply::Hang(Vec::new()) } else { ok("") })
            .await;
    let policy = Policy { max_concurrent: 1, timeout_secs: 100.0, ..Policy::default() };
    let lease = Setting { policy, ..Setting::default() }.lease(json!({"url": server.url("")}));
    let held = lease.clone();
    let slow = tokio::spawn(async move { send(&held, get("/slow")).await });
    server.until_seen(1).await;
    let hasty = Request { timeout: Some(std::time::Duration::from_millis(50)), ..get("/") };
    assert_eq!(send(&lease, hasty).await.unwrap_err().kind, ErrorKind::Timeout);
    slow.abort();
    drop(slow.await);
    server.until_closed(1).await;
    let answer = tokio::time::timeout(HANG, send(&lease, get("/"))).await.unwrap().unwrap();
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn names_that_lead_inside_need_a_network_and_each_connection_is_judged_anew() {
    let server = Server::start(|_| ok("inside")).await;
    let names = || Names([("inner.example", vec!["127.0.0.1"])].into());
    let url = format!("http://inner.example:{}", server.port);
    let refused = Setting { names: names(), ..Setting::default() }.lease(json!({"url": url}));
    let error = send(&refused, get("/")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AccessDenied);
    assert!(
        error.message.contains("networks: [loopback]") && !error.message.contains("127.0.0.1"),
        "{error}"
    );
    assert!(server.seen().is_empty());
    let allowed =
        Setting { names: names(), ..Setting::default() }.lease(json!({"url": url, "networks": ["loopback"]}));
    assert_eq!(send(&allowed, get("/")).await.unwrap().status, 200);
    assert_eq!(server.last().header("host"), Some(format!("inner.example:{}", server.port).as_str()));
}
