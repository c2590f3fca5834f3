//! What is the same for all capabilities, with a server in this process.

use crate::harness::{Reply, Seen, Server, answer, get, ok};
use caisson_capability::{Capability, Error, Lease};
use caisson_conformance::Subject;
use caisson_http::{Client, Http, send};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

caisson_conformance::suite!(Echo);

const TOKEN: &str = "a-token-that-nobody-sees";

/// Answers `/echo/N` by `N`, and `/wait` never.
struct Echo(Server);

fn echo(seen: &Seen) -> Reply {
    if seen.header("authorization") != Some(&format!("Bearer {TOKEN}")) {
        return answer("401 Unauthorized", "", b"");
    }
    let path = seen.line().split(' ').nth(1).unwrap();
    match path.strip_prefix("/echo/") {
        Some(number) => ok(number),
        None if path == "/wait" => Reply::Hang(Vec::new()),
        None => ok(""),
    }
}

impl Subject for Echo {
    type Client = Client;

    const OPERATION: &'static str = "send";

    const SAMPLE: &'static str = include_str!("../../sample.yaml");

    async fn start() -> Self {
        Self(Server::start(echo).await)
    }

    fn capability(&self) -> Arc<dyn Capability> {
        Arc::new(Http::default())
    }

    fn server(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.0.port).into()
    }

    fn options(&self, address: SocketAddr) -> Value {
        json!({
            "url": format!("http://{address}"), "networks": ["loopback"], "auth": {"type": "bearer", "token": TOKEN},
        })
    }

    fn secret(&self) -> Option<&str> {
        Some(TOKEN)
    }

    fn wrong(&self, address: SocketAddr) -> Vec<(Value, &'static str)> {
        let with = |name: &str, value: Value| {
            let mut options = self.options(address);
            options[name] = value;
            options
        };
        vec![
            (with("url", json!(format!("ftp://user:{TOKEN}@{address}"))), "url"),
            (with("auth", json!({"type": "api-key", "key": TOKEN})), "auth"),
            (with("auth", json!({"type": "bearer", "token": format!("{TOKEN}\n")})), "auth/token"),
            (with("tls", json!({"ca": TOKEN})), "tls/ca"),
        ]
    }

    async fn work(&self, lease: Lease<Client>, number: u64) -> Result<(), Error> {
        let answer = send(&lease, get(&format!("/echo/{number}"))).await?;
        assert_eq!(answer.status, 200);
        assert_eq!(String::from_utf8(answer.body).unwrap(), number.to_string(), "an answer to another call");
        Ok(())
    }

    fn slow(&self, lease: Lease<Client>) -> Option<impl Future<Output = Result<(), Error>> + Send> {
        Some(async move { send(&lease, get("/wait")).await.map(drop) })
    }
}
