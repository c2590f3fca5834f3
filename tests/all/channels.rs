//! REST channels as callers meet them: paths, methods, credentials, limits.

use crate::harness::{Command, Server, assert_problem};
use base64::Engine as _;
use http::Method;

const SHOW: &str = "\
from caisson import Service

class Show(Service):
    def handle(self):
        http = self.request.http
        self.response.payload = {'method': http.method, 'who': http.params.get('who'), 'principal': self.principal}
";

/// A server with these definitions.
async fn with(definitions: &str) -> Server {
    let server = Server::with("show.py", SHOW).await;
    let file = server.write("caisson.yaml", format!("version: 1\n{definitions}"));
    let apply = Command::to(&server, ["apply", "-f", &file, "--yes"]);
    apply.env("KEY", "the-key").env("PASSWORD", "the-password").run().await.good();
    server
}

const ONE: &str = "channels:\n  - {name: show, type: rest, path: \"/show/{who}\", methods: [GET, POST], service: show.show}\n";

#[tokio::test]
async fn parameters_reach_the_service_and_wrong_methods_are_told_the_right_ones() {
    let server = with(ONE).await;
    let answer = server.path_with(Method::GET, "/show/ann%20b", &[]).await;
    assert_eq!(answer.json()["who"], "ann b", "{}", answer.text());
    let answer = server.path_with(Method::DELETE, "/show/ann", &[]).await;
    assert_eq!(answer.status, 405);
    let allow = answer.header("allow");
    assert!(allow.contains("GET") && allow.contains("POST") && !allow.contains("DELETE"), "{allow}");
    let head = server.path_with(Method::HEAD, "/show/ann", &[]).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_problem(&server.path_with(Method::GET, "/nothing", &[]).await, 404, "");
    for bad in ["/show/%zz", "/show/%ff"] {
        assert_problem(&server.path_with(Method::GET, bad, &[]).await, 400, "");
    }
    assert_problem(&server.path_with(Method::GET, "/show/../nothing", &[]).await, 404, "");
}

#[tokio::test]
async fn credentials_are_wanted_and_the_principal_reaches_the_service() {
    let server = with(
        "security:\n  - {name: key, type: api-key, key: \"${env:KEY}\"}\n  \
         - {name: partner, type: basic-auth, username: bob, password: \"${env:PASSWORD}\", realm: Partners}\n\
         channels:\n  - {name: show, type: rest, path: \"/show/{who}\", service: show.show, security: [key, partner]}\n",
    )
    .await;
    let get = async |headers: &[(&str, &str)]| server.path_with(Method::GET, "/show/x", headers).await;
    let basic = |user: &str, password: &str| {
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
    };
    let nobody = get(&[]).await;
    assert_problem(&nobody, 401, "");
    assert!(nobody.header("www-authenticate").contains("Partners"), "{:?}", nobody.headers);
    assert_eq!(get(&[("x-api-key", "the-key")]).await.json()["principal"], "key");
    assert_eq!(get(&[("authorization", &basic("bob", "the-password"))]).await.json()["principal"], "bob");
    for wrong in
        [basic("bob", "wrong"), basic("eve", "the-password"), "Basic !".to_owned(), "Bearer x".to_owned()]
    {
        assert_problem(&get(&[("authorization", &wrong)]).await, 401, "");
    }
    assert_problem(&get(&[("x-api-key", "wrong")]).await, 401, "");
    assert_problem(&get(&[("x-api-key", "")]).await, 401, "");
}

#[tokio::test]
async fn whoever_asks_too_often_is_told_when_to_come_back() {
    let server = with(
        "channels:\n  - {name: show, type: rest, path: /show, service: show.show, rate_limit: {rate: 3/h, by: address}}\n",
    )
    .await;
    for _ in 0..3 {
        assert_eq!(server.path_with(Method::GET, "/show", &[]).await.status, 200);
    }
    let refused = server.path_with(Method::GET, "/show", &[]).await;
    assert_problem(&refused, 429, "Too many requests");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
}

#[tokio::test]
async fn addresses_outside_of_the_list_are_refused() {
    let server = with(
        "channels:\n  - {name: show, type: rest, path: /show, service: show.show, allow_from: [10.0.0.0/8]}\n",
    )
    .await;
    assert_problem(&server.path_with(Method::GET, "/show", &[]).await, 403, "");
}

#[tokio::test]
async fn pages_of_other_origins_may_call_when_they_are_listed() {
    let server = with(
        "channels:\n  - {name: show, type: rest, path: /show, service: show.show, cors: {origins: [\"https://app.example.com\"]}}\n",
    )
    .await;
    let preflight = [("origin", "https://app.example.com"), ("access-control-request-method", "GET")];
    let answer = server.path_with(Method::OPTIONS, "/show", &preflight).await;
    assert_eq!(answer.header("access-control-allow-origin"), "https://app.example.com", "{answer:?}");
    let other = server.path_with(Method::GET, "/show", &[("origin", "https://evil.example.com")]).await;
    assert_eq!(other.header("access-control-allow-origin"), "");
}
