//! Definitions as YAML that is pleasant to read: in the order of the source, without quotes where none are needed.

use crate::entry::{Entry, Fields, Section, Shape};
use crate::text::is_invisible;
use std::ops::RangeInclusive;

/// Longest definition that is written on one line.
const MAX_LINE: usize = 110;

/// Words that some reader of YAML takes for something else than a text.
const WORDS: [&str; 11] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"];

/// A file of definitions.
#[derive(Debug)]
pub(crate) struct Rendered {
    pub(crate) text: String,
    /// The lines of each entry that is no comment, with its index.
    pub(crate) lines: Vec<(RangeInclusive<usize>, usize)>,
}

/// Writes the file. `head` is put before it, as a comment.
pub(crate) fn render(entries: &[Entry], head: &str, without_grants: &[String]) -> Rendered {
    let mut writer = Writer { lines: Vec::new() };
    for line in head.lines() {
        writer.comment("", line);
    }
    writer.lines.push("version: 1".to_owned());
    let mut lines = Vec::new();
    for section in Section::ALL {
        writer.section(section, entries, &mut lines);
    }
    if !without_grants.is_empty() {
        grants(&mut writer, without_grants);
    }
    Rendered { text: writer.lines.join("\n") + "\n", lines }
}

fn grants(writer: &mut Writer, connections: &[String]) {
    writer.lines.push(String::new());
    writer.comment(
        "",
        "A service may use a connection when a grant says so; the source does not tell which services do:",
    );
    writer.comment("", "grants:");
    for connection in connections {
        let connection = scalar(connection, true);
        let line = format!("  - {{services: [SERVICE], connection: {connection}, operations: [\"*\"]}}");
        writer.comment("", &line);
    }
}

struct Writer {
    lines: Vec<String>,
}

impl Writer {
    fn comment(&mut self, indent: &str, text: &str) {
        let text: String = text.chars().map(|c| if is_invisible(c) { '?' } else { c }).collect();
        self.lines.push(format!("{indent}# {text}"));
    }

    fn section(
        &mut self,
        section: Section,
        entries: &[Entry],
        lines: &mut Vec<(RangeInclusive<usize>, usize)>,
    ) {
        let own = || entries.iter().enumerate().filter(|(_, entry)| entry.section == section);
        if own().next().is_none() {
            return;
        }
        self.lines.push(String::new());
        // A key without a list behind it is refused: when all is comments, it is one too.
        let all_left_out = own().all(|(_, entry)| entry.left_out.is_some());
        let (indent, inner) = if all_left_out { ("", "  ") } else { ("  ", "") };
        let key = section.key();
        self.lines.push(if all_left_out { format!("# {key}:") } else { format!("{key}:") });
        for (index, entry) in own() {
            let written = definition(&entry.fields, section);
            match &entry.left_out {
                None => {
                    let first = self.lines.len() + 1;
                    self.lines.extend(written.iter().map(|line| format!("  {line}")));
                    lines.push((first..=self.lines.len(), index));
                }
                Some(reason) => {
                    self.comment(indent, &format!("{inner}Left out: {reason}"));
                    for line in written {
                        self.comment(indent, &format!("{inner}{line}"));
                    }
                }
            }
        }
    }
}

/// The lines of a definition. Security definitions are short, and easier to compare on a line each.
fn definition(fields: &Fields, section: Section) -> Vec<String> {
    let line = format!("- {}", flow_map(fields));
    if section == Section::Security && line.chars().count() <= MAX_LINE {
        return vec![line];
    }
    let mut lead = "- ";
    let mut lines = Vec::new();
    for (key, value) in fields {
        let line = format!("{lead}{key}: {}", block(value));
        match value {
            Shape::Map(inner) if line.chars().count() > MAX_LINE => {
                lines.push(format!("{lead}{key}:"));
                lines.extend(inner.iter().map(|(key, value)| format!("    {key}: {}", block(value))));
            }
            _ => lines.push(line),
        }
        lead = "  ";
    }
    lines
}

fn block(value: &Shape) -> String {
    match value {
        Shape::Text(text) => scalar(text, false),
        other => flow(other),
    }
}

fn flow(value: &Shape) -> String {
    match value {
        Shape::Text(text) => scalar(text, true),
        Shape::Number(number) => number.to_string(),
        Shape::Switch(value) => value.to_string(),
        Shape::List(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Shape::Map(fields) => flow_map(fields),
    }
}

fn flow_map(fields: &Fields) -> String {
    let entries: Vec<String> = fields.iter().map(|(key, value)| format!("{key}: {}", flow(value))).collect();
    format!("{{{}}}", entries.join(", "))
}

/// A text, in quotes unless nobody can take it for anything else.
fn scalar(text: &str, in_flow: bool) -> String {
    let fits = |c: char| {
        c.is_ascii_alphanumeric() || "._-/ +*@=~".contains(c) || (!in_flow && matches!(c, '{' | '}'))
    };
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let is_word = WORDS.contains(&text.to_ascii_lowercase().as_str());
    // A rate begins with a digit and is no number.
    let is_rate = text.split_once('/').is_some_and(|(number, unit)| {
        !number.is_empty()
            && number.chars().all(|c| c.is_ascii_digit())
            && matches!(unit, "s" | "m" | "h" | "d")
    });
    let plain = begins && text.chars().all(fits) && !text.ends_with(' ') && !is_word;
    if plain || is_rate { text.to_owned() } else { quoted(text) }
}

/// A text in double quotes: a string of JSON is one of YAML 1.2, but for what JSON leaves as it is and YAML does not read.
fn quoted(text: &str) -> String {
    let json = serde_json::Value::String(text.to_owned()).to_string();
    let mut quoted = String::new();
    for c in json.chars() {
        match c {
            c if is_invisible(c) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    quoted.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => quoted.push(c),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_there_where_they_are_needed() {
        for (text, in_block, in_flow) in [
            ("/api/{who}", "/api/{who}", "\"/api/{who}\""),
            ("crm.sync", "crm.sync", "crm.sync"),
            ("Billing ERP", "Billing ERP", "Billing ERP"),
            ("100/s", "100/s", "100/s"),
            ("100", "\"100\"", "\"100\""),
            ("no", "\"no\"", "\"no\""),
            ("a: b", "\"a: b\"", "\"a: b\""),
            ("a #b", "\"a #b\"", "\"a #b\""),
            ("${env:A}", "\"${env:A}\"", "\"${env:A}\""),
            ("10.0.0.0/8", "\"10.0.0.0/8\"", "\"10.0.0.0/8\""),
            ("", "\"\"", "\"\""),
            ("a\n\"b\\\u{2028}", "\"a\\n\\\"b\\\\\\u2028\"", "\"a\\n\\\"b\\\\\\u2028\""),
        ] {
            assert_eq!((scalar(text, false).as_str(), scalar(text, true).as_str()), (in_block, in_flow));
        }
    }
}
