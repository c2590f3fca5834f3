//! What services declare becomes components of the document.
//!
//! A schema is text of a guest, so it is taken apart and put together anew: of each only the keywords that JSON Schema has, with
//! values of their kinds, and references to nothing but itself. A guest cannot make the document invalid, nor its readers fetch
//! anything.

use super::operation::error_schema;
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};

/// Most bytes of schemas. Those beyond are left out: their services are described without.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Up to so many definitions, it is looked which of them are the same in other schemas.
const MAX_COMPARED: usize = 64;

/// References that are followed from the root of a schema.
const MAX_HOPS: usize = 8;

/// The components, by name.
pub(super) struct Components {
    schemas: Map<String, Value>,
    /// Names of definitions by their own name and all that they consist of.
    known: HashMap<(String, blake3::Hash), String>,
    /// Names of whole schemas by the name that was wanted, so that a service is described once.
    roots: HashMap<String, Option<String>>,
    bytes: usize,
}

impl Default for Components {
    fn default() -> Self {
        let schemas = Map::from_iter([("Error".to_owned(), error_schema())]);
        Self { schemas, known: HashMap::new(), roots: HashMap::new(), bytes: 0 }
    }
}

/// What references of a schema mean in the document.
struct Scope {
    root: String,
    definitions: HashMap<String, String>,
}

impl Components {
    /// Adds a schema; answers the name that it has now.
    pub(super) fn add(&mut self, wanted: &str, text: &str) -> Option<String> {
        if let Some(known) = self.roots.get(wanted) {
            return known.clone();
        }
        self.bytes = self.bytes.saturating_add(text.len());
        let name = if self.bytes > MAX_BYTES {
            tracing::warn!(
                schema = wanted,
                "a schema is left out of the OpenAPI document, which has {MAX_BYTES} bytes of them"
            );
            None
        } else {
            serde_json::from_str(text).ok().map(|schema| self.taken(wanted, schema))
        };
        self.roots.insert(wanted.to_owned(), name.clone());
        name
    }

    fn taken(&mut self, wanted: &str, mut schema: Map<String, Value>) -> String {
        let mut definitions = Map::new();
        for key in ["$defs", "definitions"] {
            if let Some(Value::Object(some)) = schema.remove(key) {
                definitions.extend(some);
            }
        }
        let root = self.reserve(wanted);
        let mut scope = Scope { root: root.clone(), definitions: HashMap::new() };
        let mut fresh = Vec::new();
        let schema = Value::Object(schema);
        for (key, definition) in &definitions {
            let identity = (key.clone(), identity(key, &definitions, &schema));
            let name = self.known.get(&identity).cloned().unwrap_or_else(|| {
                let name = self.reserve(key);
                self.known.insert(identity, name.clone());
                fresh.push((name.clone(), definition));
                name
            });
            scope.definitions.insert(key.clone(), name);
        }
        for (name, definition) in fresh {
            self.schemas.insert(name, rewritten(definition, &scope));
        }
        self.schemas.insert(root.clone(), rewritten(&schema, &scope));
        root
    }

    /// A name that no other component has.
    fn reserve(&mut self, wanted: &str) -> String {
        let wanted = component_name(wanted);
        let mut name = wanted.clone();
        let mut number = 2_u32;
        while self.schemas.contains_key(&name) {
            name = format!("{wanted}.{number}");
            number = number.saturating_add(1);
        }
        self.schemas.insert(name.clone(), Value::Bool(true));
        name
    }

    /// A component; where it is a reference, what that leads to.
    pub(super) fn resolved(&self, name: &str) -> Option<&Value> {
        let mut schema = self.schemas.get(name)?;
        for _ in 0..MAX_HOPS {
            let Some(next) = schema.get("$ref").and_then(Value::as_str) else { return Some(schema) };
            schema = self.schemas.get(next.strip_prefix("#/components/schemas/")?)?;
        }
        None
    }

    /// The reference to a component.
    pub(super) fn place(name: &str) -> String {
        format!("#/components/schemas/{name}")
    }

    pub(super) fn finish(self) -> Map<String, Value> {
        self.schemas
    }
}

/// As much of a text as may be the name of a component.
pub(super) fn component_name(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    if text.is_empty() { "_".to_owned() } else { text.chars().map(plain).collect() }
}

