//! Definitions by the API, without a process for each call, and how far a server is.

use super::calls::{Answer, post};
use super::server::Server;
use super::{HANG, eventually};
use serde_json::{Value, json};

/// A REST channel without anything special.
pub(crate) fn rest(name: &str, path: &str, service: &str) -> Value {
    json!({"type": "rest", "name": name, "path": path, "service": service})
}

impl Server {
    /// Sends definitions, to be put on top of whatever this server knows.
    pub(crate) async fn submit(&self, definitions: &Value, message: &str) -> Result<Answer, String> {
        let body = json!({"submission": {"definitions": definitions}, "message": message});
        let url = format!("http://{}/api/v1/definitions/apply", self.admin);
        post(&self.http, &url, body.to_string()).await
    }

    /// Sends them until they are acknowledged, as an operator does who is told that others were quicker; their revision.
    pub(crate) async fn acknowledged(&self, definitions: &Value, message: &str) -> u64 {
        let sending = async {
            loop {
                let answer = self.submit(definitions, message).await.unwrap();
                if answer.status == 409 {
                    assert!(answer.text().contains("has changed since"), "{}", answer.text());
                    continue;
                }
                assert_eq!(answer.status, 200, "{message}: {}", answer.text());
                return answer.json()["revision"].as_u64().unwrap();
            }
        };
        tokio::time::timeout(HANG, sending).await.expect("others are quicker for ever")
    }

    /// What the server knows of the state and of those who share it.
    pub(crate) async fn cluster(&self) -> Value {
        self.admin_get("/api/v1/cluster").await.json()
    }

    /// Waits until this revision, and none after it, is live here.
    pub(crate) async fn until_live(&self, revision: u64) {
        eventually(&format!("revision {revision} is live at {}", self.admin), async || {
            let view = self.cluster().await;
            (view["live"] == revision && view["revision"] == revision).then_some(())
        })
        .await;
    }

    /// Number and message of the newest revisions, at most 1,000, oldest first.
    pub(crate) async fn history(&self) -> Vec<(u64, String)> {
        let listed = self.admin_get("/api/v1/revisions?limit=1000").await;
        assert_eq!(listed.status, 200, "{}", listed.text());
        let entry =
            |one: &Value| (one["revision"].as_u64().unwrap(), one["message"].as_str().unwrap().to_owned());
        listed.json().as_array().unwrap().iter().rev().map(entry).collect()
    }
}
