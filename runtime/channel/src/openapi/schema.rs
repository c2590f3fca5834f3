//! Schemas of services as components of the document.
//!
//! A service's schema is a document of its own: its references begin with `#/$defs/`. Here its definitions move to
//! `#/components/schemas`, under names that no other service's have.

use serde_json::{Map, Value};

const OWN: &str = "#/$defs/";

/// How deep a schema is followed. Deeper ones are cut off: they come from packages, and a reader has to end somewhere.
const MAX_DEPTH: usize = 64;

/// Collects components.
#[derive(Debug, Default)]
pub(super) struct Components(Map<String, Value>);

impl Components {
    /// All that were collected.
    pub(super) fn into_inner(self) -> Map<String, Value> {
        self.0
    }

    /// Adds a component of the host's own.
    pub(super) fn insert(&mut self, name: &str, schema: Value) {
        self.0.insert(name.to_owned(), schema);
    }

    /// A service's schema as it stands in the document; what it defines becomes components.
    pub(super) fn adopt(&mut self, service: &str, schema: &Value) -> Value {
        let prefix = component_name(service);
        let mut schema = schema.clone();
        let defined = schema.as_object_mut().and_then(|schema| {
            schema.remove("$schema");
            schema.remove("$id");
            schema.remove("$defs")
        });
        if let Some(Value::Object(defined)) = defined {
            for (name, mut one) in defined {
                rename(&mut one, &prefix, MAX_DEPTH);
                self.0.insert(format!("{prefix}.{}", component_name(&name)), one);
            }
        }
        rename(&mut schema, &prefix, MAX_DEPTH);
        schema
    }
}

/// Letters, digits, `.`, `-` and `_` are all that the name of a component may have (OpenAPI 3.1, 4.8.7).
fn component_name(name: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    name.chars().map(|letter| if plain(letter) { letter } else { '_' }).collect()
}

fn rename(value: &mut Value, prefix: &str, depth: usize) {
    if depth == 0 {
        *value = Value::Bool(true);
        return;
    }
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get_mut("$ref")
                && let Some(name) = reference.strip_prefix(OWN)
            {
                *reference = format!("#/components/schemas/{prefix}.{}", component_name(name));
            }
            map.values_mut().for_each(|one| rename(one, prefix, depth - 1));
        }
        Value::Array(list) => list.iter_mut().for_each(|one| rename(one, prefix, depth - 1)),
        _ => {}
    }
}

/// A schema's definition that a reference of its own leads to, else itself.
pub(super) fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix(OWN));
    name.and_then(|name| root.get("$defs")?.get(name)).unwrap_or(schema)
}