/// A definition is the same as another one of its name if all that it refers to is the same as well.
fn identity(key: &str, definitions: &Map<String, Value>, root: &Value) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    let mut open = vec![key];
    let mut to_root = false;
    if definitions.len() > MAX_COMPARED {
        open.extend(definitions.keys().map(String::as_str));
        to_root = true;
    }
    while let Some(key) = open.pop() {
        let Some((key, definition)) = definitions.get_key_value(key) else { continue };
        if reached.insert(key) {
            references(definition, &mut |reference: &str| match definition_of(reference) {
                Some(name) => open.extend(definitions.get_key_value(&*name).map(|(key, _)| key.as_str())),
                None => to_root = true,
            });
        }
    }
    for key in reached {
        hasher.update(key.as_bytes()).update(b"\0");
        hasher
            .update(definitions.get(key).map(Value::to_string).unwrap_or_default().as_bytes())
            .update(b"\0");
    }
    if to_root {
        hasher.update(root.to_string().as_bytes());
    }
    hasher.finalize()
}

fn references(value: &Value, seen: &mut impl FnMut(&str)) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(reference) if key == "$ref" => seen(reference),
                    other => references(other, seen),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, seen)),
        _ => {}
    }
}

/// The definition that a reference is to.
fn definition_of(reference: &str) -> Option<String> {
    let name = reference.strip_prefix("#/$defs/").or_else(|| reference.strip_prefix("#/definitions/"))?;
    let decoded = percent_encoding::percent_decode_str(name).decode_utf8().ok()?;
    (!decoded.contains('/')).then(|| decoded.replace("~1", "/").replace("~0", "~"))
}

/// The schema in the words of the document. What is no schema allows anything.
fn rewritten(value: &Value, scope: &Scope) -> Value {
    match value {
        Value::Object(fields) => {
            let kept =
                fields.iter().filter_map(|(key, value)| Some((key.clone(), keyword(key, value, scope)?)));
            Value::Object(kept.collect())
        }
        Value::Bool(allowed) => Value::Bool(*allowed),
        _ => Value::Bool(true),
    }
}

/// The value of a keyword; nothing if it is none, or the value is not of its kind.
fn keyword(key: &str, value: &Value, scope: &Scope) -> Option<Value> {
    let is_schema = value.is_object() || value.is_boolean();
    match key {
        "$ref" => reference(value.as_str()?, scope),
        "type" => types(value),
        "required" => texts(value),
        "title" | "description" | "format" | "pattern" | "contentEncoding" | "contentMediaType"
        | "$comment" => value.is_string().then(|| value.clone()),
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => {
            value.is_number().then(|| value.clone())
        }
        "multipleOf" => value.as_f64().filter(|number| *number > 0.0).map(|_| value.clone()),
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties"
        | "minContains" | "maxContains" => value.is_u64().then(|| value.clone()),
        "uniqueItems" | "deprecated" | "readOnly" | "writeOnly" => value.is_boolean().then(|| value.clone()),
        "const" | "default" => Some(value.clone()),
        "enum" | "examples" => value.as_array().filter(|all| !all.is_empty()).map(|_| value.clone()),
        "items"
        | "additionalProperties"
        | "contains"
        | "propertyNames"
        | "not"
        | "if"
        | "then"
        | "else"
        | "unevaluatedItems"
        | "unevaluatedProperties" => is_schema.then(|| rewritten(value, scope)),
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => {
            let all = value.as_array().filter(|all| !all.is_empty())?;
            Some(all.iter().map(|one| rewritten(one, scope)).collect())
        }
        "properties" | "patternProperties" | "dependentSchemas" => {
            let all = value.as_object()?;
            Some(all.iter().map(|(name, one)| (name.clone(), rewritten(one, scope))).collect())
        }
        _ => None,
    }
}

fn reference(reference: &str, scope: &Scope) -> Option<Value> {
    let name =
        if reference == "#" { &scope.root } else { scope.definitions.get(&definition_of(reference)?)? };
    Some(json!(Components::place(name)))
}

fn types(value: &Value) -> Option<Value> {
    let known = |one: &Value| {
        let names = ["array", "boolean", "integer", "null", "number", "object", "string"];
        one.as_str().is_some_and(|name| names.contains(&name))
    };
    match value {
        Value::Array(all) if all.iter().all(known) => texts(value).filter(|_| !all.is_empty()),
        one if known(one) => Some(one.clone()),
        _ => None,
    }
}

/// A list of texts, each once.
fn texts(value: &Value) -> Option<Value> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let all = value.as_array()?.iter().filter_map(Value::as_str);
    Some(all.filter(|text| seen.insert(text)).collect())
}
