//! Routes and what services declare become the document.

use super::operation::{Names, operation};
use super::schema::Components;
use super::{Document, Published};
use caisson_capability::Describe;
use caisson_security::Credentials;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Hex digits of the version and of the tag.
const DIGITS: usize = 16;

/// What stays as it is in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// The document of these channels, and with `dev_prefix` of all services below it.
pub(crate) fn make(published: &[&Published], dev_prefix: Option<&str>, services: &dyn Describe) -> Document {
    let mut draft = Draft::default();
    for channel in published {
        draft.add(channel, services);
    }
    if let Some(prefix) = dev_prefix {
        for name in services.names() {
            let segment = utf8_percent_encode(&name, SEGMENT);
            let one = Published {
                channel: format!("dev.{name}"),
                path: format!("{prefix}{segment}"),
                methods: vec!["GET", "POST"],
                service: name.to_string(),
                data_format: None,
                credentials: Vec::new(),
                is_guarded: false,
            };
            draft.add(&one, services);
        }
    }
    draft.finish()
}

/// A document while it is made.
#[derive(Default)]
struct Draft {
    /// By their shape, in which parameters have no names: two paths that differ in nothing else are one path.
    paths: BTreeMap<String, Path>,
    components: Components,
    names: Names,
    tags: BTreeSet<String>,
    credentials: BTreeMap<String, Value>,
}

/// All channels of a path.
struct Path {
    path: String,
    params: Vec<String>,
    item: Map<String, Value>,
}

impl Draft {
    fn add(&mut self, channel: &Published, services: &dyn Describe) {
        let (path, shape, params) = taken_apart(&channel.path);
        let description = services.describe(&channel.service).unwrap_or_default();
        let security = self.credentials_of(&channel.credentials);
        let entry = self.paths.entry(shape).or_insert_with(|| Path {
            path,
            params: params.clone(),
            item: Map::new(),
        });
        let named = entry.params.iter().map(String::as_str);
        let params: Vec<(&str, &str)> = params.iter().map(String::as_str).zip(named).collect();
        let tag = channel.service.split('.').next().unwrap_or_default();
        // HEAD comes with GET and needs no words of its own.
        let has_get = channel.methods.contains(&"GET");
        let methods = channel.methods.iter().filter(|method| !(has_get && **method == "HEAD"));
        for method in methods {
            let key = method.to_ascii_lowercase();
            // Of two channels that take the same requests, the first answers; the media types that tell them apart are not told.
            if entry.item.contains_key(&key) {
                continue;
            }
            let mut made =
                operation(channel, method, &params, &description, &mut self.components, &mut self.names);
            made.insert("tags".to_owned(), json!([tag]));
            if let Some(security) = &security {
                made.insert("security".to_owned(), security.clone());
            }
            self.tags.insert(tag.to_owned());
            entry.item.insert(key, Value::Object(made));
        }
    }

    /// Any of these ways; nothing where everybody may call.
    fn credentials_of(&mut self, all: &[Credentials]) -> Option<Value> {
        let mut ways = Vec::with_capacity(all.len());
        for one in all {
            let (name, scheme) = scheme(one);
            ways.push(json!({name.as_str(): []}));
            self.credentials.insert(name, scheme);
        }
        (!ways.is_empty()).then_some(Value::Array(ways))
    }

    fn finish(self) -> Document {
        let paths: Map<String, Value> =
            self.paths.into_values().map(|one| (one.path, Value::Object(one.item))).collect();
        let tags: Vec<Value> = self.tags.iter().map(|tag| json!({"name": tag})).collect();
        let mut components = Map::new();
        components.insert("schemas".to_owned(), Value::Object(self.components.finish()));
        components.insert("responses".to_owned(), super::operation::responses());
        if !self.credentials.is_empty() {
            components.insert("securitySchemes".to_owned(), self.credentials.into_iter().collect());
        }
        let mut document = json!({
            "openapi": "3.1.0",
            "info": {"title": "Services", "version": ""},
            "servers": [{"url": "/"}],
            "tags": tags,
            "paths": paths,
            "components": components,
        });
        // The version says when something has changed, and nothing about the server.
        let version = digest(&document);
        if let Some(place) = document.pointer_mut("/info/version") {
            *place = json!(version);
        }
        // What is made of texts, numbers and lists can always be written.
        let body = serde_json::to_vec(&document).unwrap_or_default();
        Document { body: body.into(), tag: format!("\"{version}\"") }
    }
}

fn digest(document: &Value) -> String {
    let mut digest = blake3::hash(document.to_string().as_bytes()).to_hex().to_string();
    digest.truncate(DIGITS);
    digest
}

/// The path in one spelling, the same with `{}` for each parameter, and the names of the parameters.
fn taken_apart(path: &str) -> (String, String, Vec<String>) {
    let mut whole = String::with_capacity(path.len());
    for c in path.chars() {
        // Repeated slashes count as one, as in requests.
        if c != '/' || !whole.ends_with('/') {
            whole.push(c);
        }
    }
    let (mut shape, mut params) = (String::new(), Vec::new());
    for (at, piece) in whole.split('{').enumerate() {
        match piece.split_once('}') {
            Some((name, after)) if at > 0 => {
                params.push(name.to_owned());
                shape.push_str("{}");
                shape.push_str(after);
            }
            _ => shape.push_str(piece),
        }
    }
    (whole, shape, params)
}

/// The name of a way to prove who one is, and the way. Definitions have names too, but these are nobody else's business.
fn scheme(credentials: &Credentials) -> (String, Value) {
    match credentials {
        Credentials::Basic => ("basic".to_owned(), json!({"type": "http", "scheme": "basic"})),
        Credentials::Bearer => {
            ("bearer".to_owned(), json!({"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}))
        }
        Credentials::ApiKey { header } => {
            let scheme = json!({"type": "apiKey", "in": "header", "name": header});
            (format!("api-key.{}", super::schema::component_name(header)), scheme)
        }
        Credentials::Certificate => ("certificate".to_owned(), json!({"type": "mutualTLS"})),
    }
}
