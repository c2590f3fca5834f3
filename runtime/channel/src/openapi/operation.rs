//! One method of a path.

use super::Published;
use super::schema::Components;
use caisson_capability::Description;
use caisson_definition::model::DataFormat;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// Errors that every operation may answer: status, name of the component, what it means.
const ERRORS: [(&str, &str, &str); 7] = [
    ("400", "BadRequest", "The request is wrong; `details` says where"),
    ("401", "Unauthorized", "It is not known who calls"),
    ("403", "Forbidden", "The caller may not call this"),
    ("404", "NotFound", "What is asked for is not there"),
    ("429", "TooManyRequests", "Too often, or too much at a time; `Retry-After` says when to come back"),
    ("500", "InternalError", "The service has failed; its operator finds out why by `cid`"),
    ("default", "Error", "Any other error"),
];

/// The identifiers that operations have.
#[derive(Default)]
pub(super) struct Names(HashSet<String>);

impl Names {
    fn unique(&mut self, wanted: String) -> String {
        let mut name = wanted.clone();
        let mut number = 2_u32;
        while !self.0.insert(name.clone()) {
            name = format!("{wanted}-{number}");
            number = number.saturating_add(1);
        }
        name
    }
}

/// The operation. `params` are those of the path: the name that the channel gives it and the one that the document does.
pub(super) fn operation(
    channel: &Published,
    method: &str,
    params: &[(&str, &str)],
    description: &Description,
    components: &mut Components,
    names: &mut Names,
) -> Map<String, Value> {
    let schemas = &description.schemas;
    let service = &channel.service;
    let mut declared = |side: &str, text: Option<&str>| components.add(&format!("{service}.{side}"), text?);
    let input = declared("input", schemas.input.as_deref());
    let output = declared("output", schemas.output.as_deref());
    let mut operation = Map::new();
    let id = names.unique(format!("{}.{}", channel.channel, method.to_ascii_lowercase()));
    operation.insert("operationId".to_owned(), json!(id));
    if let Some(doc) = description.doc.as_deref() {
        operation.insert("summary".to_owned(), json!(doc));
    }
    let input = input.as_deref();
    let mut parameters = path_params(params, input, components);
    if has_body(method) {
        operation.insert("requestBody".to_owned(), request_body(channel, params, input, components));
    } else {
        parameters.extend(query_params(params, input, components));
    }
    if !parameters.is_empty() {
        operation.insert("parameters".to_owned(), Value::Array(parameters));
    }
    operation.insert("responses".to_owned(), answers(channel, output.as_deref()));
    operation
}

fn has_body(method: &str) -> bool {
    matches!(method, "POST" | "PUT" | "PATCH")
}

/// The fields of an input that is an object, and which of them must be there.
fn fields<'c>(
    input: Option<&str>,
    components: &'c Components,
) -> Option<(&'c Map<String, Value>, Vec<&'c str>)> {
    let schema = components.resolved(input?)?;
    let properties = schema.get("properties")?.as_object()?;
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    Some((properties, required.filter_map(Value::as_str).collect()))
}

fn path_params(params: &[(&str, &str)], input: Option<&str>, components: &Components) -> Vec<Value> {
    let declared = fields(input, components);
    let one = |(own, name): &(&str, &str)| {
        let schema = declared.as_ref().and_then(|(properties, _)| properties.get(*own).cloned());
        let schema = schema.unwrap_or_else(|| json!({"type": "string"}));
        json!({"name": name, "in": "path", "required": true, "schema": schema})
    };
    params.iter().map(one).collect()
}

/// What is declared and not in the path is in the query.
fn query_params(params: &[(&str, &str)], input: Option<&str>, components: &Components) -> Vec<Value> {
    let Some((properties, required)) = fields(input, components) else { return Vec::new() };
    let in_path = |name: &str| params.iter().any(|(own, _)| *own == name);
    let wanted = properties.iter().filter(|(name, _)| !in_path(name));
    let one = |(name, schema): (&String, &Value)| {
        let must = required.contains(&name.as_str());
        json!({"name": name, "in": "query", "required": must, "schema": schema})
    };
    wanted.map(one).collect()
}

fn request_body(
    channel: &Published,
    params: &[(&str, &str)],
    input: Option<&str>,
    components: &Components,
) -> Value {
    let (schema, must) = body_schema(params, input, components);
    let media_types: &[&str] = match (channel.data_format, input) {
        (Some(DataFormat::Form), _) => &["application/x-www-form-urlencoded", "multipart/form-data"],
        (Some(DataFormat::Raw), _) | (None, None) => &["*/*"],
        (Some(DataFormat::Json), _) | (None, Some(_)) => &["application/json"],
    };
    let content: Map<String, Value> =
        media_types.iter().map(|&name| (name.to_owned(), json!({"schema": schema}))).collect();
    json!({"required": must, "content": content})
}

/// The input without what is in the path, and whether there must be any of it.
fn body_schema(params: &[(&str, &str)], input: Option<&str>, components: &Components) -> (Value, bool) {
    let Some(name) = input else { return (json!({}), false) };
    let whole = (json!({"$ref": Components::place(name)}), true);
    let Some((properties, required)) = fields(input, components) else { return whole };
    let in_path = |name: &str| params.iter().any(|(own, _)| *own == name);
    let left: Vec<&str> = required.iter().copied().filter(|name| !in_path(name)).collect();
    if !properties.keys().any(|name| in_path(name)) {
        return (whole.0, !left.is_empty());
    }
    let mut schema = components.resolved(name).and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, _| !in_path(name));
    }
    let must = !left.is_empty();
    let left = left.into_iter().map(str::to_owned).collect::<Vec<_>>();
    if must {
        schema.insert("required".to_owned(), json!(left));
    } else {
        schema.remove("required");
    }
    (Value::Object(schema), must)
}

fn answers(channel: &Published, output: Option<&str>) -> Value {
    let good = match output {
        Some(name) => json!({
            "description": "What the service answers",
            "content": {"application/json": {"schema": {"$ref": Components::place(name)}}},
        }),
        None => json!({"description": "What the service answers", "content": {"*/*": {"schema": {}}}}),
    };
    let mut all = Map::new();
    all.insert("200".to_owned(), good);
    for (status, component, _) in ERRORS {
        if channel.is_guarded || !matches!(status, "401" | "403") {
            all.insert(status.to_owned(), json!({"$ref": format!("#/components/responses/{component}")}));
        }
    }
    Value::Object(all)
}

/// The components that errors are, and what `respond` makes of an error.
pub(super) fn responses() -> Value {
    let content = json!({"application/json": {"schema": {"$ref": Components::place("Error")}}});
    let one = |(_, name, means): (&str, &str, &str)| {
        (name.to_owned(), json!({"description": means, "content": content}))
    };
    Value::Object(ERRORS.into_iter().map(one).collect())
}

/// The body of every error.
pub(super) fn error_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "result": {"const": "Error"},
            "cid": {"type": "string", "description": "The correlation id, by which the operator finds the request"},
            "details": {"type": "string", "description": "What is wrong"},
        },
        "required": ["result", "cid", "details"],
    })
}
