//! The difference between two states of the definitions, for people and programs. It never shows a secret.

use crate::documents::{Documents, ordered, secret};
use crate::load::SECTIONS;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// What is different.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Diff {
    /// Definitions that are new, gone or different.
    pub entries: Vec<Entry>,
    /// Sections whose definitions stand in another order.
    pub reordered: Vec<String>,
}

/// A definition that is different.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// `channels/hello`.
    pub name: String,
    /// What became of it.
    pub kind: Kind,
    /// Its fields that are different; for a new one all of them.
    pub fields: Vec<Field>,
}

/// What became of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It is new.
    Added,
    /// It is different.
    Changed,
    /// It is gone.
    Removed,
}

/// A field that is different.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Field {
    /// `cors/origins`.
    pub path: String,
    /// What it was.
    pub old: Option<String>,
    /// What it is.
    pub new: Option<String>,
}

/// What is different in the second of two states.
#[must_use]
pub fn diff(old: &Documents, new: &Documents) -> Diff {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).filter(|name| name.contains('/')).collect();
    let mut entries = Vec::new();
    for name in names {
        let (before, after) = (old.get(name), new.get(name));
        let kind = match (before, after) {
            (None, Some(_)) => Kind::Added,
            (Some(_), None) => Kind::Removed,
            (Some(before), Some(after)) if before != after => Kind::Changed,
            _ => continue,
        };
        let mut fields = Vec::new();
        compare("", before, after, &mut fields);
        entries.push(Entry { name: name.clone(), kind, fields });
    }
    let reordered = SECTIONS.iter().filter(|section| moved(old, new, section)).map(|&one| one.to_owned());
    Diff { entries, reordered: reordered.collect() }
}

/// Whether what is in both stands in another order.
fn moved(old: &Documents, new: &Documents, section: &str) -> bool {
    let (before, after) = (ordered(old, section), ordered(new, section));
    let stayed = |all: &[&str], other: &[&str]| -> Vec<String> {
        all.iter().filter(|name| other.contains(name)).map(|&name| name.to_owned()).collect()
    };
    stayed(&before, &after) != stayed(&after, &before)
}

fn compare(path: &str, old: Option<&Value>, new: Option<&Value>, fields: &mut Vec<Field>) {
    if old == new {
        return;
    }
    let object = |value: Option<&Value>| {
        value.filter(|value| secret(value).is_none()).and_then(Value::as_object).cloned()
    };
    let (before, after) = (object(old), object(new));
    if before.is_none() && after.is_none() {
        let both_secret = old.and_then(secret).zip(new.and_then(secret));
        // The same reference with another value behind it.
        let same_reference = both_secret.is_some_and(|(one, other)| one.0 == other.0);
        // Or several of them, within a list that reads the same.
        let same_text = old.is_some_and(holds_secret) && old.map(shown) == new.map(shown);
        let unseen = same_reference || same_text;
        let new = if unseen { Some("(secret changed)".to_owned()) } else { new.map(shown) };
        fields.push(Field { path: path.to_owned(), old: old.map(shown), new });
        return;
    }
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let path = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
        compare(&path, before.get(name), after.get(name), fields);
    }
}

/// A value as people may see it.
fn shown(value: &Value) -> String {
    match (secret(value), value) {
        (Some((reference, _)), _) => reference.to_owned(),
        (None, Value::String(text)) => text.clone(),
        (None, Value::Array(items)) => {
            format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
        (None, Value::Object(fields)) => {
            let fields = fields.iter().map(|(name, value)| format!("{name}: {}", shown(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        (None, other) => other.to_string(),
    }
}

fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(holds_secret),
        Value::Object(fields) => secret(value).is_some() || fields.values().any(holds_secret),
        _ => false,
    }
}

impl Diff {
    /// Whether nothing is different.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.reordered.is_empty()
    }

    /// How much is different, in a few words.
    #[must_use]
    pub fn summary(&self) -> String {
        let count = |kind| self.entries.iter().filter(|entry| entry.kind == kind).count();
        let counts = [(Kind::Added, "added"), (Kind::Changed, "changed"), (Kind::Removed, "removed")];
        let mut parts: Vec<String> = counts
            .iter()
            .map(|(kind, word)| (count(*kind), word))
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| format!("{number} {word}"))
            .collect();
        if !self.reordered.is_empty() {
            parts.push(format!("order of {}", self.reordered.join(", ")));
        }
        if parts.is_empty() { "nothing is different".to_owned() } else { parts.join(", ") }
    }

    /// Lines for people: `+` new, `~` different, `-` gone.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        for Entry { name, kind, fields } in &self.entries {
            let sign = match kind {
                Kind::Added => '+',
                Kind::Changed => '~',
                Kind::Removed => '-',
            };
            // Writing to a text cannot fail.
            let _written = writeln!(text, "{sign} {name}");
            if *kind == Kind::Removed {
                continue;
            }
            for Field { path, old, new } in fields {
                let _written = match (old, new) {
                    (Some(old), Some(new)) => writeln!(text, "    {path}: {old} -> {new}"),
                    (None, Some(new)) => writeln!(text, "    {path}: {new}"),
                    (Some(old), None) => writeln!(text, "    {path}: {old} -> (default)"),
                    (None, None) => Ok(()),
                };
            }
        }
        for section in &self.reordered {
            let _written = writeln!(text, "~ order of {section}");
        }
        let _written = writeln!(text, "{}", self.summary());
        text
    }
}
