//! What the state store keeps: one document for each definition, with secrets sealed.

use crate::load::{SECTIONS, is_secret};
use crate::model::Definitions;
use caisson_capability::Catalog;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Documents by name: `security/<name>`, `connections/<name>`, `channels/<name>`, `grants/<key>`, `limits/<key>`, and `order`.
///
/// Where a secret stands, there is `{"$secret": {"ref": "${env:NAME}", "sealed": "..."}}`.
pub type Documents = BTreeMap<String, Value>;

/// The document that keeps the order of definitions.
const ORDER: &str = "order";

/// Fields that are secrets by their nature, `auth/password` for one that is within another.
pub(crate) fn secret_fields(section: &str, kind: &str, catalog: &Catalog) -> &'static [&'static str] {
    match section {
        "security" => &["key", "password", "secret"],
        "connections" => catalog.get(kind).map_or(&[], |capability| capability.spec().secrets),
        _ => &[],
    }
}

/// Definitions on their way to a server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Submission {
    /// What they say, with references resolved.
    pub definitions: Definitions,
    /// Place (`security/partner/password`) to what stands in the file there.
    pub references: BTreeMap<String, String>,
}

/// Where a secret stands.
#[derive(Clone, Copy, Debug)]
pub struct SecretPlace<'a> {
    /// `security/partner/password`.
    pub place: &'a str,
    /// The definition's type: `basic-auth`.
    pub kind: &'a str,
    /// The field within the definition: `password`.
    pub field: &'a str,
}

/// Seals or opens a secret: place and text to another text.
type Change<'a> = &'a mut dyn FnMut(&SecretPlace<'_>, &str) -> Result<String, String>;

/// The documents of definitions.
///
/// # Errors
///
/// What `seal` says.
pub fn to_documents(
    submission: &Submission,
    catalog: &Catalog,
    seal: Change<'_>,
) -> Result<Documents, String> {
    let all = serde_json::to_value(&submission.definitions).map_err(|error| error.to_string())?;
    let mut documents = Documents::new();
    let mut order = Map::new();
    for section in SECTIONS {
        let mut keys = Vec::new();
        for (index, item) in all.get(section).and_then(Value::as_array).into_iter().flatten().enumerate() {
            let key = key_of(section, item, &keys);
            // Places in files are by name, or by number where there is none.
            let place = match item.get("name").and_then(Value::as_str) {
                Some(name) => format!("{section}/{name}"),
                None => format!("{section}/{index}"),
            };
            let kind = item.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
            let secrets = secret_fields(section, &kind, catalog);
            let references = &submission.references;
            let mut sealer = Sealer { references, kind: &kind, secrets, seal: &mut *seal };
            let name = format!("{section}/{key}");
            let document = sealer.seal(item, &place, "", &name)?;
            documents.insert(name, document);
            keys.push(key);
        }
        order.insert(section.to_owned(), json!(keys));
    }
    documents.insert(ORDER.to_owned(), Value::Object(order));
    Ok(documents)
}

/// Sections whose definitions have no names: they are known by what they are for.
const NAMELESS: [&str; 2] = ["grants", "limits"];

/// A definition's name, or for a grant a text that stays the same while the grant does.
fn key_of(section: &str, item: &Value, taken: &[String]) -> String {
    if !NAMELESS.contains(&section) {
        return item.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    }
    let connection = item.get("connection").and_then(Value::as_str);
    let services: Vec<&str> = item
        .get("services")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let services = services.join(",");
    let base = connection.map_or_else(|| services.clone(), |connection| format!("{connection}:{services}"));
    let mut key = base.clone();
    let mut number = 2;
    while taken.contains(&key) {
        key = format!("{base}#{number}");
        number += 1;
    }
    key
}

struct Sealer<'a, 'b> {
    references: &'a BTreeMap<String, String>,
    kind: &'a str,
    secrets: &'static [&'static str],
    seal: &'b mut dyn FnMut(&SecretPlace<'_>, &str) -> Result<String, String>,
}

impl Sealer<'_, '_> {
    /// `place` is where it stands in the file, `stored` where it will stand in the store.
    fn seal(&mut self, value: &Value, place: &str, field: &str, stored: &str) -> Result<Value, String> {
        let join = |outer: &str, name: &str| {
            if outer.is_empty() { name.to_owned() } else { format!("{outer}/{name}") }
        };
        match value {
            Value::Object(fields) => {
                let mut sealed = Map::new();
                for (name, value) in fields {
                    let inner =
                        self.seal(value, &join(place, name), &join(field, name), &join(stored, name))?;
                    sealed.insert(name.clone(), inner);
                }
                Ok(Value::Object(sealed))
            }
            Value::Array(items) => {
                let mut sealed = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    let index = index.to_string();
                    sealed.push(self.seal(
                        item,
                        &join(place, &index),
                        &join(field, &index),
                        &join(stored, &index),
                    )?);
                }
                Ok(Value::Array(sealed))
            }
            Value::String(text) => self.text(text, place, field, stored),
            other => Ok(other.clone()),
        }
    }

    fn text(&mut self, text: &str, place: &str, field: &str, stored: &str) -> Result<Value, String> {
        let secret = self.secrets.contains(&field) && is_secret(field, text);
        let reference = match self.references.get(place) {
            Some(reference) => reference.clone(),
            None if secret => invented(place),
            None => return Ok(Value::String(text.to_owned())),
        };
        let at = SecretPlace { place: stored, kind: self.kind, field };
        let sealed = (self.seal)(&at, text)?;
        Ok(json!({"$secret": {"ref": reference, "sealed": sealed}}))
    }
}

