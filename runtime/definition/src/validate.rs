//! Checks a tree against the JSON Schema: all that is wrong, each with its place.

use crate::model::Definitions;
use crate::nearest::hint;
use crate::yaml::{At, Content, Node};
use serde_json::{Map, Value};

/// What is wrong, and where.
pub(crate) type Found = Vec<(At, String)>;

/// All that is wrong with a file by its shape.
pub(crate) fn validate(root: &Node, schema: &Value) -> Found {
    let mut found = Found::new();
    Check { definitions: schema.get("$defs"), resolved: false, found: &mut found }
        .node(root, schema, "the file");
    found
}

/// All that is wrong with definitions by their shape, with the place of each: for those that come without a file, and for
/// what references have become.
pub(crate) fn revalidate(definitions: &Definitions, schema: &Value) -> Vec<(String, String)> {
    let Ok(Value::Object(mut sections)) = serde_json::to_value(definitions) else { return Vec::new() };
    sections.insert("version".to_owned(), Value::from(1));
    let mut places = Vec::new();
    let root = numbered(&Value::Object(sections), "", &mut places);
    let mut found = Found::new();
    Check { definitions: schema.get("$defs"), resolved: true, found: &mut found }.node(&root, schema, "it");
    found
        .into_iter()
        .map(|(at, message)| (places.get(at.line).cloned().unwrap_or_default(), message))
        .collect()
}

/// A tree in whose nodes the line is the number of a place.
fn numbered(value: &Value, place: &str, places: &mut Vec<String>) -> Node {
    let at = At { line: places.len(), ..At::default() };
    places.push(place.to_owned());
    let inner = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}/{name}") };
    let content = match value {
        Value::Object(fields) => {
            let node =
                |(key, value): (&String, &Value)| (at, key.clone(), numbered(value, &inner(key), places));
            Content::Map(fields.iter().map(node).collect())
        }
        Value::Array(items) => {
            let mut nodes = Vec::new();
            for (index, item) in items.iter().enumerate() {
                // Definitions are known by their names.
                let name = item.get("name").and_then(Value::as_str).filter(|_| !place.contains('/'));
                nodes.push(numbered(item, &inner(name.unwrap_or(&index.to_string())), places));
            }
            Content::List(nodes)
        }
        scalar => Content::Scalar(scalar.clone()),
    };
    Node { at, content }
}

struct Check<'a> {
    definitions: Option<&'a Value>,
    /// References have become what they stand for.
    resolved: bool,
    found: &'a mut Found,
}

impl<'a> Check<'a> {
    fn report(&mut self, at: At, message: String) {
        self.found.push((at, message));
    }

