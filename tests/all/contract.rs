//! The admin API keeps what its OpenAPI document promises, whatever is sent to it: requests are made from the document, good ones
//! and bad ones, by Schemathesis.

use crate::harness::{Answer, Command, HELLO, Server, Setup, send};
use std::process::Stdio;

/// What is asked of each answer: no failure of the server, and nothing that the document does not name.
const CHECKS: &str =
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

const CONFIG: &str = include_str!("../schemathesis.toml");

fn admin_token(server: &Server) -> String {
    std::fs::read_to_string(server.data().join("admin.token")).unwrap().trim().to_owned()
}

async fn request(server: &Server, bearer: &str, path: &str) -> Answer {
    let request = http::Request::builder().uri(format!("http://{}{path}", server.admin));
    let request = request.header("authorization", bearer).body(http_body_util::Full::default()).unwrap();
    send(&server.http, request).await.unwrap()
}

async fn started() -> Server {
    let server = Setup::new().with_login().file("hello.py", HELLO).start().await;
    let text = "version: 1\nchannels:\n  - {name: a, type: rest, path: /a, service: hello.hello-world}\n";
    let file = server.write("caisson.yaml", text);
    let apply = Command::to(&server, ["apply", "-f", &file, "--yes"]);
    apply.env("CAISSON_TOKEN", &admin_token(&server)).run().await.good();
    server
}

/// Tries at most so many requests of each operation with this token. The same ones each time: what fails here fails everywhere.
async fn keeps_its_promises(server: &Server, token: &str, examples: u32) {
    let python = std::env::var_os("CAISSON_CLIENTS")
        .expect("CAISSON_CLIENTS is not set: run the tests with `cargo xtask test`, which installs it");
    let program = std::path::Path::new(&python).with_file_name("schemathesis");
    let config = server.write("schemathesis.toml", CONFIG);
    let mut command = tokio::process::Command::new(program);
    let bearer = format!("Bearer {}", admin_token(server));
    let document = request(server, &bearer, "/api/v1/openapi.json").await;
    let document = server.write("openapi.json", document.good());
    command.args(["--config-file", &config, "run", &document, "--url", &format!("http://{}", server.admin)]);
    command.args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing"]);
    command.args(["--max-examples", &examples.to_string(), "--generation-deterministic"]);
    command.args([
        "--suppress-health-check",
        "all",
        "--continue-on-failure",
        "--no-color",
        "--warnings",
        "off",
    ]);
    command.args(["--header", &format!("Authorization:Bearer {token}")]);
    command.current_dir(std::path::Path::new(&config).parent().unwrap());
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("No issues found"), "{said}");
    // Nothing of all that has harmed it.
    assert_eq!(server.admin_get("/healthz/ready").await.status, 200);
}

#[tokio::test]
async fn no_request_makes_the_api_fail_or_break_its_own_document() {
    let server = started().await;
    keeps_its_promises(&server, &admin_token(&server), 12).await;
}

#[tokio::test]
async fn those_who_may_only_look_and_strangers_get_documented_answers_too() {
    let server = started().await;
    let token = admin_token(&server);
    let made =
        Command::to(&server, ["admin", "create", "vic", "--role", "viewer"]).env("CAISSON_TOKEN", &token);
    let viewer = made.run().await.good().trim().to_owned();
    for token in [viewer.as_str(), "csn_of-a-stranger"] {
        keeps_its_promises(&server, token, 2).await;
    }
}
