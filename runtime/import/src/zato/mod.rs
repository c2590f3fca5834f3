//! Enmasse files of Zato 3.2 and 4.1.

mod channel;
mod connection;
mod gather;
mod limits;
mod options;
mod sections;
mod security;

use crate::entry::{Entry, Fields, Section, Shape};
use crate::item::Item;
use crate::report::{Carried, Finding, Import, Kind};
use crate::text::shown;
use crate::variables::Variables;
use crate::verify::{connections, settle};
use caisson_capability::Catalog;
use caisson_definition::load::MAX_DEFINITIONS_BYTES;
use caisson_definition::problem::Problem;
use caisson_definition::yaml::At;
use sections::What;
use std::collections::HashMap;
use std::path::Path;

/// Turns an enmasse file into definitions. `file` is what errors and the head of the definitions name; `catalog` has the
/// capabilities whose options connections have to fit.
///
/// # Errors
///
/// A text that is no YAML or no enmasse file, with the place.
pub fn enmasse(text: &str, file: &Path, catalog: &Catalog) -> Result<Import, Problem> {
    let root = gather::root(text, file)?;
    let mut work = Work::default();
    let items = gather::items(&mut work, &root, file)?;
    convert(&mut work, items);
    finish(work, file, catalog)
}

fn convert(work: &mut Work, items: Vec<(What, Item<'_>)>) {
    let usage = security::Usage::of(&items);
    let (guards, rest): (Vec<_>, Vec<_>) = items.into_iter().partition(|(what, _)| *what == What::Security);
    for (_, item) in guards {
        security::definition(work, item, &usage);
    }
    // Groups may stand before what they hold, and channels before both.
    let (groups, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(what, _)| *what == What::Group);
    for (_, item) in groups {
        security::group(work, item);
    }
    for (what, item) in rest {
        match what {
            What::RestChannel => channel::rest(work, item),
            What::SoapChannel => channel::soap(work, item),
            What::RestConnection => connection::rest(work, item),
            What::SoapConnection => connection::soap(work, &item),
            What::Sql => connection::sql(work, item),
            What::Security | What::Group | What::Nothing(_) => {}
        }
    }
}

fn finish(mut work: Work, file: &Path, catalog: &Catalog) -> Result<Import, Problem> {
    // In the order of the source, whatever had to be understood first.
    work.entries.sort_by_key(|entry| entry.at);
    let name = file.file_name().map(|name| shown(&name.to_string_lossy())).unwrap_or_default();
    let head = format!("From {name}, by `caisson import zato-enmasse`.");
    let verified = settle(&mut work.entries, &head, catalog)?;
    for entry in &work.entries {
        if let Some(reason) = &entry.left_out {
            work.findings.push(entry_finding(entry, Kind::LeftOut, reason));
        }
    }
    for (index, message) in &verified.warnings {
        work.findings.extend(work.entries.get(*index).map(|entry| entry_finding(entry, Kind::Note, message)));
    }
    if verified.text.len() as u64 > MAX_DEFINITIONS_BYTES {
        let reason = format!(
            "the definitions have {} bytes, and files up to {MAX_DEFINITIONS_BYTES} are read: move parts into files of their own \
             and name these in `include`",
            verified.text.len()
        );
        let section = "the file".to_owned();
        work.findings.push(Finding {
            line: 1,
            column: 1,
            kind: Kind::Note,
            section,
            name: None,
            option: None,
            reason,
        });
    }
    work.findings.sort_by_key(|finding| (finding.line, finding.column));
    let count =
        |section| work.entries.iter().filter(|one| one.section == section && one.left_out.is_none()).count();
    Ok(Import {
        carried: Carried {
            security: count(Section::Security),
            connections: count(Section::Connections),
            channels: count(Section::Channels),
        },
        without_grants: connections(&work.entries),
        text: verified.text,
        findings: work.findings,
        variables: work.variables.used(|name| verified.variables.contains(name)),
    })
}

fn entry_finding(entry: &Entry, kind: Kind, reason: &str) -> Finding {
    Finding {
        line: entry.at.line,
        column: entry.at.column,
        kind,
        section: entry.source.clone(),
        name: Some(entry.source_name.clone()),
        option: None,
        reason: reason.to_owned(),
    }
}

/// A security definition or group, as others refer to it.
#[derive(Debug)]
struct Guard {
    /// Its name here.
    name: String,
    /// Whether it is among the definitions.
    is_written: bool,
    /// How a connection proves with it who calls, or why it cannot.
    auth: Result<Fields, &'static str>,
}

/// What has been done so far.
#[derive(Debug, Default)]
struct Work {
    findings: Vec<Finding>,
    variables: Variables,
    entries: Vec<Entry>,
    /// Security definitions by their names in the source.
    definitions: HashMap<String, Guard>,
    /// Groups by their names in the source.
    groups: HashMap<String, Guard>,
}

impl Work {
    fn finding(&mut self, item: &Item<'_>, at: At, kind: Kind, option: Option<&str>, reason: &str) {
        self.findings.push(Finding {
            line: at.line,
            column: at.column,
            kind,
            section: item.section.to_owned(),
            name: Some(item.shown()),
            option: option.map(shown),
            reason: reason.to_owned(),
        });
    }

    /// Tells that an option was not carried over.
    fn option(&mut self, item: &Item<'_>, option: &str, at: At, reason: &str) {
        self.finding(item, at, Kind::OptionLeftOut, Some(option), reason);
    }

    /// Tells about every option that nothing was done with.
    fn leftovers(&mut self, item: &Item<'_>) {
        for (at, key, node) in item.rest() {
            if let Some(reason) = options::reason(key, node) {
                self.option(item, key, at, reason);
            }
        }
    }

    /// A number of an option; one that cannot be read is told.
    fn number(&mut self, item: &mut Item<'_>, key: &'static str) -> Option<u64> {
        item.number(key).unwrap_or_else(|at| {
            limits::unreadable(self, item, key, at);
            None
        })
    }

    /// A switch of an option; one that cannot be read is told.
    fn switch(&mut self, item: &mut Item<'_>, key: &'static str) -> Option<bool> {
        item.switch(key).unwrap_or_else(|at| {
            limits::unreadable(self, item, key, at);
            None
        })
    }

    /// A text of an option as definitions have it.
    fn text(&mut self, item: &mut Item<'_>, keys: &[&'static str]) -> Option<String> {
        let (text, at) = item.text(keys)?;
        Some(self.variables.written(&text, at))
    }

    /// Whether the object is switched on. What cannot be told counts as off.
    fn is_active(&mut self, item: &mut Item<'_>) -> bool {
        match item.switch("is_active") {
            Ok(active) => active.unwrap_or(true),
            Err(at) => {
                let text = "whether it is on comes from elsewhere, and a reference cannot stand for that: it counts as off";
                self.option(item, "is_active", at, text);
                false
            }
        }
    }

    /// Adds a definition.
    fn entry(&mut self, item: &Item<'_>, section: Section, fields: Fields, left_out: Option<String>) {
        let mut all = vec![("name", Shape::text(item.new_name.clone()))];
        all.extend(fields);
        self.leftovers(item);
        self.entries.push(Entry {
            section,
            fields: all,
            at: item.at,
            source: item.section.to_owned(),
            source_name: item.shown(),
            left_out,
        });
    }
}
