//! The JSON Schema of files of definitions: for editors, and for the checks that are made before anything is understood.

use crate::model::Definitions;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

/// The JSON Schema of a file of definitions (draft 2020-12).
#[must_use]
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.root_schema_for::<Definitions>().to_value();
    close(&mut schema);
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".to_owned(), json!("Caisson definitions"));
        root.insert("additionalProperties".to_owned(), json!(false));
        root.insert("required".to_owned(), json!(["version"]));
    }
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        let version = json!({"const": 1, "description": "Version of the format."});
        properties.insert("version".to_owned(), version);
        let include = json!({
            "type": "array", "items": {"type": "string"},
            "description": "Other files of definitions; paths are relative to this one."
        });
        properties.insert("include".to_owned(), include);
    }
    schema
}

/// Unknown keys are refused in every object, but where a schema says what its further keys are.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let is_object = fields.contains_key("properties");
            let is_open = fields.contains_key("additionalProperties") || is_connection(fields);
            if is_object && !is_open {
                fields.insert("additionalProperties".to_owned(), json!(false));
            }
            fields.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// The options of a connection are those of its capability.
fn is_connection(fields: &serde_json::Map<String, Value>) -> bool {
    let properties = fields.get("properties");
    let has = |name: &str| properties.is_some_and(|properties| properties.get(name).is_some());
    has("name") && has("type") && properties.and_then(Value::as_object).is_some_and(|all| all.len() == 2)
}
