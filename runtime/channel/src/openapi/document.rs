//! The document itself (OpenAPI 3.1.0).

use super::published::{Described, Published};
use super::schema::{Components, resolved};
use caisson_capability::{Shape, Shapes};
use caisson_definition::model::DataFormat;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Component that describes errors.
const ERROR: &str = "Error";

/// The methods by which a service is described in development: with and without a body.
const DEV_METHODS: [&str; 2] = ["get", "post"];

/// The document of what is published, with the services as they are now.
pub(super) fn document(published: &Published, shapes: &dyn Shapes) -> Value {
    let mut building = Building { shapes, components: Components::default(), tags: BTreeSet::new() };
    building.components.insert(ERROR, error_schema());
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for channel in &published.channels {
        let path = paths.entry(channel.path.clone()).or_default();
        for method in &channel.methods {
            // The first channel that fits a request answers it, so the first one is described.
            path.entry(method.clone()).or_insert_with(|| building.operation(channel, method));
        }
    }
    if published.dev {
        for service in shapes.services() {
            let channel = dev_channel(&service);
            let path = paths.entry(channel.path.clone()).or_default();
            for method in DEV_METHODS {
                path.entry(method).or_insert_with(|| building.operation(&channel, method));
            }
        }
    }
    let mut components = json!({ "schemas": building.components.into_inner() });
    if !published.schemes.is_empty() {
        components["securitySchemes"] = json!(published.schemes);
    }
    let tags: Vec<Value> = building.tags.into_iter().map(|name| json!({ "name": name })).collect();
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Services", "version": env!("CARGO_PKG_VERSION")},
        "servers": [{"url": "/"}],
        "tags": tags,
        "paths": paths,
        "components": components,
    })
}

fn dev_channel(service: &str) -> Described {
    Described {
        name: format!("dev.{service}"),
        path: format!("/services/{service}"),
        methods: Vec::new(),
        service: service.to_owned(),
        format: None,
        schemes: Vec::new(),
        limited: false,
    }
}

/// The parameters that stand in a path.
fn path_params(path: &str) -> Vec<&str> {
    path.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
}

struct Building<'a> {
    shapes: &'a dyn Shapes,
    components: Components,
    tags: BTreeSet<String>,
}

