//! From the text to objects with names: what they are, what they are called here, and which are left out at once.

use super::sections::{self, What};
use super::{Kind, Work};
use crate::item::{Item, scalar};
use crate::names::Names;
use crate::report::Finding;
use crate::text::shown;
use caisson_definition::problem::Problem;
use caisson_definition::yaml::{At, Content, Node, parse};
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;

/// Reads the text.
pub(super) fn root(text: &str, file: &Path) -> Result<Node, Problem> {
    let empty = || problem(file, At { line: 1, column: 1, ..At::default() }, "the file is empty".to_owned());
    parse(text, 0, file)?.ok_or_else(empty)
}

fn problem(file: &Path, at: At, what: String) -> Problem {
    let message = format!(
        "{what}: an enmasse file has keys such as `security`, `channel_rest` and `outgoing_rest`, with lists"
    );
    Problem { file: file.to_owned(), line: at.line, column: at.column, message }
}

/// All objects that have a place here, in the order of the source.
pub(super) fn items<'a>(
    work: &mut Work,
    root: &'a Node,
    file: &Path,
) -> Result<Vec<(What, Item<'a>)>, Problem> {
    let Content::Map(keys) = &root.content else {
        return Err(problem(file, root.at, "this is a list or a text".to_owned()));
    };
    if !keys.iter().any(|(_, key, _)| key == "http_soap" || sections::of_key(key).is_some()) {
        return Err(problem(file, root.at, "none of the keys is known".to_owned()));
    }
    let mut found = Vec::new();
    for (at, key, node) in keys {
        section(work, *at, key, node, &mut found);
    }
    let mut known = HashMap::new();
    let mut items = Vec::new();
    for (what, item) in found {
        match known.get(&(what, item.name.clone())) {
            Some(line) => {
                let text = format!("line {line} has one of this name already");
                work.finding(&item, item.at, Kind::LeftOut, None, &text);
            }
            None => {
                known.insert((what, item.name.clone()), item.at.line);
                items.push((what, item));
            }
        }
    }
    name(work, &mut items);
    Ok(items)
}

fn section<'a>(work: &mut Work, at: At, key: &'a str, node: &'a Node, found: &mut Vec<(What, Item<'a>)>) {
    let kind = sections::of_key(key);
    let nodes = match &node.content {
        Content::Scalar(Value::Null) => return,
        Content::List(nodes) => nodes,
        Content::Scalar(_) | Content::Map(_) => {
            let reason = match kind {
                Some(What::Nothing(reason)) => reason,
                None if key != "http_soap" => sections::unknown(),
                _ => "it has to be a list of objects",
            };
            return tell(work, at, key, None, reason);
        }
    };
    for node in nodes {
        let what = match (key, kind) {
            ("http_soap", _) => sections::of_http_soap(node),
            (_, Some(What::Nothing(reason))) => Err(reason),
            (_, Some(what)) => Ok(what),
            (_, None) => Err(sections::unknown()),
        };
        let item = Item::new(key, node);
        match (what, item) {
            _ if sections::is_internal(node) => {
                tell(
                    work,
                    node.at,
                    key,
                    label(node),
                    "it is one of Zato's own, which every installation of it has",
                );
            }
            (Ok(what), Some(item)) => found.push((what, item)),
            (Ok(_), None) => tell(work, node.at, key, None, "it is no object with a `name`"),
            (Err(reason), _) if key == "scheduler" => {
                tell(work, node.at, key, label(node), &format!("{}{reason}", job(node)));
            }
            (Err(reason), _) => tell(work, node.at, key, label(node), reason),
        }
    }
}

fn tell(work: &mut Work, at: At, key: &str, name: Option<String>, reason: &str) {
    work.findings.push(Finding {
        line: at.line,
        column: at.column,
        kind: Kind::LeftOut,
        section: shown(key),
        name,
        option: None,
        reason: reason.to_owned(),
    });
}

/// What an object can be recognised by.
fn label(node: &Node) -> Option<String> {
    let of = |key| node.get(key).and_then(scalar);
    of("name").or_else(|| of("security")).or_else(|| scalar(node)).map(|text| shown(&text))
}

/// What a job does and when, so that it can be set up elsewhere.
fn job(node: &Node) -> String {
    let of = |key| node.get(key).and_then(scalar).filter(|text| !matches!(text.trim(), "" | "0"));
    let service = of("service").or_else(|| of("service_name"));
    let mut when: Vec<String> = ["weeks", "days", "hours", "minutes", "seconds"]
        .into_iter()
        .filter_map(|unit| Some(format!("{} {unit}", shown(&of(unit)?))))
        .collect();
    when.extend(of("cron_definition").or_else(|| of("cron")).map(|cron| format!("`{}`", shown(&cron))));
    let every = if when.is_empty() { String::new() } else { format!(" every {}", when.join(" ")) };
    match service {
        Some(service) => format!("it calls `{}`{every}; ", shown(&service)),
        None => String::new(),
    }
}

/// Gives each object its name here. Names that fit stay, whatever others have to become.
fn name(work: &mut Work, items: &mut [(What, Item<'_>)]) {
    let mut names: [Names; 3] = Default::default();
    let mut later = Vec::new();
    for (index, (what, item)) in items.iter_mut().enumerate() {
        let Some(names) = names.get_mut(namespace(*what)) else { continue };
        if names.keep(&item.name) {
            item.new_name.clone_from(&item.name);
        } else {
            later.push(index);
        }
    }
    for index in later {
        let Some((what, item)) = items.get_mut(index) else { continue };
        let Some(names) = names.get_mut(namespace(*what)) else { continue };
        item.new_name = names.make(&item.name);
        let whom = match what {
            What::RestConnection | What::Sql => "; services that name it have to be changed",
            _ => "",
        };
        let new = &item.new_name;
        let text =
            format!("it is `{new}` here: a name has letters, digits and . _ - only, and is there once{whom}");
        work.finding(item, item.at, Kind::Renamed, None, &text);
    }
}

/// Objects among which a name may be there once. There is no such thing for what is not carried over at all.
fn namespace(what: What) -> usize {
    match what {
        What::Security | What::Group => 0,
        What::RestConnection | What::Sql => 1,
        What::RestChannel | What::SoapChannel => 2,
        What::SoapConnection | What::Nothing(_) => 3,
    }
}
