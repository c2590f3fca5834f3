//! The document, from definitions and what services declare.

use super::*;
use caisson_capability::{Body, Describe, Description, Schemas};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Services by name: what they take and what they answer.
struct Services(BTreeMap<String, Arc<Description>>);

impl Services {
    fn of(all: &[(&str, Value, Value)]) -> Self {
        let text = |value: &Value| (!value.is_null()).then(|| value.to_string());
        let one = |(name, input, output): &(&str, Value, Value)| {
            let schemas = Schemas { input: text(input), output: text(output) };
            ((*name).to_owned(), Arc::new(Description { doc: Some(format!("Does {name}.")), schemas }))
        };
        Self(all.iter().map(one).collect())
    }
}

impl Describe for Services {
    fn names(&self) -> Vec<Arc<str>> {
        self.0.keys().map(|name| name.as_str().into()).collect()
    }

    fn describe(&self, service: &str) -> Option<Arc<Description>> {
        self.0.get(service).cloned()
    }

    fn generation(&self) -> u64 {
        0
    }
}

fn published(channel: &str, methods: &[&'static str], path: &str, service: &str) -> Published {
    Published {
        channel: channel.to_owned(),
        path: path.to_owned(),
        methods: methods.to_vec(),
        service: service.to_owned(),
        data_format: None,
        credentials: Vec::new(),
        is_guarded: false,
    }
}

fn document(published: &[Published], dev: Option<&str>, services: &Services) -> Value {
    let made = make(&published.iter().collect::<Vec<_>>(), dev, services);
    let Body::Whole(bytes) = made.answer(&HeaderMap::new()).body else { panic!("a whole body") };
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    references_lead_somewhere(&document, &document);
    document
}

fn references_lead_somewhere(value: &Value, document: &Value) {
    match value {
        Value::Object(fields) => {
            if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                assert!(document.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference}");
            }
            fields.values().for_each(|value| references_lead_somewhere(value, document));
        }
        Value::Array(items) => items.iter().for_each(|item| references_lead_somewhere(item, document)),
        _ => {}
    }
}

fn order() -> Value {
    json!({
        "type": "object",
        "properties": {"id": {"type": "integer"}, "note": {"type": "string"}, "to": {"$ref": "#/$defs/Address"}},
        "required": ["id", "to"],
        "$defs": {"Address": {"type": "object", "properties": {"street": {"type": "string"}}}},
    })
}

#[test]
fn parameters_of_the_path_and_the_query_come_from_the_declared_input() {
    let services = Services::of(&[("crm.order", order(), json!({"type": "object"}))]);
    let document = document(&[published("o", &["GET", "HEAD"], "/o/{id}/{x}", "crm.order")], None, &services);
    let operation = &document["paths"]["/o/{id}/{x}"]["get"];
    let told: Vec<String> = operation["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            format!(
                "{} {} {} {}",
                one["name"].as_str().unwrap(),
                one["in"].as_str().unwrap(),
                one["required"],
                one["schema"]
            )
        })
        .collect();
    let expected = [
        r#"id path true {"type":"integer"}"#,
        r#"x path true {"type":"string"}"#,
        r#"note query false {"type":"string"}"#,
        r##"to query true {"$ref":"#/components/schemas/Address"}"##,
    ];
    assert_eq!(told, expected);
    assert!(operation.get("requestBody").is_none() && document["paths"]["/o/{id}/{x}"].get("head").is_none());
    assert_eq!(
        (&operation["operationId"], &operation["summary"]),
        (&json!("o.get"), &json!("Does crm.order."))
    );
    assert_eq!(operation["tags"], json!(["crm"]));
    let good = &operation["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(good["$ref"], "#/components/schemas/crm.order.output");
}

#[test]
fn a_body_has_what_is_not_in_the_path() {
    let services =
        Services::of(&[("crm.order", order(), Value::Null), ("crm.any", Value::Null, Value::Null)]);
    let all = [
        published("a", &["POST"], "/a", "crm.order"),
        published("b", &["PUT"], "/b/{id}", "crm.order"),
        published("c", &["PATCH"], "/c", "crm.any"),
        Published { data_format: Some(DataFormat::Form), ..published("d", &["POST"], "/d", "crm.order") },
    ];
    let document = document(&all, None, &services);
    let body = |path: &str, method: &str| document["paths"][path][method]["requestBody"].clone();
    let whole = json!({"$ref": "#/components/schemas/crm.order.input"});
    assert_eq!(
        body("/a", "post"),
        json!({"required": true, "content": {"application/json": {"schema": whole}}})
    );
    let rest = body("/b/{id}", "put")["content"]["application/json"]["schema"].clone();
    assert_eq!((&rest["required"], rest["properties"].get("id")), (&json!(["to"]), None));
    assert_eq!(body("/c", "patch"), json!({"required": false, "content": {"*/*": {"schema": {}}}}));
    assert!(body("/d", "post")["content"].get("multipart/form-data").is_some());
    assert!(document["paths"]["/c"]["patch"]["responses"]["200"]["content"].get("*/*").is_some());
}

