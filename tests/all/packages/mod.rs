//! Packages that cannot be deployed: each is reported by name and reason, the others run, and the server is ready.

mod archives;
mod components;
mod python;
mod vendored;

use crate::harness::{Healthy, Server};
use serde_json::Value;

/// Waits until a package that was just saved is refused; says what is wrong with how that was reported. All these texts
/// have to be in the error.
async fn check_refused(server: &Server, package: &str, says: &[&str]) -> (Value, Vec<String>) {
    let status = server.refused(package, "").await;
    let message = status["error"]["message"].as_str().unwrap();
    let missing = says.iter().filter(|part| !message.contains(**part));
    let mut wrong: Vec<String> =
        missing.map(|part| format!("{package}: {part:?} is not in: {message}")).collect();
    if status["state"] != "broken" {
        wrong.push(format!("{package}: its state is {}", status["state"]));
    }
    server.log_says(&format!("package {package} was refused")).await;
    assert_eq!(server.admin_get("/healthz/ready").await.status, 200);
    (status, wrong)
}

/// As [`check_refused`], and nothing is wrong.
async fn assert_refused(server: &Server, package: &str, says: &[&str]) -> Value {
    let (status, wrong) = check_refused(server, package, says).await;
    assert!(wrong.is_empty(), "{wrong:#?}");
    status
}

/// A server with a healthy service that is being called.
async fn watched() -> (Server, Healthy) {
    let server = Server::with("healthy.py", crate::harness::HEALTHY).await;
    let healthy = Healthy::watch(&server);
    (server, healthy)
}
