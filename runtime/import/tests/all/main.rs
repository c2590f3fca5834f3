//! Enmasse files from outside: what they become, what is told about the rest, and that nothing is refused afterwards.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod enmasse;
mod hostile;
mod properties;

use caisson_capability::Catalog;
use caisson_definition::Definitions;
use caisson_definition::load::{Loaded, Surroundings, load};
use caisson_import::zato::enmasse;
use caisson_import::{Import, Kind};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// A file of definitions, and every variable of the environment.
struct Memory<'a>(&'a str);

impl Surroundings for Memory<'_> {
    fn env(&self, name: &str) -> Option<String> {
        // A path that comes from the environment has to be one, and a URL and a port too.
        let after = |lead: &str| self.0.contains(&format!("{lead}${{env:{name}}}"));
        Some(if after("path: \"") {
            "/from/the/environment".to_owned()
        } else if after("url: \"") {
            format!("https://value-of-{}", name.replace('_', "-"))
        } else if self.0.lines().any(|line| is_port(line, name)) {
            "1234".to_owned()
        } else {
            format!("value-of-{name}")
        })
    }

    fn read(&self, _: &Path, _: u64) -> Result<String, String> {
        Ok(self.0.to_owned())
    }
}

/// Whether a line has an address whose port is this variable.
fn is_port(line: &str, name: &str) -> bool {
    line.trim_start().starts_with("url: ") && line.contains(&format!(":${{env:{name}}}"))
}

/// The capabilities that connections of the source become.
fn catalog() -> Catalog {
    Catalog::new(vec![Arc::new(caisson_http::Http::default()), Arc::new(caisson_sql::Sql)])
}

fn import(text: &str) -> Import {
    enmasse(text, Path::new("enmasse.yaml"), &catalog()).unwrap_or_else(|problem| panic!("{problem}\n{text}"))
}

fn loaded(import: &Import) -> Loaded {
    load(Path::new("c.yaml"), &Memory(&import.text), &catalog())
        .unwrap_or_else(|problems| panic!("{problems}\n{}", import.text))
}

fn values(definitions: &Definitions, section: &str) -> Vec<Value> {
    let all = serde_json::to_value(definitions).unwrap();
    all[section].as_array().unwrap().clone()
}

#[track_caller]
fn one(import: &Import, section: &str, name: &str) -> Value {
    let all = values(&loaded(import).definitions, section);
    let found = all.into_iter().find(|one| one["name"] == name);
    found.unwrap_or_else(|| panic!("no {section}/{name} in\n{}", import.text))
}

#[track_caller]
fn told(import: &Import, kind: Kind, name: &str, option: Option<&str>, reason: &str) {
    let found = import.findings.iter().any(|one| {
        one.kind == kind
            && one.name.as_deref() == Some(name)
            && one.option.as_deref() == option
            && one.reason.contains(reason)
    });
    let all: Vec<String> = import.findings.iter().map(|one| format!("{:?} {one}", one.kind)).collect();
    assert!(found, "{kind:?} {name} {option:?} {reason}: not among\n{}", all.join("\n"));
}
