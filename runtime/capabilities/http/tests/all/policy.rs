//! Redirects, whole URLs, proxies: where requests may lead, and what goes along.

use crate::harness::{Names, Reply, Server, Setting, answer, fields, get, lease, ok, request};
use bytes::Bytes;
use caisson_capability::{Capability as _, ErrorKind, connection::Setup};
use caisson_http::{Http, Request, send};
use serde_json::json;

fn redirect(status: u16, to: &str) -> Reply {
    answer(&format!("{status} Moved"), &format!("Location: {to}\r\n"), b"")
}

#[tokio::test]
async fn redirects_are_answers_unless_they_are_to_be_followed() {
    let server = Server::start(|seen| match seen.line().split(' ').nth(1).unwrap() {
        "/end" => ok("end"),
        "/303" => redirect(303, "/end"),
        "/302" => redirect(302, "end"),
        "/307" => redirect(307, "/end"),
        _ => redirect(302, "/round"),
    })
    .await;
    let plain = lease(json!({"url": server.url("")}));
    assert_eq!(send(&plain, get("/303")).await.unwrap().status, 303);
    let lease = lease(json!({"url": server.url(""), "redirects": {"max": 2}}));
    for (path, method, body) in [("/303", "GET", ""), ("/302", "GET", ""), ("/307", "POST", "body")] {
        let asked = Request { body: Some(Bytes::from_static(b"body")), ..request("POST", path) };
        assert_eq!(send(&lease, asked).await.unwrap().body, b"end");
        let seen = server.last();
        assert!(seen.line().starts_with(method) && seen.body == body.as_bytes(), "{path} {seen:?}");
    }
    let before = server.seen().len();
    let error = send(&lease, get("/round")).await.unwrap_err();
    assert!(error.kind == ErrorKind::QuotaExceeded && error.message.contains("redirects/max"), "{error}");
    assert_eq!(server.seen().len() - before, 3);
}

#[tokio::test]
async fn redirects_to_where_nothing_may_go_are_refused() {
    for to in [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://2852039166/",
        "http://0251.0376.0251.0376/",
        "http://[fd00:ec2::254]/",
        "http://10.0.0.1/",
        "http://localhost:1/",
        "http://rebound.example/",
        "//0x7f.1:1/",
        "http://127.0.0.1:1/",
    ] {
        let server = Server::start(move |_| redirect(302, to)).await;
        let names = Names(
            [("rebound.example", vec!["93.184.216.34", "127.0.0.1"]), ("localhost", vec!["127.0.0.1"])]
                .into(),
        );
        let lease = Setting { names, ..Setting::default() }
            .lease(json!({"url": server.url(""), "redirects": {"max": 5}}));
        let error = send(&lease, get("/")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::AccessDenied, "{to}: {error}");
    }
    for to in ["file:///etc/passwd", "http://a@b/", "gopher://x/", "\\\\\\\\b", "http://exämple.org/"] {
        let server = Server::start(move |_| redirect(302, to)).await;
        let lease = lease(json!({"url": server.url(""), "redirects": {"max": 5}}));
        assert_eq!(send(&lease, get("/")).await.unwrap_err().code.as_deref(), Some("redirect"), "{to}");
    }
}

#[tokio::test]
async fn credentials_do_not_follow_to_another_origin() {
    let other = Server::start(|_| ok("elsewhere")).await;
    let to = other.url("/x");
    let server = Server::start(move |_| redirect(307, &to)).await;
    for auth in [
        json!({"type": "basic", "username": "u", "password": "hidden"}),
        json!({"type": "bearer", "token": "hidden"}),
        json!({"type": "api-key", "header": "X-Key", "key": "hidden"}),
        json!({"type": "api-key", "query": "key", "key": "hidden"}),
    ] {
        let lease = lease(json!({
            "url": server.url(""), "redirects": {"max": 1}, "auth": auth, "networks": ["loopback"], "headers": {"X-Team": "default"},
        }));
        let headers = fields(&[("Cookie", "own"), ("X-Token", "own"), ("Accept", "text/plain")]);
        assert_eq!(send(&lease, Request { headers, ..get("/") }).await.unwrap().body, b"elsewhere");
        let (first, second) = (server.last().head, other.last().head);
        assert!(first.contains("hidden") || first.contains("dTpoaWRkZW4="), "{first}");
        for gone in ["hidden", "dTpoaWRkZW4=", "cookie", "x-token", "x-team"] {
            assert!(!second.to_lowercase().contains(&gone.to_lowercase()), "{gone} in {second}");
        }
        assert!(second.contains("accept: text/plain"), "{second}");
    }
}