#[test]
fn definitions_of_one_name_are_one_component_only_if_they_are_the_same() {
    let other = json!({
        "properties": {"to": {"$ref": "#/$defs/Address"}, "up": {"$ref": "#"}},
        "$defs": {"Address": {"type": "string"}},
    });
    let services = Services::of(&[("a", order(), order()), ("b", other, Value::Null)]);
    let all = [published("a", &["POST"], "/a", "a"), published("b", &["POST", "PUT"], "/b", "b")];
    let document = document(&all, None, &services);
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let names: Vec<&str> = schemas.keys().map(String::as_str).collect();
    assert_eq!(names, ["Address", "Address.2", "Error", "a.input", "a.output", "b.input"]);
    assert_eq!(schemas["b.input"]["properties"]["to"]["$ref"], "#/components/schemas/Address.2");
    assert_eq!(schemas["b.input"]["properties"]["up"]["$ref"], "#/components/schemas/b.input");
}

#[test]
fn a_guest_can_put_nothing_but_a_schema_into_it() {
    let hostile = json!({
        "$id": "http://evil.example/", "$schema": 7, "x-logo": "y", "type": ["object", "evil"], "required": "all",
        "properties": {
            "a": {"$ref": "http://evil.example/x"}, "b": {"$ref": "#/$defs/Gone"}, "c": {"$ref": "#/properties/a"}, "d": 5,
            "e": {"enum": [], "allOf": [], "minLength": -1, "multipleOf": 0, "pattern": {}, "items": [{}], "type": "text"},
            "$ref": {"type": "string"}, "properties": {"type": "array", "items": true},
        },
        "$defs": {"../x y": {"const": {"$ref": "kept as data"}}, "n": null},
    });
    let services = Services::of(&[("s", hostile, Value::Null)]);
    let made = make(&[&published("s", &["POST"], "/s", "s")], None, &services);
    let Body::Whole(bytes) = made.answer(&HeaderMap::new()).body else { panic!("a whole body") };
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    let expected = json!({"properties": {
        "a": {}, "b": {}, "c": {}, "d": true, "e": {}, "$ref": {"type": "string"}, "properties": {"type": "array", "items": true},
    }});
    assert_eq!(document["components"]["schemas"]["s.input"], expected);
    assert_eq!(document["components"]["schemas"][".._x_y"], json!({"const": {"$ref": "kept as data"}}));
    assert!(!document.to_string().contains("evil"), "{document}");
}

#[test]
fn credentials_are_named_by_their_kind_and_not_by_their_definition() {
    let header = "x-api-key".to_owned();
    let guarded = Published {
        credentials: vec![
            Credentials::Basic,
            Credentials::Bearer,
            Credentials::ApiKey { header },
            Credentials::Certificate,
        ],
        is_guarded: true,
        ..published("g", &["GET"], "/g", "s")
    };
    let document = document(&[guarded, published("o", &["GET"], "/o", "s")], None, &Services::of(&[]));
    let named = json!([{"basic": []}, {"bearer": []}, {"api-key.x-api-key": []}, {"certificate": []}]);
    assert_eq!(document["paths"]["/g"]["get"]["security"], named);
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["api-key.x-api-key"], json!({"type": "apiKey", "in": "header", "name": "x-api-key"}));
    assert_eq!(
        (&schemes["bearer"]["scheme"], &schemes["certificate"]["type"]),
        (&json!("bearer"), &json!("mutualTLS"))
    );
    let open = &document["paths"]["/o"]["get"];
    assert!(open.get("security").is_none() && open["responses"].get("401").is_none(), "{open}");
    assert!(document["paths"]["/g"]["get"]["responses"].get("403").is_some());
}

#[test]
fn paths_that_differ_in_names_only_are_one_and_the_first_of_two_channels_counts() {
    let all = [
        published("one", &["GET"], "/a//{x}", "s.one"),
        published("two", &["GET", "POST"], "/a/{y}", "s.two"),
        published("two.get", &["DELETE"], "/b", "s.two"),
        published("two", &["GET"], "/c", "s.two"),
    ];
    let input = json!({"properties": {"y": {"type": "integer"}}});
    let services = Services::of(&[("s.two", input, Value::Null)]);
    let document = document(&all, None, &services);
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.keys().map(String::as_str).collect::<Vec<_>>(), ["/a/{x}", "/b", "/c"]);
    assert_eq!(paths["/a/{x}"]["get"]["operationId"], "one.get");
    let post = &paths["/a/{x}"]["post"];
    assert_eq!(
        post["parameters"][0],
        json!({"name": "x", "in": "path", "required": true, "schema": {"type": "integer"}})
    );
    let ids = [&paths["/b"]["delete"]["operationId"], &paths["/c"]["get"]["operationId"]];
    assert_eq!(ids, ["two.get.delete", "two.get"]);
}

#[test]
fn in_development_every_service_is_described_where_it_answers() {
    let services = Services::of(&[
        ("a.b", json!({"properties": {"n": {"type": "integer"}}}), Value::Null),
        ("x{y", Value::Null, Value::Null),
    ]);
    let document = document(&[], Some("/services/"), &services);
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.keys().map(String::as_str).collect::<Vec<_>>(), ["/services/a.b", "/services/x%7By"]);
    assert_eq!(paths["/services/a.b"]["get"]["parameters"][0]["name"], "n");
}

#[test]
fn schemas_beyond_the_bound_are_left_out_and_all_else_is_there() {
    let large = json!({"title": "a".repeat(100_000)});
    let names: Vec<String> = (0..100).map(|number| format!("s{number}")).collect();
    let all: Vec<_> = names.iter().map(|name| (name.as_str(), large.clone(), Value::Null)).collect();
    let document = document(&[], Some("/services/"), &Services::of(&all));
    assert_eq!(document["paths"].as_object().unwrap().len(), 100);
    let schemas = document["components"]["schemas"].as_object().unwrap().len();
    assert!((50..100).contains(&schemas), "{schemas}");
}
