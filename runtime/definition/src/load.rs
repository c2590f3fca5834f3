//! From files to definitions: parsed, included, resolved, checked; every problem with its place, all at once.

pub use crate::reference::{MAX_DEFINITIONS_BYTES, Process, Surroundings};

use crate::check::{self, Finding};
use crate::documents::{Submission, invented, secret_fields};
use crate::model::Definitions;
use crate::problem::{Problem, Problems};
use crate::reference::resolve;
use crate::schema::schema;
use crate::validate::validate;
use crate::yaml::{self, At, Content, Node};
use caisson_capability::Catalog;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// The sections of a file, in the order in which they are explained.
pub const SECTIONS: [&str; 5] = ["security", "connections", "channels", "grants", "limits"];

/// Most files that may be included.
const MAX_FILES: usize = 1_000;

/// Definitions that have been read and found good.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What they say, with references resolved.
    pub definitions: Definitions,
    /// What stands in the file where a reference was resolved: place (`security/partner/password`) to text.
    pub references: BTreeMap<String, String>,
    /// What is accepted and looks odd.
    pub warnings: Vec<Problem>,
}

impl Loaded {
    /// What is sent to a server.
    #[must_use]
    pub fn submission(&self) -> Submission {
        Submission { definitions: self.definitions.clone(), references: self.references.clone() }
    }
}

/// Reads a file and what it includes.
///
/// # Errors
///
/// Everything that is wrong with them.
pub fn load(path: &Path, surroundings: &dyn Surroundings, catalog: &Catalog) -> Result<Loaded, Problems> {
    let schema = schema(catalog);
    let (files, problems, items) = (Vec::new(), Vec::new(), BTreeMap::new());
    let mut loader = Loader { surroundings, catalog, schema, files, problems, items };
    loader.file(path, None);
    loader.finish()
}

/// A list of definitions, with the place of each key.
type Items = Vec<Node>;

struct Loader<'a> {
    surroundings: &'a dyn Surroundings,
    catalog: &'a Catalog,
    schema: Value,
    files: Vec<PathBuf>,
    problems: Vec<Problem>,
    items: BTreeMap<&'static str, Items>,
}

