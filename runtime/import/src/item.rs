//! An object of the source: its options are taken one by one, and what nobody has taken is left to be told.

use crate::names::fitting;
use crate::text::shown;
use caisson_definition::yaml::{At, Content, Node};
use serde_json::Value;
use std::collections::HashSet;

/// An object of the source.
#[derive(Debug)]
pub(crate) struct Item<'a> {
    /// The key of the source that holds it.
    pub(crate) section: &'a str,
    /// Where it stands.
    pub(crate) at: At,
    /// Its name there.
    pub(crate) name: String,
    /// Its name here.
    pub(crate) new_name: String,
    entries: &'a [(At, String, Node)],
    taken: HashSet<&'static str>,
}

impl<'a> Item<'a> {
    /// An object, or nothing if the node has no keys or no name.
    pub(crate) fn new(section: &'a str, node: &'a Node) -> Option<Self> {
        let Content::Map(entries) = &node.content else { return None };
        let name = node.get("name").and_then(scalar).filter(|name| !name.trim().is_empty())?;
        let new_name = fitting(&name);
        let taken = HashSet::from(["name"]);
        Some(Self { section, at: node.at, name, new_name, entries, taken })
    }

    /// The name as a report shows it.
    pub(crate) fn shown(&self) -> String {
        shown(&self.name)
    }

    /// The value of an option, wherever it stands; nothing if it says nothing.
    pub(crate) fn look(&self, key: &str) -> Option<&'a Node> {
        let (_, _, node) = self.entries.iter().find(|(_, known, _)| known == key)?;
        Some(node).filter(|node| !says_nothing(node))
    }

    /// The value of an option, which counts as understood from now on.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<&'a Node> {
        self.taken.insert(key);
        self.look(key)
    }

    /// The first of these options that says something. All of them count as understood.
    pub(crate) fn take_any(&mut self, keys: &[&'static str]) -> Option<&'a Node> {
        let mut found = None;
        for key in keys {
            found = found.or(self.take(key));
        }
        found
    }

    /// A text, or a number or a boolean as one.
    pub(crate) fn text(&mut self, keys: &[&'static str]) -> Option<(String, At)> {
        let node = self.take_any(keys)?;
        scalar(node).map(|text| (text, node.at))
    }

    /// A switch. `Err` with its place when it cannot be told, as when it comes from the environment.
    pub(crate) fn switch(&mut self, key: &'static str) -> Result<Option<bool>, At> {
        match self.take(key) {
            None => Ok(None),
            Some(node) => boolean(node).map(Some).ok_or(node.at),
        }
    }

    /// A whole number. `Err` with its place when it is none, as when it comes from the environment.
    pub(crate) fn number(&mut self, key: &'static str) -> Result<Option<u64>, At> {
        match self.take(key) {
            None => Ok(None),
            Some(node) => number(node).map(Some).ok_or(node.at),
        }
    }

    /// Texts: a list of them, or one with commas or lines. `Err` with its place when it is something else.
    pub(crate) fn texts(&mut self, key: &'static str) -> Result<Vec<String>, At> {
        let Some(node) = self.take(key) else { return Ok(Vec::new()) };
        let all = match &node.content {
            Content::List(items) => items.iter().map(scalar).collect::<Option<Vec<_>>>().ok_or(node.at)?,
            Content::Scalar(_) => {
                let text = scalar(node).unwrap_or_default();
                text.split([',', '\n']).map(str::to_owned).collect()
            }
            Content::Map(_) => return Err(node.at),
        };
        Ok(all.iter().map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect())
    }

    /// The options that nobody has taken and that say something, each with its place.
    pub(crate) fn rest(&self) -> impl Iterator<Item = (At, &'a str, &'a Node)> + '_ {
        let entries = self
            .entries
            .iter()
            .filter(|(_, key, node)| !self.taken.contains(key.as_str()) && !says_nothing(node));
        entries.map(|(at, key, node)| (*at, key.as_str(), node))
    }
}

/// What exports fill their many options with: nothing, emptiness, `false`.
fn says_nothing(node: &Node) -> bool {
    match &node.content {
        Content::Scalar(Value::Null) => true,
        Content::Scalar(Value::String(text)) => text.trim().is_empty(),
        Content::Scalar(_) => false,
        Content::List(items) => items.iter().all(says_nothing),
        Content::Map(entries) => entries.is_empty(),
    }
}

/// A scalar as a text.
pub(crate) fn scalar(node: &Node) -> Option<String> {
    match &node.content {
        Content::Scalar(Value::String(text)) => Some(text.clone()),
        Content::Scalar(Value::Null) | Content::List(_) | Content::Map(_) => None,
        Content::Scalar(other) => Some(other.to_string()),
    }
}

/// A switch, which 3.2 also writes as a text.
pub(crate) fn boolean(node: &Node) -> Option<bool> {
    match &node.content {
        Content::Scalar(Value::Bool(value)) => Some(*value),
        Content::Scalar(Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => None,
        },
        Content::Scalar(Value::Number(number)) => match number.as_u64() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        },
        _ => None,
    }
}

/// A whole number, which 3.2 also writes as a text.
pub(crate) fn number(node: &Node) -> Option<u64> {
    match &node.content {
        Content::Scalar(Value::Number(number)) => number.as_u64(),
        Content::Scalar(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    }
}
