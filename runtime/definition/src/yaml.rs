//! YAML text as a tree that knows where everything stands.

use crate::problem::Problem;
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::{Number, Value};
use std::path::Path;

/// Most nodes of a file. Without aliases a text can hold no more of them than it has characters; this bounds memory.
const MAX_NODES: usize = 2_000_000;

/// Deepest nesting. Definitions need six.
const MAX_DEPTH: usize = 32;

/// A place in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// Which of the files.
    pub file: usize,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
}

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands.
    pub at: At,
    /// What it is.
    pub content: Content,
}

/// A value.
#[derive(Clone, Debug)]
pub enum Content {
    /// Null, a boolean, a number or a text.
    Scalar(Value),
    /// Items in the order of the text.
    List(Vec<Node>),
    /// Keys in the order of the text, each with its place.
    Map(Vec<(At, String, Node)>),
}

impl Node {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        let Content::Map(entries) = &self.content else { return None };
        entries.iter().find(|(_, name, _)| name == key).map(|(_, _, node)| node)
    }

    /// The text, when it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The value without its places.
    #[must_use]
    pub fn value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(items) => items.iter().map(Self::value).collect(),
            Content::Map(entries) => {
                Value::Object(entries.iter().map(|(_, key, node)| (key.clone(), node.value())).collect())
            }
        }
    }
}

/// Reads a text. Nothing for an empty one. `file` is what places will say, and `path` what errors name.
///
/// # Errors
///
/// The first thing that is wrong, with its place: no YAML, more than one document, keys that are there twice, tags, aliases
/// and merge keys, a text that is too large or nested too deep.
pub fn parse(text: &str, file: usize, path: &Path) -> Result<Option<Node>, Problem> {
    let mut reader = Reader { events: Parser::new_from_str(text), file, path, nodes: 0 };
    let mut root = None;
    while let Some((event, at)) = reader.next()? {
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd | Event::Nothing => {}
            Event::DocumentStart(_) if root.is_none() => {}
            Event::DocumentStart(_) => {
                return Err(
                    reader.problem(at, "a file holds one document: remove this `---` and what follows")
                );
            }
            first => root = Some(reader.node(first, at, 0)?),
        }
    }
    Ok(root.filter(|node| !matches!(node.content, Content::Scalar(Value::Null))))
}

struct Reader<'a> {
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
    file: usize,
    path: &'a Path,
    nodes: usize,
}

impl<'a> Reader<'a> {
    fn problem(&self, at: At, message: impl Into<String>) -> Problem {
        Problem { file: self.path.to_owned(), line: at.line, column: at.column, message: message.into() }
    }

    fn at(&self, span: &Span) -> At {
        At { file: self.file, line: span.start.line(), column: span.start.col() + 1 }
    }

    fn next(&mut self) -> Result<Option<(Event<'a>, At)>, Problem> {
        match self.events.next() {
            None => Ok(None),
            Some(Ok((event, span))) => Ok(Some((event, self.at(&span)))),
            Some(Err(error)) => {
                let at =
                    At { file: self.file, line: error.marker().line(), column: error.marker().col() + 1 };
                Err(self.problem(at, format!("this is no YAML: {}", error.info())))
            }
        }
    }

    /// The event after which something must follow.
    fn inner(&mut self) -> Result<(Event<'a>, At), Problem> {
        let next = self.next()?;
        next.ok_or_else(|| self.problem(At::default(), "this is no YAML: it ends in the middle"))
    }

    fn node(&mut self, event: Event<'a>, at: At, depth: usize) -> Result<Node, Problem> {
        self.nodes += 1;
        if self.nodes > MAX_NODES || depth > MAX_DEPTH {
            let text = format!("this is more than {MAX_NODES} values, or nested deeper than {MAX_DEPTH}");
            return Err(self.problem(at, text));
        }
        let content = match event {
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => {
                return Err(
                    self.problem(at, "tags (`!...`) mean nothing here: remove it, and quote what is a text")
                );
            }
            Event::Alias(_) => {
                return Err(self.problem(at, "aliases (`*...`) are not read: write the value here again"));
            }
            Event::Scalar(text, style, _, None) => Content::Scalar(scalar(&text, style)),
            Event::SequenceStart(_, None) => Content::List(self.list(depth)?),
            Event::MappingStart(_, None) => Content::Map(self.map(depth)?),
            _ => return Err(self.problem(at, "this is no YAML: something is missing here")),
        };
        Ok(Node { at, content })
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Problem> {
        let mut items = Vec::new();
        loop {
            match self.inner()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, at) => items.push(self.node(event, at, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Vec<(At, String, Node)>, Problem> {
        let mut entries: Vec<(At, String, Node)> = Vec::new();
        loop {
            let (event, at) = self.inner()?;
            let key = match event {
                Event::MappingEnd => return Ok(entries),
                Event::Scalar(key, ..) => key.into_owned(),
                _ => return Err(self.problem(at, "a key has to be a word")),
            };
            if key == "<<" {
                return Err(self.problem(at, "merge keys (`<<`) are not read: write the values out"));
            }
            if let Some((first, ..)) = entries.iter().find(|(_, known, _)| *known == key) {
                let text = format!("`{key}` is here twice: it stands in line {} already", first.line);
                return Err(self.problem(at, text));
            }
            let (event, value_at) = self.inner()?;
            entries.push((at, key, self.node(event, value_at, depth + 1)?));
        }
    }
}

/// What a scalar is by the core schema of YAML 1.2: `no` and `on` are texts.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    if let Ok(whole) = unsigned.parse::<u64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = unsigned.parse::<i64>() {
        return Some(whole.into());
    }
    let plain = digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+'));
    plain.then(|| unsigned.parse().ok().and_then(Number::from_f64)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn value(text: &str) -> Value {
        parse(text, 0, Path::new("f")).unwrap().map_or(Value::Null, |node| node.value())
    }

    #[test]
    fn scalars_follow_the_core_schema() {
        let text = "{a: 1, b: -2, c: 1.5, d: no, e: '1', f: ~, g: true, h: 10.0.0.0/8, i: 100/s, j: 1.2.3}";
        let expected = json!({"a": 1, "b": -2, "c": 1.5, "d": "no", "e": "1", "f": null, "g": true,
            "h": "10.0.0.0/8", "i": "100/s", "j": "1.2.3"});
        assert_eq!(value(text), expected);
        assert_eq!(value(""), Value::Null);
        assert_eq!(value("# only a comment\n"), Value::Null);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, line, column, says) in [
            ("a: 1\na: 2\n", 2, 1, "twice"),
            ("a: &x 1\nb: *x\n", 2, 4, "aliases"),
            ("a: !!str 1\n", 1, 4, "tags"),
            ("a: 1\n---\nb: 2\n", 2, 1, "one document"),
            ("<<: {a: 1}\n", 1, 1, "merge"),
            ("{[a]: 1}\n", 1, 2, "word"),
        ] {
            let problem = parse(text, 0, Path::new("f")).unwrap_err();
            assert!(problem.message.contains(says), "{text:?}: {problem}");
            assert_eq!((problem.line, problem.column), (line, column), "{text:?}: {problem}");
        }
        assert!(parse("a: [1\n", 0, Path::new("f")).is_err());
        assert!(parse(&"[".repeat(100), 0, Path::new("f")).is_err());
    }
}
