//! The standard library in the sandbox: what integration services rely on. The whole of it is measured by `cargo xtask gen stdlib`.

use crate::harness::Server;
use std::path::Path;

/// Facts in the file, at least: a list that was emptied by mistake would pass.
const AT_LEAST: u64 = 150;

#[tokio::test]
async fn what_services_rely_on_in_the_standard_library_holds() {
    let facts = Path::new(env!("CARGO_MANIFEST_DIR")).join("stdlib/facts.py");
    let server = Server::with("facts.py", std::fs::read(facts).unwrap()).await;
    let answer = server.get("facts.check").await;
    answer.good();
    let answer = answer.json();
    let wrong: Vec<_> =
        answer["wrong"].as_array().unwrap().iter().filter_map(serde_json::Value::as_str).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(answer["checked"].as_u64().unwrap() >= AT_LEAST, "{answer}");
}
