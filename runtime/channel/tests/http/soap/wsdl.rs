//! The description of a channel.

use super::{TEXT_XML, V11, serving};
use crate::channels::routes;
use crate::harness::Server;
use crate::openapi::Services;
use caisson_capability::{Describe, Schemas};
use caisson_channel::Table;
use serde_json::json;
use std::sync::Arc;

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: example.com:8\r\n\r\n")
}

#[tokio::test]
async fn a_description_is_made_of_what_is_known() {
    let more =
        json!({"namespace": "urn:o", "operations": {"Get": "a.get", "Put": "a.put"}, "versions": "1.2"});
    let server = serving(json!([]), more).await;
    for query in ["wsdl", "WSDL", "wsdl=1"] {
        let answer = server.ask(&get(&format!("/soap?{query}"))).await;
        assert_eq!(answer.expect(200).header("content-type"), Some(TEXT_XML));
        for part in [
            "targetNamespace=\"urn:o\"",
            "soapAction=\"urn:o#Get\"",
            "name=\"PutResponse\"",
            "location=\"http://example.com:8/soap\"",
            "soap12:binding",
        ] {
            assert!(answer.body.contains(part), "{part}: {}", answer.body);
        }
        assert!(!answer.body.contains("soap:binding"), "{}", answer.body);
    }
    assert_eq!(server.fake.count(), 0);
}

#[tokio::test]
async fn a_channel_that_names_no_operations_is_described_by_one() {
    let server = serving(json!([]), json!({})).await;
    let answer = server.ask(&get("/soap?wsdl")).await;
    assert!(answer.expect(200).body.contains("name=\"Invoke\""), "{}", answer.body);
    assert!(answer.body.contains("targetNamespace=\"urn:s\""), "{}", answer.body);
}

#[tokio::test]
async fn a_description_of_the_operators_own_is_served_as_it_is() {
    let server = serving(json!([]), json!({"wsdl": "<wsdl/>\n"})).await;
    assert_eq!(server.ask(&get("/soap?wsdl")).await.expect(200).body, "<wsdl/>\n");
    let head = get("/soap?wsdl").replace("GET", "HEAD");
    let mut client = server.connect().await;
    client.send(head).await;
    let answer = client.answer_to("HEAD").await;
    assert_eq!(answer.expect(200).header("content-length"), Some("8"));
}

#[tokio::test]
async fn other_methods_are_told_that_only_post_is_answered() {
    let server = serving(json!([]), json!({})).await;
    for path in ["/soap", "/soap?x=wsdl"] {
        let answer = server.ask(&get(path)).await;
        assert_eq!(answer.expect_fault(V11, 405, "Client", "answers POST").header("allow"), Some("POST"));
    }
    server.ask(&get("/soap").replace("GET", "PUT")).await.expect(405);
    assert_eq!(server.fake.count(), 0);
}

#[tokio::test]
async fn a_description_is_for_those_who_may_call() {
    let key = json!({"type": "api-key", "name": "key", "key": "right"});
    let wss = json!({"type": "wss", "name": "partner", "username": "ann", "password": "p"});
    let server = serving(json!([key.clone()]), json!({"security": ["key"]})).await;
    server.ask(&get("/soap?wsdl")).await.expect_fault(V11, 401, "Client", "Unauthorized");
    let with_key = get("/soap?wsdl").replace("\r\n\r\n", "\r\nX-API-Key: right\r\n\r\n");
    server.ask(&with_key).await.expect(200);
    // Who proves it in the message cannot prove it before there is one.
    let server = serving(json!([key, wss]), json!({"security": ["key", "partner"]})).await;
    server.ask(&get("/soap?wsdl")).await.expect(200);
}

#[tokio::test]
async fn what_a_service_declares_is_in_the_description_and_what_is_no_object_is_anything() {
    let input = json!({
        "type": "object", "required": ["id", "lines"],
        "properties": {
            "id": {"type": "integer"},
            "lines": {"type": "array", "items": {"type": "object", "properties": {"day": {"type": "string", "format": "date"}}}},
        },
    });
    let schemas = Schemas { input: Some(input.to_string()), output: Some("[]".to_owned()) };
    let services: Arc<dyn Describe> = Arc::new(Services { schemas, ..Services::default() });
    let operations = json!({"Put": "s", "Other": "unknown"});
    let channel = json!({"type": "soap", "name": "s", "path": "/soap", "operations": operations});
    let table = Table::new(routes(json!([]), json!([channel]))).described_by(services);
    let server = Server::serving(Arc::new(table)).await;
    let answer = server.ask(&get("/soap?wsdl")).await;
    let elements: Vec<&str> = answer
        .expect(200)
        .body
        .split("<xsd:element ")
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
        .collect();
    let expected = [
        r#"name="Other""#,
        r#"name="OtherResponse""#,
        r#"name="Put""#,
        r#"name="id" type="xsd:integer"/"#,
        r#"name="lines" minOccurs="0" maxOccurs="unbounded""#,
        r#"name="day" minOccurs="0" nillable="true" type="xsd:date"/"#,
        r#"name="PutResponse""#,
    ];
    assert_eq!(elements, expected, "{}", answer.body);
}