/// The reference that stands for a secret which has none: `${env:CAISSON_PARTNER_PASSWORD}` for `security/partner/password`.
#[must_use]
pub fn invented(place: &str) -> String {
    let name = place.split_once('/').map_or(place, |(_, rest)| rest);
    let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("${{env:CAISSON_{}}}", name.chars().map(upper).collect::<String>())
}

/// The definitions of documents, in their order.
///
/// # Errors
///
/// What `open` says; a document that makes no sense.
pub fn from_documents(documents: &Documents, open: Change<'_>) -> Result<Submission, String> {
    let mut references = BTreeMap::new();
    let mut all = Map::new();
    for section in SECTIONS {
        let mut items = Vec::new();
        for key in ordered(documents, section) {
            let name = format!("{section}/{key}");
            let Some(document) = documents.get(&name) else { continue };
            let kind = document.get("type").and_then(Value::as_str).unwrap_or_default();
            // By the number that the definition will have: the order may name documents that are gone.
            let index = items.len();
            let place = if NAMELESS.contains(&section) { format!("{section}/{index}") } else { name.clone() };
            let mut opener = Opener { references: &mut references, kind, open: &mut *open };
            items.push(opener.open(document, &place, "", &name)?);
        }
        all.insert(section.to_owned(), Value::Array(items));
    }
    let definitions = serde_json::from_value(Value::Object(all))
        .map_err(|error| format!("a stored definition cannot be understood: {error}"))?;
    Ok(Submission { definitions, references })
}

/// Whether a document of this name belongs to the definitions. A store may keep others beside them.
#[must_use]
pub fn is_definition(name: &str) -> bool {
    name == ORDER || name.split_once('/').is_some_and(|(section, _)| SECTIONS.contains(&section))
}

/// The definitions of a section in their order, as people may see them: with references in the place of secrets. Nothing if
/// there is no such section.
#[must_use]
pub fn shown(documents: &Documents, section: &str) -> Option<Vec<Value>> {
    let section = SECTIONS.iter().find(|known| **known == section)?;
    let stored = ordered(documents, section).into_iter();
    Some(stored.filter_map(|key| documents.get(&format!("{section}/{key}"))).map(without_secrets).collect())
}

fn without_secrets(value: &Value) -> Value {
    match (secret(value), value) {
        (Some((reference, _)), _) => Value::String(reference.to_owned()),
        (None, Value::Object(fields)) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), without_secrets(value))).collect())
        }
        (None, Value::Array(items)) => items.iter().map(without_secrets).collect(),
        (None, other) => other.clone(),
    }
}

/// The keys of a section in their order; those that the order does not know come last.
pub(crate) fn ordered<'a>(documents: &'a Documents, section: &str) -> Vec<&'a str> {
    let order = documents.get(ORDER).and_then(|order| order.get(section)).and_then(Value::as_array);
    let mut keys: Vec<&str> = order.into_iter().flatten().filter_map(Value::as_str).collect();
    let prefix = format!("{section}/");
    for name in documents.keys().filter_map(|name| name.strip_prefix(&prefix)) {
        if !keys.contains(&name) {
            keys.push(name);
        }
    }
    keys
}

struct Opener<'a, 'b> {
    references: &'a mut BTreeMap<String, String>,
    kind: &'a str,
    open: &'b mut dyn FnMut(&SecretPlace<'_>, &str) -> Result<String, String>,
}

impl Opener<'_, '_> {
    fn open(&mut self, value: &Value, place: &str, field: &str, stored: &str) -> Result<Value, String> {
        let join = |outer: &str, name: &str| {
            if outer.is_empty() { name.to_owned() } else { format!("{outer}/{name}") }
        };
        match value {
            Value::Object(fields) => {
                if let Some((reference, sealed)) = secret(value) {
                    self.references.insert(place.to_owned(), reference.to_owned());
                    let at = SecretPlace { place: stored, kind: self.kind, field };
                    return (self.open)(&at, sealed).map(Value::String);
                }
                let mut opened = Map::new();
                for (name, value) in fields {
                    let inner =
                        self.open(value, &join(place, name), &join(field, name), &join(stored, name))?;
                    opened.insert(name.clone(), inner);
                }
                Ok(Value::Object(opened))
            }
            Value::Array(items) => {
                let mut opened = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    let index = index.to_string();
                    opened.push(self.open(
                        item,
                        &join(place, &index),
                        &join(field, &index),
                        &join(stored, &index),
                    )?);
                }
                Ok(Value::Array(opened))
            }
            other => Ok(other.clone()),
        }
    }
}

/// The reference and the sealed text of a secret.
pub(crate) fn secret(value: &Value) -> Option<(&str, &str)> {
    let secret = value.get("$secret")?;
    Some((secret.get("ref")?.as_str()?, secret.get("sealed")?.as_str()?))
}
