//! `/openapi.json`: what callers read about channels is valid, true, and says no more than the operator wants.

use crate::harness::{Command, HANG, Server, Setup, assert_problem, eventually, rust_guest};
use http::Method;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Output, Stdio};
use tokio::io::AsyncWriteExt as _;

/// What is asked of each answer: no failure of the server, and nothing that the document does not say.
const CHECKS: &str =
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

const SETTINGS: &str = r##"
[schemas]
input = '''{
    "type": "object", "required": ["id", "note", "items"],
    "properties": {
        "id": {"type": "integer"}, "note": {"type": "string"},
        "items": {"type": "array", "items": {"$ref": "#/$defs/Item"}}
    },
    "$defs": {"Item": {
        "type": "object", "required": ["sku", "qty", "price"],
        "properties": {
            "sku": {"type": "string"},
            "qty": {"type": "number", "minimum": 0, "maximum": 1000},
            "price": {"type": "number", "minimum": 0, "maximum": 1000}
        }
    }}
}'''
output = '''{
    "type": "object", "required": ["orderId", "total", "lines", "note"],
    "properties": {
        "orderId": {}, "total": {"type": "number"}, "note": {"type": "string"},
        "lines": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}, "amount": {"type": "number"}}}}
    }
}'''
"##;

const CHANNELS: &str = "\
security:
  - {name: internal-partner, type: api-key, header: X-Partner, key: \"${env:KEY}\"}
channels:
  - {name: orders, type: rest, path: /orders, methods: [POST], service: order, data_format: json, openapi: true}
  - {name: guarded, type: rest, path: \"/guarded/{id}\", methods: [PUT], service: order, security: [internal-partner], openapi: true}
  - {name: hidden, type: rest, path: /hidden, service: order}
";

async fn serving(setup: Setup) -> Server {
    let setup = setup.file("order/order.wasm", rust_guest("order")).file("order/service.toml", SETTINGS);
    let server = setup.start().await;
    let token = std::fs::read_to_string(server.data().join("admin.token")).unwrap_or_default();
    let file = server.write("caisson.yaml", format!("version: 1\n{CHANNELS}"));
    let apply = Command::to(&server, ["apply", "-f", &file, "--yes"]);
    apply.env("KEY", "the-key").env("CAISSON_TOKEN", token.trim()).run().await.good();
    server
}

/// One of the programs of the clients' environment.
fn program(name: &str) -> PathBuf {
    let python = std::env::var_os("CAISSON_CLIENTS")
        .expect("CAISSON_CLIENTS is not set: run the tests with `cargo xtask test`, which installs it");
    PathBuf::from(python).with_file_name(name)
}

async fn run(mut command: tokio::process::Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin);
    tokio::time::timeout(HANG * 5, child.wait_with_output()).await.expect("it does not end").unwrap()
}

async fn document(server: &Server) -> Value {
    let answer = server.path_with(Method::GET, "/openapi.json", &[]).await;
    assert_eq!(answer.header("content-type"), "application/json");
    answer.good();
    answer.json()
}

/// It is what the OpenAPI Initiative says a document is.
async fn is_valid(document: &Value) {
    let mut command = tokio::process::Command::new(program("python"));
    command.args(["-I", concat!(env!("CARGO_MANIFEST_DIR"), "/data/openapi/validate.py")]);
    let output = run(command, &document.to_string()).await;
    assert!(output.status.success(), "{}\n{document:#}", String::from_utf8_lossy(&output.stderr));
}

fn paths(document: &Value) -> Vec<&str> {
    document["paths"].as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn what_operators_publish_is_described_and_nothing_else() {
    let server = serving(Setup::new().with_login()).await;
    let document = document(&server).await;
    is_valid(&document).await;
    assert_eq!(paths(&document), ["/guarded/{id}", "/orders"]);
    let text = document.to_string();
    for secret in ["internal-partner", "the-key", "hidden", env!("CARGO_PKG_VERSION")] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let guarded = &document["paths"]["/guarded/{id}"]["put"];
    assert_eq!(guarded["security"], json!([{"api-key.x-partner": []}]));
    assert_eq!(guarded["parameters"][0]["schema"], json!({"type": "integer"}));
    let said = server.path_with(Method::PUT, "/guarded/1", &[]).await;
    assert_problem(&said, 401, "");
}

#[tokio::test]
async fn it_follows_deployments_and_definitions() {
    let server = serving(Setup::new().with_login()).await;
    let first = server.path_with(Method::GET, "/openapi.json", &[]).await;
    let tag = first.header("etag").to_owned();
    let known = [("if-none-match", tag.as_str())];
    assert_eq!(server.path_with(Method::GET, "/openapi.json", &known).await.status, 304);
    assert!(document(&server).await["components"]["schemas"].get("order.input").is_some());
    server.save("order/service.toml", "");
    eventually("the document without the schemas", async || {
        document(&server).await["components"]["schemas"].get("order.input").is_none().then_some(())
    })
    .await;
    assert_eq!(server.path_with(Method::GET, "/openapi.json", &known).await.status, 200);
}

#[tokio::test]
async fn in_development_services_are_described_where_they_answer() {
    let server = serving(Setup::new()).await;
    let document = document(&server).await;
    is_valid(&document).await;
    assert_eq!(paths(&document), ["/guarded/{id}", "/orders", "/services/order"]);
    let shown = server.admin_get("/api/v1/services/order").await.json();
    assert_eq!(shown["input_schema"]["required"], json!(["id", "note", "items"]));
}

#[tokio::test]
async fn the_option_is_known_by_its_name_only() {
    let server = Setup::new().start().await;
    let text = "version: 1\nchannels:\n  - {name: a, type: rest, path: /a, service: b, openapy: true}\n";
    let file = server.write("caisson.yaml", text);
    let ended = Command::to(&server, ["apply", "-f", &file, "--yes"]).run().await;
    let said = &ended.stderr;
    assert!(ended.code != 0 && said.contains("openapy") && said.contains("`openapi`"), "{said}");
}

#[tokio::test]
async fn no_request_that_is_made_from_it_makes_it_a_lie() {
    let server = serving(Setup::new().with_login()).await;
    let file = server.write("openapi.json", document(&server).await.to_string());
    let mut command = tokio::process::Command::new(program("schemathesis"));
    command.args(["run", &file, "--url", &format!("http://{}", server.listen)]);
    command.args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", "20"]);
    command.args(["--generation-deterministic", "--suppress-health-check", "all", "--continue-on-failure"]);
    command.args(["--no-color", "--warnings", "off", "--header", "X-Partner:the-key"]);
    command.current_dir(PathBuf::from(&file).parent().unwrap());
    let output = run(command, "").await;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("No issues found"), "{said}");
}
