//! Services reach other systems over connections: from Python, through all layers, to a real server and back.

mod amqp;
mod governed;
mod http;
mod redis;
mod sql;

use crate::harness::Server;
use ::http::StatusCode;
use serde_json::Value;

/// Applies definitions, which must hold at once.
async fn apply(server: &Server, definitions: Value) {
    let answer = server.submit(&definitions, "test").await.unwrap();
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
}