    /// Follows references, which may have more beside them.
    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
        name.and_then(|name| self.definitions?.get(name)).unwrap_or(schema)
    }

    fn node(&mut self, node: &Node, schema: &'a Value, name: &str) {
        let schema = self.resolve(schema);
        if let Some(choices) = alternatives(schema) {
            return self.one_of(node, schema, choices, name);
        }
        let wanted = types(schema);
        if !wanted.is_empty() && !wanted.iter().any(|kind| is(node, kind)) {
            let wanted = wanted.iter().map(|kind| spoken(kind)).collect::<Vec<_>>().join(" or ");
            return self.report(node.at, format!("`{name}` has to be {wanted}"));
        }
        match &node.content {
            Content::Scalar(value) => self.scalar(node.at, value, schema, name),
            Content::List(items) => self.list(node, items, schema, name),
            Content::Map(entries) => self.map(node, entries, schema, name),
        }
    }

    /// A tagged choice by `type`, constants, or an optional value.
    fn one_of(&mut self, node: &Node, schema: &'a Value, choices: &'a [Value], name: &str) {
        let constants: Vec<&str> =
            choices.iter().filter_map(|choice| choice.get("const").and_then(Value::as_str)).collect();
        if constants.len() == choices.len() {
            return self.word(node, &constants, name);
        }
        if choices.iter().all(|choice| tag(choice).is_some()) {
            return self.tagged(node, schema, choices, name);
        }
        let null = |choice: &&Value| choice.get("type").and_then(Value::as_str) == Some("null");
        if matches!(node.content, Content::Scalar(Value::Null)) && choices.iter().any(|choice| null(&choice))
        {
            return;
        }
        self.any(node, choices.iter().filter(|choice| !null(choice)), name);
    }

    /// Any of several forms: if it has none of them, what the one says that it is nearest to.
    fn any(&mut self, node: &Node, choices: impl Iterator<Item = &'a Value>, name: &str) {
        let mut nearest: Option<Found> = None;
        for choice in choices {
            let mut found = Found::new();
            Check { definitions: self.definitions, resolved: self.resolved, found: &mut found }
                .node(node, choice, name);
            if nearest.as_ref().is_none_or(|known| found.len() < known.len()) {
                nearest = Some(found);
            }
        }
        self.found.extend(nearest.unwrap_or_default());
    }

    fn word(&mut self, node: &Node, known: &[&str], name: &str) {
        let Some(text) = node.text() else {
            return self.report(node.at, format!("`{name}` has to be one of {}", known.join(", ")));
        };
        if !known.contains(&text) {
            let hint = hint(text, known.iter().copied());
            let text = format!("`{text}` is no {name}: it has to be one of {}{hint}", known.join(", "));
            self.report(node.at, text);
        }
    }

    fn tagged(&mut self, node: &Node, schema: &'a Value, choices: &'a [Value], name: &str) {
        if !matches!(node.content, Content::Map(_)) {
            return self.report(node.at, format!("`{name}` has to have keys with values"));
        }
        let known: Vec<&str> = choices.iter().filter_map(tag).collect();
        let Some(kind) = node.get("type") else {
            let text = format!("`type` is missing: it has to be one of {}", known.join(", "));
            return self.report(node.at, text);
        };
        match choices.iter().find(|choice| tag(choice) == kind.text()) {
            Some(choice) => self.variant(node, choice, schema, name),
            None => self.word(kind, &known, "type"),
        }
    }

    /// A variant whose own properties are those of a referenced object, with the tag beside.
    fn variant(&mut self, node: &Node, choice: &'a Value, _schema: &'a Value, name: &str) {
        let Content::Map(entries) = &node.content else { return };
        let inner = self.resolve(choice);
        let own = choice.get("properties").and_then(Value::as_object);
        let referenced = inner.get("properties").and_then(Value::as_object);
        let property =
            |key: &str| own.and_then(|all| all.get(key)).or_else(|| referenced.and_then(|all| all.get(key)));
        let known: Vec<&str> =
            [own, referenced].into_iter().flatten().flat_map(Map::keys).map(String::as_str).collect();
        for (at, key, value) in entries {
            match property(key) {
                Some(_) if key == "type" => {}
                Some(schema) => self.node(value, schema, key),
                None => self.unknown(*at, key, &known, name),
            }
        }
        for key in required(choice).chain(required(inner)) {
            self.wanted(node, entries, key);
        }
    }

    fn map(&mut self, node: &Node, entries: &[(At, String, Node)], schema: &'a Value, name: &str) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let further = schema.get("additionalProperties");
        let known: Vec<&str> = properties.into_iter().flat_map(Map::keys).map(String::as_str).collect();
        for (at, key, value) in entries {
            match properties.and_then(|all| all.get(key)).or(further) {
                Some(Value::Bool(false)) => self.unknown(*at, key, &known, name),
                Some(schema) => self.node(value, schema, key),
                None => {}
            }
        }
        for key in required(schema) {
            self.wanted(node, entries, key);
        }
    }

    fn unknown(&mut self, at: At, key: &str, known: &[&str], _name: &str) {
        let hint = hint(key, known.iter().copied());
        let known = if hint.is_empty() { format!("; known here: {}", known.join(", ")) } else { hint };
        self.report(at, format!("`{key}` is not known here{known}"));
    }

    fn wanted(&mut self, node: &Node, entries: &[(At, String, Node)], key: &str) {
        if !entries.iter().any(|(_, known, _)| known == key) {
            self.report(node.at, format!("`{key}` is missing"));
        }
    }

    fn list(&mut self, node: &Node, items: &[Node], schema: &'a Value, name: &str) {
        let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or_default();
        if (items.len() as u64) < least {
            self.report(node.at, format!("`{name}` has to have at least {least}"));
        }
        if let Some(schema) = schema.get("items") {
            for item in items {
                self.node(item, schema, name);
            }
        }
    }

    fn scalar(&mut self, at: At, value: &Value, schema: &'a Value, name: &str) {
        if let Some(wanted) = schema.get("const")
            && wanted != value
        {
            return self.report(at, format!("`{name}` has to be {wanted}"));
        }
        if let Some(known) = schema.get("enum").and_then(Value::as_array) {
            let known: Vec<&str> = known.iter().filter_map(Value::as_str).collect();
            let node = Node { at, content: Content::Scalar(value.clone()) };
            return self.word(&node, &known, name);
        }
        match value {
            Value::String(text) => self.text(at, text, schema, name),
            Value::Number(number) => self.number(at, number.as_f64().unwrap_or_default(), schema, name),
            _ => {}
        }
    }

    fn text(&mut self, at: At, text: &str, schema: &Value, name: &str) {
        let least = schema.get("minLength").and_then(Value::as_u64).unwrap_or_default();
        if (text.chars().count() as u64) < least {
            return self.report(at, format!("`{name}` must not be empty"));
        }
        // What a reference leads to is looked at when it has been resolved.
        let open = text.contains("${") && !self.resolved;
        if name == "allow_from" && !open && text.parse::<ipnet::IpNet>().is_err() {
            let text =
                format!("`{text}` is no network: write e.g. 10.0.0.0/8, 192.0.2.7/32 or 2001:db8::/32");
            return self.report(at, text);
        }
        let Some(pattern) = schema.get("pattern").and_then(Value::as_str) else { return };
        match pattern {
            // A rate has to be read before that.
            _ if open && !pattern.contains("/(s|m|h|d)") => {}
            "^/" if !text.starts_with('/') => self.report(at, format!("`{text}`: a path begins with `/`")),
            _ if pattern.starts_with("^(GET|") => {
                let known: Vec<&str> = pattern.trim_matches(['^', '$', '(', ')']).split('|').collect();
                if !known.contains(&text) {
                    let text = format!("`{text}` is no method: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
                    self.report(at, text);
                }
            }
            _ if pattern.contains("/(s|m|h|d)") => {
                if let Err(message) = text.parse::<crate::model::Rate>() {
                    self.report(at, message);
                }
            }
            _ => {}
        }
    }

    fn number(&mut self, at: At, number: f64, schema: &Value, name: &str) {
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        let narrow = schema.get("format").and_then(Value::as_str) == Some("uint32");
        let widest = narrow.then_some(f64::from(u32::MAX));
        if let Some(least) = bound("minimum").filter(|least| number < *least) {
            self.report(at, format!("`{name}` has to be at least {least}"));
        }
        if let Some(most) = bound("maximum").or(widest).filter(|most| number > *most) {
            self.report(at, format!("`{name}` has to be at most {most}"));
        }
    }
}

fn alternatives(schema: &Value) -> Option<&[Value]> {
    let choices = schema.get("oneOf").or_else(|| schema.get("anyOf"))?;
    choices.as_array().map(Vec::as_slice)
}

/// The `type` of a variant of a tagged choice.
fn tag(choice: &Value) -> Option<&str> {
    choice.get("properties")?.get("type")?.get("const")?.as_str()
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn is(node: &Node, kind: &str) -> bool {
    match (&node.content, kind) {
        (Content::Map(_), "object")
        | (Content::List(_), "array")
        | (Content::Scalar(Value::String(_)), "string")
        | (Content::Scalar(Value::Bool(_)), "boolean")
        | (Content::Scalar(Value::Number(_)), "number")
        | (Content::Scalar(Value::Null), "null") => true,
        (Content::Scalar(Value::Number(number)), "integer") => number.is_u64() || number.is_i64(),
        _ => false,
    }
}

fn spoken(kind: &str) -> &str {
    match kind {
        "object" => "keys with values",
        "array" => "a list",
        "string" => "a text (quote what looks like a number)",
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        _ => "nothing",
    }
}
