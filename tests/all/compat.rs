//! What services of Zato use, deployed in the server: the cases that docs/zato.md is made of (`sdk-python/tests/compat`).

use crate::harness::{Answer, Server, Setup, send};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// One case: the package that it is deployed as, and what the file says of it.
struct Case {
    package: String,
    row: String,
    content: toml::Table,
}

impl Case {
    fn text(&self, name: &str) -> Option<&str> {
        self.content.get(name)?.as_str()
    }

    fn table(&self, name: &str) -> toml::Table {
        self.content.get(name).and_then(toml::Value::as_table).cloned().unwrap_or_default()
    }

    fn service(&self) -> String {
        self.text("service").map_or_else(|| format!("{}.api.case", self.package), str::to_owned)
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk-python/tests/compat")
}

fn cases() -> Vec<Case> {
    let mut files: Vec<_> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "toml")) {
        let section: toml::Table = std::fs::read_to_string(file).unwrap().parse().unwrap();
        let number: String = file.file_name().unwrap().to_str().unwrap().chars().take(2).collect();
        for (index, row) in section["row"].as_array().unwrap().iter().enumerate() {
            let listed = row.get("case").and_then(toml::Value::as_array).cloned().unwrap_or_default();
            for (one, case) in listed.iter().enumerate() {
                cases.push(Case {
                    package: format!("compat{number}x{index:02}x{one}"),
                    row: format!("{number} {}", row["name"].as_str().unwrap()),
                    content: case.as_table().unwrap().clone(),
                });
            }
        }
    }
    cases
}

/// All of them in one server: names of packages and services differ.
async fn serve(cases: &[Case]) -> Server {
    let mut setup = Setup::new();
    for case in cases {
        setup = setup.file(&format!("{}/api.py", case.package), case.text("source").unwrap());
        for (path, content) in case.table("files") {
            setup = setup.file(&format!("{}/{path}", case.package), content.as_str().unwrap());
        }
    }
    setup.start().await
}

async fn ask(server: &Server, case: &Case) -> Answer {
    let request = case.table("request");
    let text = |name: &str| request.get(name).and_then(toml::Value::as_str);
    let query = text("query").map_or_else(String::new, |query| format!("?{query}"));
    let method = text("method").unwrap_or(if text("body").is_some() { "POST" } else { "GET" });
    let mut builder =
        Request::builder().method(method).uri(format!("{}{query}", server.url(&case.service())));
    if let Some(kind) = text("content_type") {
        builder = builder.header("content-type", kind);
    }
    for (name, value) in request.get("headers").and_then(toml::Value::as_table).into_iter().flatten() {
        builder = builder.header(name, value.as_str().unwrap());
    }
    let body = Full::new(Bytes::from(text("body").unwrap_or_default().to_owned()));
    send(&server.http, builder.body(body).unwrap()).await.unwrap()
}

/// What is wrong with an answer.
fn check(expect: &toml::Table, answer: &Answer) -> Vec<String> {
    let text = |name: &str| expect.get(name).and_then(toml::Value::as_str);
    let shown = answer.text();
    let mut wrong = Vec::new();
    let status = expect.get("status").and_then(toml::Value::as_integer).unwrap_or(200);
    if i64::from(answer.status.as_u16()) != status {
        wrong.push(format!("the status is {}: {shown}", answer.status));
    }
    let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let says = if answer.status.as_u16() >= 400 { problem["details"].as_str() } else { None };
    if text("says").is_some_and(|says_| !says.unwrap_or(&shown).contains(says_)) {
        wrong.push(format!("it says {shown}"));
    }
    if text("body").is_some_and(|body| body != shown) {
        wrong.push(format!("the body is {shown}"));
    }
    let json = text("json").map(|json| serde_json::from_str::<Value>(json).unwrap());
    if json.is_some_and(|json| json != problem) {
        wrong.push(format!("the body is {shown}"));
    }
    for (name, value) in expect.get("headers").and_then(toml::Value::as_table).into_iter().flatten() {
        if Some(answer.header(name)) != value.as_str() {
            wrong.push(format!("the header {name} is {:?}", answer.header(name)));
        }
    }
    wrong
}

#[tokio::test]
async fn services_of_zato_do_what_the_document_says() {
    let cases = cases();
    assert!(cases.len() > 80, "{} cases were found", cases.len());
    let server = serve(&cases).await;
    let mut wrong = Vec::new();
    for case in &cases {
        if let Some(says) = case.text("refused") {
            server.refused(&case.package, says).await;
            continue;
        }
        server.version(&case.package, 1).await;
        let repeat = case.content.get("repeat").and_then(toml::Value::as_integer).unwrap_or(1);
        for _ in 0..repeat {
            let found = check(&case.table("expect"), &ask(&server, case).await);
            wrong.extend(found.into_iter().map(|found| format!("{}, {}: {found}", case.row, case.package)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
