//! The document that describes published channels.

use crate::channels::routes;
use crate::harness::Server;
use caisson_capability::{Describe, Description, Schemas};
use caisson_channel::{Routes, Table};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// One service `s`, whose documentation may change.
#[derive(Default)]
pub(crate) struct Services {
    pub(crate) doc: Mutex<String>,
    pub(crate) schemas: Schemas,
    pub(crate) generation: AtomicU64,
    /// How often somebody has asked.
    pub(crate) asked: AtomicU64,
}

impl Describe for Services {
    fn names(&self) -> Vec<Arc<str>> {
        vec!["s".into()]
    }

    fn describe(&self, service: &str) -> Option<Arc<Description>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let doc = Some(self.doc.lock().unwrap().clone());
        (service == "s").then(|| Arc::new(Description { doc, schemas: self.schemas.clone() }))
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }
}

fn channel(name: &str, more: Value) -> Value {
    let mut channel = json!({"type": "rest", "name": name, "path": format!("/{name}"), "service": "s"});
    channel.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    channel
}

async fn serving(routes: Routes) -> (Server, Arc<Table>, Arc<Services>) {
    let services = Arc::new(Services::default());
    let table = Arc::new(Table::new(routes).described_by(Arc::clone(&services) as Arc<dyn Describe>));
    (Server::serving(Arc::clone(&table)).await, table, services)
}

fn request(method: &str, more: &str) -> String {
    format!("{method} /openapi.json HTTP/1.1\r\nHost: h\r\n{more}\r\n")
}

#[tokio::test]
async fn only_published_channels_are_described() {
    let all = json!([
        channel("told", json!({"openapi": true, "security": ["key"]})),
        channel("hidden", json!({})),
        channel("off", json!({"openapi": true, "enabled": false})),
    ]);
    let key = json!([{"type": "api-key", "name": "key", "header": "X-Secret", "key": "k"}]);
    let (server, ..) = serving(routes(key, all)).await;
    let answer = server.ask(&request("GET", "")).await;
    assert_eq!(answer.expect(200).header("content-type"), Some("application/json"));
    let document: Value = serde_json::from_str(&answer.body).unwrap();
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths, ["/told"]);
    assert_eq!(document["paths"]["/told"]["get"]["security"], json!([{"api-key.x-secret": []}]));
    assert_eq!(server.fake.count(), 0);
}

#[tokio::test]
async fn without_any_there_is_no_document_and_an_operators_own_wins() {
    let (server, table, _) = serving(routes(json!([]), json!([channel("hidden", json!({}))]))).await;
    server.ask(&request("GET", "")).await.expect(404);
    let own = channel("own", json!({"path": "/openapi.json", "methods": ["GET"]}));
    table.swap(routes(json!([]), json!([own, channel("told", json!({"openapi": true}))])));
    server.ask(&request("GET", "")).await.expect(200);
    assert_eq!(server.fake.count(), 1);
}

#[tokio::test]
async fn it_is_read_and_nothing_else() {
    let (server, ..) = serving(Routes::dev()).await;
    let mut client = server.connect().await;
    client.send(request("HEAD", "")).await;
    let head = client.answer_to("HEAD").await;
    assert!(head.expect(200).header("content-length") != Some("0"), "{head:?}");
    let refused = server.ask(&request("POST", "Content-Length: 0\r\n")).await;
    let allow = refused.expect(405).header("allow").unwrap_or_default().to_owned();
    assert_eq!(allow, "GET, HEAD, OPTIONS");
    assert_eq!(server.ask(&request("OPTIONS", "")).await.expect(204).header("allow"), Some(allow.as_str()));
}

#[tokio::test]
async fn it_is_made_anew_when_routes_or_services_change_and_not_otherwise() {
    let told = || json!([channel("told", json!({"openapi": true, "methods": ["GET"]}))]);
    let (server, table, services) = serving(routes(json!([]), told())).await;
    let first = server.ask(&request("GET", "")).await;
    let tag = first.expect(200).header("etag").unwrap().to_owned();
    let asked = services.asked.load(Ordering::Relaxed);
    let known = request("GET", &format!("If-None-Match: {tag}\r\n"));
    for _ in 0..3 {
        let again = server.ask(&known).await;
        assert_eq!(again.expect(304).body, "");
    }
    assert_eq!(services.asked.load(Ordering::Relaxed), asked);
    *services.doc.lock().unwrap() = "Says more.".to_owned();
    services.generation.fetch_add(1, Ordering::Relaxed);
    assert!(server.ask(&known).await.expect(200).body.contains("Says more."));
    table.swap(routes(json!([]), json!([channel("other", json!({"openapi": true}))])));
    assert!(server.ask(&known).await.expect(200).body.contains("/other"));
}
