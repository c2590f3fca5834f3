use super::*;
use caisson_capability::{Body, Shape};
use caisson_definition::{Channel, Security};
use http::header::IF_NONE_MATCH;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

struct Fake {
    generation: AtomicU64,
}

impl Shapes for Fake {
    fn shape(&self, service: &str) -> Option<Arc<Shape>> {
        let line = json!({"type": "object", "properties": {"sku": {"type": "string"}}});
        let input = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "required": ["id", "lines"],
            "properties": {
                "id": {"type": "integer"},
                "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
            },
            "$defs": {"Line": line},
        });
        let doc = Some("Takes an order.".to_owned());
        (service == "shop.order").then(|| {
            Arc::new(Shape { doc, input: Some(input.clone()), output: Some(json!({"type": "object"})) })
        })
    }

    fn services(&self) -> Vec<Arc<str>> {
        vec!["shop.order".into(), "shop.plain".into()]
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }
}

fn fake() -> Fake {
    Fake { generation: AtomicU64::new(0) }
}

fn published(channels: Value, dev: bool) -> Published {
    let channels: Vec<Channel> = serde_json::from_value(channels).unwrap();
    let security: Vec<Security> = serde_json::from_value(json!([
        {"name": "key", "type": "api-key", "header": "X-Key", "key": "very secret"},
        {"name": "who", "type": "basic-auth", "username": "ada", "password": "very secret"},
        {"name": "any", "type": "group", "members": ["key", "who"]},
        {"name": "unused", "type": "basic-auth", "username": "bob", "password": "very secret"},
    ]))
    .unwrap();
    Published::new(&channels, &security, dev)
}

fn described(published: &Published) -> Value {
    document::document(published, &fake())
}

#[test]
fn only_what_the_operator_lets_be_described_is() {
    let published = published(
        json!([
            {"name": "a", "type": "rest", "path": "/a", "service": "shop.order", "openapi": true},
            {"name": "b", "type": "rest", "path": "/b", "service": "shop.order"},
            {"name": "c", "type": "rest", "path": "/c", "service": "shop.order", "openapi": true, "enabled": false},
        ]),
        false,
    );
    let document = described(&published);
    assert_eq!(document["paths"].as_object().unwrap().keys().collect::<Vec<_>>(), ["/a"]);
    assert!(!published.is_empty());
    assert!(Published::default().is_empty());
}

#[test]
fn path_query_and_body_take_the_declared_fields_apart() {
    let channel = json!([{"name": "orders", "type": "rest", "path": "/orders/{id}", "methods": ["GET", "PUT"],
        "service": "shop.order", "openapi": true, "security": ["any"], "rate_limit": {"rate": "1/s"}}]);
    let document = described(&published(channel, false));
    let path = &document["paths"]["/orders/{id}"];
    let names = |method: &str| -> Vec<(String, String)> {
        let all = path[method]["parameters"].as_array().unwrap();
        all.iter()
            .map(|one| (one["in"].as_str().unwrap().to_owned(), one["name"].as_str().unwrap().to_owned()))
            .collect()
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(names("get"), [pair("path", "id"), pair("query", "lines")]);
    assert_eq!(path["get"]["parameters"][0]["schema"], json!({"type": "integer"}));
    assert_eq!(names("put"), [pair("path", "id")]);
    let body = &path["put"]["requestBody"];
    assert_eq!(body["required"], true);
    let schema = &body["content"]["application/json"]["schema"];
    assert_eq!(schema["required"], json!(["lines"]));
    assert_eq!(schema["properties"]["lines"]["items"]["$ref"], "#/components/schemas/shop.order.Line");
    assert!(schema.get("$schema").is_none() && schema.get("$defs").is_none());
    assert!(document["components"]["schemas"]["shop.order.Line"]["properties"]["sku"].is_object());
    assert_eq!(path["put"]["security"], json!([{"key": []}, {"who": []}]));
    assert_eq!(path["put"]["summary"], "Takes an order.");
    for status in ["200", "400", "401", "403", "429", "500", "503"] {
        assert!(path["put"]["responses"][status].is_object(), "{status}");
    }
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["key"], json!({"type": "apiKey", "in": "header", "name": "X-Key"}));
    assert!(schemes.get("unused").is_none());
    assert!(!document.to_string().contains("very secret"));
}

#[test]
fn in_development_every_service_is_described() {
    let document = described(&published(json!([]), true));
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.keys().collect::<Vec<_>>(), ["/services/shop.order", "/services/shop.plain"]);
    assert_eq!(
        paths["/services/shop.plain"]["post"]["requestBody"],
        json!({"content": {"application/json": {}}})
    );
}

fn ask(kept: &Kept, shapes: &Fake, method: Method, tag: Option<&str>) -> Result<Response, u16> {
    let published = published(json!([]), true);
    let mut request = http::Request::builder().method(method).uri(PATH);
    if let Some(tag) = tag {
        request = request.header(IF_NONE_MATCH, tag);
    }
    let head = request.body(()).unwrap().into_parts().0;
    serve(&published, kept, shapes, &head)
        .map_err(|failure| failure.error.status.unwrap_or(failure.error.kind as u16))
}

fn bytes(response: &Response) -> Bytes {
    match &response.body {
        Body::Whole(bytes) => bytes.clone(),
        Body::Stream(_) => panic!("in pieces"),
    }
}

#[test]
fn it_is_kept_until_services_change_and_has_a_tag() {
    let (kept, shapes) = (Kept::default(), fake());
    let first = ask(&kept, &shapes, Method::GET, None).unwrap();
    let again = ask(&kept, &shapes, Method::GET, None).unwrap();
    assert_eq!(bytes(&first).as_ptr(), bytes(&again).as_ptr(), "the same bytes");
    let tag = first.headers.iter().find(|(name, _)| name == "etag").unwrap().1.clone();
    assert_eq!(ask(&kept, &shapes, Method::GET, Some(&tag)).unwrap().status, 304);
    shapes.generation.store(1, Ordering::Relaxed);
    let newer = ask(&kept, &shapes, Method::GET, None).unwrap();
    assert_ne!(bytes(&first).as_ptr(), bytes(&newer).as_ptr(), "made anew");
    assert!(ask(&kept, &shapes, Method::POST, None).is_err());
}
