//! The JSON Schema of files of definitions: for editors, and for the checks that are made before anything is understood.

use crate::model::Definitions;
use caisson_capability::{Catalog, Spec};
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

/// The JSON Schema of a file of definitions (draft 2020-12).
#[must_use]
pub fn schema(catalog: &Catalog) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.root_schema_for::<Definitions>().to_value();
    capabilities(&mut schema, catalog);
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

/// Puts what the capabilities say of connections, channels and grants in the place of what is open. Without capabilities it stays
/// open.
fn capabilities(schema: &mut Value, catalog: &Catalog) {
    let specs: Vec<Spec> = catalog.specs().collect();
    let Some(parts) = schema.get_mut("$defs").and_then(Value::as_object_mut) else { return };
    let inbound = parts.remove("InboundChannel").unwrap_or_default();
    if let Some(channels) = parts.get_mut("Channel").and_then(alternatives) {
        channels.retain(|choice| choice.get("properties").is_some_and(|own| own.get("type").is_some()));
        channels.extend(specs.iter().filter_map(|spec| inbound_schema(&inbound, spec)));
    }
    if specs.is_empty() {
        return;
    }
    let connections: Vec<Value> = specs.iter().map(Catalog::connection_schema).collect();
    parts.insert("Connection".to_owned(), json!({"oneOf": connections}));
    let grant = parts.get_mut("Grant").and_then(|grant| grant.get_mut("properties"));
    if let Some(grant) = grant.and_then(Value::as_object_mut) {
        for restrictions in specs.into_iter().filter_map(|spec| spec.restrictions) {
            let own = restrictions.get("properties").and_then(Value::as_object).into_iter().flatten();
            grant.extend(own.map(|(name, value)| (name.clone(), value.clone())));
        }
    }
}

/// The choices of a schema.
fn alternatives(schema: &mut Value) -> Option<&mut Vec<Value>> {
    let key = if schema.get("oneOf").is_some() { "oneOf" } else { "anyOf" };
    schema.get_mut(key)?.as_array_mut()
}

/// The schema of a channel by which messages of a capability come in.
fn inbound_schema(common: &Value, spec: &Spec) -> Option<Value> {
    let own = spec.inbound.as_ref()?;
    let mut schema = common.clone();
    let of = |schema: &Value, key: &str| schema.get(key).cloned();
    let properties = schema.get_mut("properties")?.as_object_mut()?;
    properties.insert("type".to_owned(), json!({"const": spec.name, "description": spec.summary}));
    properties.extend(of(own, "properties")?.as_object()?.clone());
    let required = schema.get_mut("required")?.as_array_mut()?;
    required.extend(of(own, "required").and_then(|all| all.as_array().cloned()).unwrap_or_default());
    schema.as_object_mut()?.insert("additionalProperties".to_owned(), Value::Bool(false));
    Some(schema)
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
