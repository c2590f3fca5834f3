//! Definitions as a file that says the same, with references in the place of secrets.

use crate::documents::{Documents, ordered, secret};
use crate::load::SECTIONS;
use serde_json::{Map, Value};

/// The file. Reading and applying it, with the same values behind its references, changes nothing.
#[must_use]
pub fn export(documents: &Documents) -> String {
    let mut text = String::from("version: 1\n");
    for section in SECTIONS {
        let keys = ordered(documents, section);
        let items: Vec<&Value> =
            keys.iter().filter_map(|key| documents.get(&format!("{section}/{key}"))).collect();
        if items.is_empty() {
            continue;
        }
        text.push_str(&format!("\n{section}:\n"));
        for item in items {
            entry(&mut text, item);
        }
    }
    text
}

/// One definition as an item of a list, its name and type first.
fn entry(text: &mut String, item: &Value) {
    let empty = Map::new();
    let fields = item.as_object().unwrap_or(&empty);
    let first = ["name", "type"];
    let head = first.iter().filter_map(|&name| fields.get_key_value(name));
    let rest = fields.iter().filter(|(name, _)| !first.contains(&name.as_str()));
    let mut lead = "  - ";
    for (name, value) in head.chain(rest) {
        text.push_str(&format!("{lead}{}: {}\n", key(name), flow(value)));
        lead = "    ";
    }
}

fn key(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.is_empty();
    let word = name.starts_with(|c: char| c.is_ascii_alphabetic());
    // References are read in values only: a key is written as it is.
    if plain && word { name.to_owned() } else { quoted_raw(name) }
}

/// A value on one line.
fn flow(value: &Value) -> String {
    if let Some((reference, _)) = secret(value) {
        return quoted_raw(reference);
    }
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let entries: Vec<String> =
                fields.iter().map(|(name, value)| format!("{}: {}", key(name), flow(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

/// A text in quotes, so that nothing in it is taken for a number, a word of YAML or a reference.
fn quoted(text: &str) -> String {
    quoted_raw(&text.replace("${", "$${"))
}

fn quoted_raw(text: &str) -> String {
    // A string of JSON is one of YAML 1.2, but for two characters that JSON leaves as they are.
    let json = Value::String(text.to_owned()).to_string();
    json.chars()
        .map(|c| match c {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => format!("\\u{:04x}", u32::from(c)),
            other => other.to_string(),
        })
        .collect()
}