#[tokio::test]
async fn whole_urls_go_where_hosts_and_the_policy_allow_without_credentials() {
    let (home, other) = (Server::start(|_| ok("home")).await, Server::start(|_| ok("other")).await);
    let lease = Setting {
        names: Names([("api.example.com", vec!["127.0.0.1"]), ("in.example.com", vec!["10.0.0.1"])].into()),
        ..Setting::default()
    }
    .lease(json!({
        "url": home.url(""), "any_host": true, "hosts": ["*.example.com", "127.0.0.1", "169.254.169.254"], "networks": ["loopback"],
        "auth": {"type": "bearer", "token": "hidden"}, "headers": {"X-Team": "a"},
    }));
    let there = format!("http://api.example.com:{}/x", other.port);
    let asked = Request { params: fields(&[("q", "1")]), ..get(&there) };
    assert_eq!(send(&lease, asked).await.unwrap().body, b"other");
    let seen = other.last();
    assert_eq!(seen.line(), "GET /x?q=1 HTTP/1.1");
    assert!(!seen.head.contains("hidden") && !seen.head.contains("x-team"), "{}", seen.head);
    assert_eq!(send(&lease, get(&home.url("/y"))).await.unwrap().body, b"home");
    assert_eq!(home.last().header("authorization"), Some("Bearer hidden"));
    for url in [
        "http://in.example.com/",
        "http://evil.example/",
        "http://169.254.169.254/",
        "http://2852039166/",
        "http://[::1]/",
    ] {
        assert_eq!(send(&lease, get(url)).await.unwrap_err().kind, ErrorKind::AccessDenied, "{url}");
    }
}

#[tokio::test]
async fn a_proxy_is_spoken_to_in_absolute_form_with_its_credentials_which_stay_there() {
    let proxy = Server::start(|seen| {
        if seen.line().starts_with("CONNECT") { answer("403 Forbidden", "", b"") } else { ok("by proxy") }
    })
    .await;
    let options = |url: &str| json!({"url": url, "proxy": {"url": proxy.url(""), "username": "p", "password": "secret"}, "connect_timeout_secs": 60});
    assert_eq!(send(&lease(options("http://far.example/a")), get("/b")).await.unwrap().body, b"by proxy");
    let seen = proxy.last();
    assert_eq!(seen.line(), "GET http://far.example/a/b HTTP/1.1");
    assert_eq!(seen.header("proxy-authorization"), Some("Basic cDpzZWNyZXQ="));
    let error = send(&lease(options("https://far.example/a")), get("/b")).await.unwrap_err();
    assert!(error.code.as_deref() == Some("proxy") && error.message.contains("403"), "{error:?}");
    let seen = proxy.last();
    assert_eq!(seen.line(), "CONNECT far.example:443 HTTP/1.1");
    assert_eq!(seen.header("proxy-authorization"), Some("Basic cDpzZWNyZXQ="));
    assert!(!format!("{error:?}").contains("secret") && !format!("{error:?}").contains("cDpzZWNyZXQ"));
    let whole =
        Setting::default().lease(json!({"any_host": true, "hosts": ["*"], "proxy": {"url": proxy.url("")}}));
    assert_eq!(send(&whole, get("http://169.254.169.254/")).await.unwrap_err().kind, ErrorKind::AccessDenied);
}

#[test]
fn wrong_options_are_refused_with_their_place_and_no_secret() {
    let setup = Setup { name: "crm".into(), timeout: std::time::Duration::from_secs(1) };
    for (config, place) in [
        (json!({}), "url"),
        (json!({"url": "crm.example.com"}), "url"),
        (json!({"url": "ftp://crm.example.com"}), "url"),
        (json!({"url": "https://u:hunter2@crm.example.com"}), "url"),
        (json!({"url": "https://crm.example.com/?key=hunter2"}), "url"),
        (json!({"any_host": true}), "hosts"),
        (json!({"url": "https://a.example", "hosts": ["*"]}), "hosts"),
        (json!({"any_host": true, "hosts": ["*"], "auth": {"type": "bearer", "token": "hunter2"}}), "auth"),
        (json!({"url": "https://a.example", "headers": {"Host": "b"}}), "headers/Host"),
        (json!({"url": "https://a.example", "headers": {"A": "b\r\nc"}}), "headers/A"),
        (json!({"url": "https://a.example", "auth": {"type": "bearer", "token": "hunter2\n"}}), "auth/token"),
        (json!({"url": "https://a.example", "auth": {"type": "api-key", "key": "hunter2"}}), "auth"),
        (
            json!({"url": "https://a.example", "auth": {"type": "basic", "username": "a:b", "password": "hunter2"}}),
            "auth/username",
        ),
        (json!({"url": "https://a.example", "tls": {"ca": "nonsense"}}), "tls/ca"),
        (json!({"url": "https://a.example", "tls": {"cert": "nonsense"}}), "tls"),
        (json!({"url": "https://a.example", "tls": {"server_name": "a b"}}), "tls/server_name"),
        (json!({"url": "https://a.example", "proxy": {"url": "https://p.example"}}), "proxy/url"),
        (
            json!({"url": "http://a.example", "http2": "always", "proxy": {"url": "http://p.example"}}),
            "http2",
        ),
        (json!({"url": "https://a.example", "tls": {"insecure": true}}), ""),
        (json!({"url": "https://a.example", "auth": {"type": "digest", "password": "hunter2"}}), ""),
    ] {
        let Err(problems) = Http::default().connection(&setup, &crate::harness::options(config.clone()))
        else {
            panic!("taken: {config}");
        };
        assert!(problems.iter().any(|problem| problem.place == place), "{config}: {problems:?}");
        assert!(!format!("{problems:?}").contains("hunter2"), "{problems:?}");
    }
}