impl Loader<'_> {
    fn problem(&mut self, at: At, message: impl Into<String>) {
        let problem = self.at(at, message);
        self.problems.push(problem);
    }

    fn at(&self, at: At, message: impl Into<String>) -> Problem {
        let file = self.files.get(at.file).cloned().unwrap_or_default();
        Problem { file, line: at.line, column: at.column, message: message.into() }
    }

    fn file(&mut self, path: &Path, included_at: Option<At>) {
        if self.files.iter().any(|known| plain(known) == plain(path)) {
            return;
        }
        let number = self.files.len();
        let place = included_at.unwrap_or(At { file: number, line: 0, column: 0 });
        if number >= MAX_FILES {
            return self.problem(place, format!("more than {MAX_FILES} files are included"));
        }
        self.files.push(path.to_owned());
        let text = match self.surroundings.read(path, MAX_DEFINITIONS_BYTES) {
            Ok(text) => text,
            Err(error) => return self.problem(place, format!("{} cannot be read: {error}", path.display())),
        };
        match yaml::parse(&text, number, path) {
            Err(problem) => self.problems.push(problem),
            Ok(None) => self.problem(
                At { file: number, line: 1, column: 1 },
                "the file is empty: it begins with `version: 1`",
            ),
            Ok(Some(root)) => self.root(root, path),
        }
    }

    fn root(&mut self, root: Node, path: &Path) {
        for (at, message) in validate(&root, &self.schema) {
            self.problem(at, message);
        }
        let Content::Map(entries) = root.content else { return };
        let folder = path.parent().unwrap_or(Path::new(""));
        for (_, key, node) in entries {
            match (key.as_str(), node.content) {
                ("include", Content::List(names)) => {
                    for name in names {
                        if let Some(text) = name.text() {
                            self.file(&folder.join(text), Some(name.at));
                        }
                    }
                }
                (section, Content::List(items)) => {
                    if let Some(section) = SECTIONS.iter().find(|known| **known == section) {
                        self.items.entry(section).or_default().extend(items);
                    }
                }
                _ => {}
            }
        }
    }

    fn finish(mut self) -> Result<Loaded, Problems> {
        let mut places = BTreeMap::new();
        let mut references = BTreeMap::new();
        let mut warnings = Vec::new();
        let mut items = std::mem::take(&mut self.items);
        for (section, list) in &mut items {
            for (index, node) in list.iter_mut().enumerate() {
                let name = self.name(node).unwrap_or_else(|| index.to_string());
                let place = format!("{section}/{name}");
                self.walk(node, &place, &mut places, &mut references);
                self.literal_secrets(node, section, &place, &mut references, &mut warnings);
            }
        }
        if !self.problems.is_empty() {
            return Err(self.refuse());
        }
        let definitions = Definitions {
            security: self.section(&items, "security"),
            connections: self.section(&items, "connections"),
            channels: self.section(&items, "channels"),
            grants: self.section(&items, "grants"),
            limits: self.section(&items, "limits"),
        };
        if !self.problems.is_empty() {
            return Err(self.refuse());
        }
        let submission = Submission { definitions, references };
        for Finding { place, message, warning } in check::check(&submission, self.catalog) {
            let problem = self.at(position(&places, &place), message);
            if warning { warnings.push(problem) } else { self.problems.push(problem) }
        }
        if !self.problems.is_empty() {
            return Err(self.refuse());
        }
        let Submission { definitions, references } = submission;
        Ok(Loaded { definitions, references, warnings })
    }

    /// A definition's name, as the definitions will have it.
    fn name(&self, node: &Node) -> Option<String> {
        let node = node.get("name")?;
        let text = node.text()?;
        let resolved = resolve(text, self.folder(node.at), self.surroundings);
        // What cannot be resolved is reported when the definition is walked.
        Some(resolved.ok().flatten().unwrap_or_else(|| text.to_owned()))
    }

    /// The folder of a file, which paths in it are relative to.
    fn folder(&self, at: At) -> &Path {
        self.files.get(at.file).and_then(|file| file.parent()).unwrap_or(Path::new(""))
    }

    /// Points out secrets that stand in the file itself, and gives each the reference that it is exported as.
    fn literal_secrets(
        &self,
        node: &Node,
        section: &str,
        place: &str,
        references: &mut BTreeMap<String, String>,
        warnings: &mut Vec<Problem>,
    ) {
        let kind = node.get("type").and_then(Node::text).unwrap_or_default();
        for field in secret_fields(section, kind, self.catalog) {
            let mut inner = Some(node);
            for part in field.split('/') {
                inner = inner.and_then(|node| node.get(part));
            }
            let Some(value) = inner.filter(|value| value.text().is_some_and(|text| is_secret(field, text)))
            else {
                continue;
            };
            let place = format!("{place}/{field}");
            if references.contains_key(&place) {
                continue;
            }
            let reference = invented(&place);
            let text =
                format!("`{field}` is a secret and stands here for all to read: write {reference} instead");
            warnings.push(self.at(value.at, text));
            references.insert(place, reference);
        }
    }

    fn refuse(mut self) -> Problems {
        self.problems.sort();
        self.problems.dedup();
        Problems(self.problems)
    }

    /// Notes where everything stands and resolves references.
    fn walk(
        &mut self,
        node: &mut Node,
        place: &str,
        places: &mut BTreeMap<String, At>,
        references: &mut BTreeMap<String, String>,
    ) {
        // Of two with one name the second counts: it is the one that is reported.
        places.insert(place.to_owned(), node.at);
        let at = node.at;
        match &mut node.content {
            Content::Scalar(Value::String(text)) => match resolve(text, self.folder(at), self.surroundings) {
                Ok(None) => {}
                Ok(Some(value)) => {
                    references.insert(place.to_owned(), std::mem::replace(text, value));
                }
                Err(message) => self.problem(at, message),
            },
            Content::Scalar(_) => {}
            Content::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.walk(item, &format!("{place}/{index}"), places, references);
                }
            }
            Content::Map(entries) => {
                for (_, key, value) in entries {
                    self.walk(value, &format!("{place}/{key}"), places, references);
                }
            }
        }
    }

    fn section<T: DeserializeOwned>(&mut self, items: &BTreeMap<&str, Items>, section: &str) -> Vec<T> {
        let mut all = Vec::new();
        for node in items.get(section).into_iter().flatten() {
            match serde_json::from_value(node.value()) {
                Ok(one) => all.push(one),
                // The shape is right by the schema: what is left are texts of special forms, such as networks.
                Err(error) => self.problem(node.at, error.to_string()),
            }
        }
        all
    }
}

/// Whether what stands in a secret field is one: a URL is only if it holds a password.
pub(crate) fn is_secret(field: &str, text: &str) -> bool {
    if field.rsplit('/').next() != Some("url") {
        return true;
    }
    let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}

/// A path without `.` and `..`, by its text alone: what names one file in two ways is one file.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// The place itself, or the nearest one around it.
fn position(places: &BTreeMap<String, At>, place: &str) -> At {
    let mut place = place;
    loop {
        if let Some(at) = places.get(place) {
            return *at;
        }
        match place.rsplit_once('/') {
            Some((outer, _)) => place = outer,
            None => return At::default(),
        }
    }
}
