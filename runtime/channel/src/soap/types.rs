//! What a service declares, as the fields of a WSDL.
//!
//! XML Schema cannot say all that JSON Schema can. What it cannot say is left open (`xsd:string`, or any content), never narrowed:
//! a client that is made from the description must be able to send whatever the service takes.

use caisson_soap::names::is_name;
use caisson_soap::wsdl::{Field, Kind};
use serde_json::{Map, Value};

/// How deep models may lie in one another. A deeper one, or one that holds itself, cannot be written in place.
const MAX_DEPTH: usize = 16;

/// The fields of an object's schema; `None` when it is none or has what a WSDL cannot say.
pub(super) fn fields(schema: &Value) -> Option<Vec<Field>> {
    object(schema, schema, MAX_DEPTH)
}

fn object(root: &Value, schema: &Value, depth: usize) -> Option<Vec<Field>> {
    let depth = depth.checked_sub(1)?;
    let schema = followed(root, schema)?;
    let properties = schema.get("properties")?.as_object()?;
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    properties
        .iter()
        .map(|(name, one)| field(root, name, one, !required.contains(&name.as_str()), depth))
        .collect()
}

fn field(root: &Value, name: &str, schema: &Value, optional: bool, depth: usize) -> Option<Field> {
    if !is_name(name) {
        return None;
    }
    let (schema, nullable) = without_null(root, schema)?;
    let items = is(schema, "array").then(|| schema.get("items").cloned().unwrap_or(Value::Bool(true)));
    let list = items.is_some();
    let kind = kind(root, items.as_ref().unwrap_or(schema), depth)?;
    Some(Field { name: name.to_owned(), optional: optional || nullable, list, kind })
}

fn kind(root: &Value, schema: &Value, depth: usize) -> Option<Kind> {
    let (schema, _) = without_null(root, schema)?;
    let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
    match schema.get("type").and_then(Value::as_str) {
        Some("string") => Some(match format {
            "date" => Kind::Date,
            "date-time" => Kind::DateTime,
            _ => Kind::String,
        }),
        Some("integer") => Some(Kind::Int),
        Some("number") => Some(Kind::Decimal),
        Some("boolean") => Some(Kind::Boolean),
        Some("object") => object(root, schema, depth).map(Kind::Nested),
        // A list in a list, a choice of types.
        _ => None,
    }
}

/// The schema that is meant, without the choice of null.
fn without_null<'a>(root: &'a Value, schema: &'a Value) -> Option<(&'a Value, bool)> {
    let schema = followed(root, schema)?;
    let Some(choices) = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array) else {
        return Some((schema, false));
    };
    let mut others = choices.iter().filter(|choice| !is(choice, "null"));
    match (others.next(), others.next()) {
        (Some(only), None) => Some((followed(root, only)?, choices.len() > 1)),
        _ => None,
    }
}

/// Where a reference within the schema leads; the schema itself when it is none.
fn followed<'a>(root: &'a Value, schema: &'a Value) -> Option<&'a Value> {
    match schema.get("$ref").and_then(Value::as_str) {
        None => Some(schema),
        Some(reference) => {
            let definitions: &Map<String, Value> = root.get("$defs")?.as_object()?;
            definitions.get(reference.strip_prefix("#/$defs/")?)
        }
    }
}

fn is(schema: &Value, kind: &str) -> bool {
    schema.get("type").and_then(Value::as_str) == Some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn field(name: &str, optional: bool, list: bool, kind: Kind) -> Field {
        Field { name: name.to_owned(), optional, list, kind }
    }

    #[test]
    fn what_xml_schema_can_say_is_said() {
        let schema = json!({
            "type": "object",
            "required": ["id", "lines"],
            "properties": {
                "id": {"type": "integer"},
                "when": {"type": "string", "format": "date-time"},
                "rate": {"anyOf": [{"type": "number"}, {"type": "null"}]},
                "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
            },
            "$defs": {"Line": {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}}}},
        });
        let line = vec![field("sku", false, false, Kind::String)];
        let mut found = fields(&schema).unwrap();
        found.sort_by(|one, other| one.name.cmp(&other.name));
        let expected = [
            field("id", false, false, Kind::Int),
            field("lines", false, true, Kind::Nested(line)),
            field("rate", true, false, Kind::Decimal),
            field("when", true, false, Kind::DateTime),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_it_cannot_say_leaves_the_message_open() {
        let around = |field: Value| json!({"type": "object", "properties": {"a": field}});
        let open = [
            json!({}),
            json!({"type": "array", "items": {"type": "array"}}),
            json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}),
            json!({"$ref": "#/$defs/missing"}),
            json!({"type": "object"}),
        ];
        for one in open {
            assert_eq!(fields(&around(one.clone())), None, "{one}");
        }
        assert_eq!(fields(&json!({"type": "object", "properties": {"a b": {"type": "string"}}})), None);
        let endless = json!({
            "$ref": "#/$defs/Node",
            "$defs": {"Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}},
        });
        assert_eq!(fields(&endless), None, "a model that holds itself");
    }
}