impl Building<'_> {
    fn operation(&mut self, channel: &Described, method: &str) -> Value {
        let shape = self.shapes.shape(&channel.service).unwrap_or_default();
        let tag = channel.service.rsplit_once('.').map_or(channel.service.as_str(), |(module, _)| module);
        self.tags.insert(tag.to_owned());
        let mut operation = json!({
            "operationId": format!("{}.{method}", channel.name),
            "tags": [tag],
            "responses": self.responses(channel, &shape),
        });
        if let Some(doc) = &shape.doc {
            operation["summary"] = json!(doc);
        }
        let in_path = path_params(&channel.path);
        let mut parameters: Vec<Value> = in_path.iter().map(|name| path_param(name, &shape)).collect();
        if matches!(method, "get" | "delete") {
            parameters.extend(self.query(channel, &shape, &in_path));
        } else if let Some(body) = self.body(channel, &shape, &in_path) {
            operation["requestBody"] = body;
        }
        if !parameters.is_empty() {
            operation["parameters"] = Value::Array(parameters);
        }
        if !channel.schemes.is_empty() {
            operation["security"] = channel.schemes.iter().map(|name| json!({ name: [] })).collect();
        }
        operation
    }

    /// The fields of a declared input, which a request without a body has in its query.
    fn query(&mut self, channel: &Described, shape: &Shape, in_path: &[&str]) -> Vec<Value> {
        let Some(input) = &shape.input else { return Vec::new() };
        let required = required(input);
        let fields = properties(input).filter(|(name, _)| !in_path.contains(&name.as_str()));
        let fields: Vec<(String, Value)> =
            fields.map(|(name, schema)| (name.clone(), schema.clone())).collect();
        fields
            .into_iter()
            .map(|(name, mut one)| {
                // Its references are those of the whole schema.
                if let (Some(one), Some(defs)) = (one.as_object_mut(), input.get("$defs")) {
                    one.insert("$defs".to_owned(), defs.clone());
                }
                let is_required = required.contains(&name.as_str());
                let schema = self.components.adopt(&channel.service, &one);
                json!({"name": name, "in": "query", "required": is_required, "schema": schema})
            })
            .collect()
    }

    fn body(&mut self, channel: &Described, shape: &Shape, in_path: &[&str]) -> Option<Value> {
        let media_type = match channel.format {
            Some(DataFormat::Form) => "application/x-www-form-urlencoded",
            Some(DataFormat::Raw) => "application/octet-stream",
            Some(DataFormat::Json) | None => "application/json",
        };
        let Some(input) = &shape.input else {
            return Some(json!({"content": {(media_type): {}}}));
        };
        let mut input = input.clone();
        for name in in_path {
            take_out(&mut input, name);
        }
        let is_required = !required(&input).is_empty();
        let schema = self.components.adopt(&channel.service, &input);
        Some(json!({"required": is_required, "content": {(media_type): {"schema": schema}}}))
    }

    fn responses(&mut self, channel: &Described, shape: &Shape) -> Value {
        let answer = match &shape.output {
            Some(output) => {
                let schema = self.components.adopt(&channel.service, output);
                json!({"description": "What the service answers", "content": {"application/json": {"schema": schema}}})
            }
            None => json!({"description": "What the service answers"}),
        };
        let mut responses = json!({ "200": answer });
        let mut errors = vec![("400", "The request is wrong; the details say where")];
        if !channel.schemes.is_empty() {
            errors.push(("401", "The credentials are missing or wrong"));
            errors.push(("403", "The caller may not do this"));
        }
        if channel.limited {
            errors.push(("429", "Too many requests; `Retry-After` says when to try again"));
        }
        errors.push(("500", "The service failed; the correlation id finds the reason in the log"));
        errors.push(("503", "Too busy; `Retry-After` says when to try again"));
        for (status, description) in errors {
            let schema = json!({ "$ref": format!("#/components/schemas/{ERROR}") });
            responses[status] =
                json!({"description": description, "content": {"application/json": {"schema": schema}}});
        }
        responses
    }
}

fn path_param(name: &str, shape: &Shape) -> Value {
    let declared = shape.input.as_ref().and_then(|input| {
        let (_, schema) = properties(input).find(|(known, _)| *known == name)?;
        // A reference would lead nowhere here, and what stands in a path is a simple value.
        schema.get("type").and_then(Value::as_str).is_some().then(|| schema.clone())
    });
    json!({"name": name, "in": "path", "required": true, "schema": declared.unwrap_or_else(|| json!({"type": "string"}))})
}

/// The properties of an object's schema.
fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    resolved(schema, schema).get("properties").and_then(Value::as_object).into_iter().flatten()
}

fn required(schema: &Value) -> Vec<&str> {
    let names = resolved(schema, schema).get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Takes a property out of an object's schema: it comes by the path.
fn take_out(schema: &mut Value, name: &str) {
    if schema.get("$ref").is_some() {
        let mut own = resolved(schema, schema).clone();
        if let (Some(own), Some(defs)) = (own.as_object_mut(), schema.get("$defs")) {
            own.insert("$defs".to_owned(), defs.clone());
        }
        *schema = own;
    }
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.remove(name);
    }
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|known| known != name);
    }
}

/// How `respond` says errors.
fn error_schema() -> Value {
    json!({
        "type": "object",
        "required": ["result", "cid", "details"],
        "properties": {
            "result": {"const": "Error"},
            "cid": {"type": "string", "description": "Correlation id"},
            "details": {"description": "What was wrong"},
        },
    })
}
