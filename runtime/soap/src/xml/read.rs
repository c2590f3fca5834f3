//! Reads a tree from bytes, and refuses whatever could cost more than it is long.

use std::collections::HashMap;
use std::sync::Arc;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::{QName, ResolveResult};
use quick_xml::reader::NsReader;

use super::{Attribute, Element, Limits, Node};
use crate::names;

/// Prefixes that may be bound at one place. Looking one up goes through all of them.
const MAX_BINDINGS: usize = 256;
/// Length of a namespace. Each element that is in it hashes it.
const MAX_NAMESPACE: usize = 2048;
/// Length of a name. Errors show it.
const MAX_NAME: usize = 1024;
/// Attributes of the whole document, for each element that it may have. An attribute takes twenty times its length.
const ATTRIBUTES_PER_ELEMENT: usize = 4;
/// Characters of an error of the reader, which may quote what it has read.
const MAX_ERROR: usize = 300;

/// Why a document is refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the XML is refused at byte {at}: {problem}")]
pub struct Error {
    /// How many bytes had been read.
    pub at: u64,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It is longer than it may be.
    #[error("it has {found} bytes and {allowed} are allowed; send less at once")]
    TooLong {
        /// Its length.
        found: usize,
        /// The limit.
        allowed: usize,
    },
    /// One of the other limits.
    #[error("more than {allowed} {what}; send a simpler document")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        allowed: usize,
    },
    /// It is not UTF-8.
    #[error("the encoding is {0}; send UTF-8")]
    Encoding(String),
    /// It has a document type.
    #[error("there is a DOCTYPE, which is never read; send the document without it")]
    DocType,
    /// It has a reference to an entity.
    #[error(
        "`&{0};` is not known here; the entities are lt, gt, amp, apos and quot, and `&` alone is written `&amp;`"
    )]
    Entity(String),
    /// It has a processing instruction.
    #[error("there is a processing instruction, which SOAP forbids; leave it out")]
    Instruction,
    /// A prefix is not declared.
    #[error("the prefix `{0}` is not declared; add xmlns:{0}=\"...\"")]
    Prefix(String),
    /// It ends too early.
    #[error("the document ends before all its elements do; send all of it")]
    Truncated,
    /// Anything else that XML does not allow.
    #[error("{0}; send well-formed XML")]
    Malformed(String),
}

/// Reads a whole document. Comments are dropped; processing instructions are refused, as SOAP forbids them.
///
/// # Errors
///
/// The document is not well-formed, not UTF-8, has a DOCTYPE, or is beyond `limits`.
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Element, Error> {
    if bytes.len() > limits.max_bytes {
        let problem = Problem::TooLong { found: bytes.len(), allowed: limits.max_bytes };
        return Err(Error { at: 0, problem });
    }
    let text = decode(bytes)?;
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().check_comments = true;
    reader.resolver_mut().set_max_namespace_bindings(MAX_BINDINGS);
    let tree =
        Tree { limits, open: Vec::new(), root: None, elements: 0, attributes: 0, namespaces: HashMap::new() };
    tree.read(&mut reader).map_err(|problem| Error { at: reader.buffer_position(), problem })
}

fn decode(bytes: &[u8]) -> Result<&str, Error> {
    let refuse = |at: usize, what: &str| Error {
        at: u64::try_from(at).unwrap_or(u64::MAX),
        problem: Problem::Encoding(what.to_owned()),
    };
    let bytes = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => rest,
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [b'<', 0, ..] | [0, b'<', ..] => {
            return Err(refuse(0, "UTF-16 or UTF-32"));
        }
        other => other,
    };
    let text = std::str::from_utf8(bytes).map_err(|error| refuse(error.valid_up_to(), "not valid UTF-8"))?;
    match text.char_indices().find(|(_, one)| !names::is_char(*one)) {
        None => Ok(text),
        Some((at, one)) => Err(Error {
            at: u64::try_from(at).unwrap_or(u64::MAX),
            problem: Problem::Malformed(format!("the character U+{:04X} cannot be in XML", u32::from(one))),
        }),
    }
}

fn malformed(error: impl std::fmt::Display) -> Problem {
    Problem::Malformed(error.to_string().chars().take(MAX_ERROR).collect())
}

struct Tree<'l> {
    limits: &'l Limits,
    /// Elements that have begun and not ended, the outermost first.
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
    attributes: usize,
    namespaces: HashMap<String, Arc<str>>,
}

impl Tree<'_> {
    fn read(mut self, reader: &mut NsReader<&[u8]>) -> Result<Element, Problem> {
        loop {
            let first = reader.buffer_position() == 0;
            match reader.read_event().map_err(malformed)? {
                Event::Start(start) => self.start(reader, &start)?,
                Event::End(_) => self.end()?,
                Event::Text(text) => self.text(&text.xml10_content(), true)?,
                Event::CData(text) => self.text(&text.xml10_content(), false)?,
                Event::GeneralRef(reference) => self.reference(&reference)?,
                Event::Comment(_) => {}
                Event::Decl(declaration) if first => check_declaration(&declaration)?,
                Event::DocType(_) => return Err(Problem::DocType),
                Event::Decl(_) | Event::PI(_) => return Err(Problem::Instruction),
                // Empty elements are expanded by the reader.
                Event::Empty(_) => return Err(malformed("an element was not expanded")),
                Event::Eof => break,
            }
        }
        match self.root {
            Some(root) if self.open.is_empty() => Ok(root),
            _ => Err(Problem::Truncated),
        }
    }

    fn start(&mut self, reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<(), Problem> {
        if self.root.is_some() {
            return Err(malformed("there is a second element after the first has ended"));
        }
        self.elements += 1;
        limit("elements", self.elements, self.limits.max_elements)?;
        limit("elements within each other", self.open.len() + 1, self.limits.max_depth)?;
        let (name, prefixed) = local(start.name())?;
        let (resolved, _) = reader.resolver().resolve_element(start.name());
        let namespace = self.namespace(&resolved, prefixed)?;
        let attributes = self.attributes(reader, start)?;
        self.open.push(Element { name, namespace, attributes, children: Vec::new() });
        Ok(())
    }

    fn attributes(
        &mut self,
        reader: &NsReader<&[u8]>,
        start: &BytesStart<'_>,
    ) -> Result<Vec<Attribute>, Problem> {
        let mut all: Vec<Attribute> = Vec::new();
        for (index, one) in start.attributes().enumerate() {
            limit("attributes of one element", index + 1, self.limits.max_attributes)?;
            self.attributes += 1;
            let altogether = self.limits.max_elements.saturating_mul(ATTRIBUTES_PER_ELEMENT);
            limit("attributes altogether", self.attributes, altogether)?;
            let one = one.map_err(malformed)?;
            if one.value.contains('<') {
                return Err(malformed("there is a `<` within an attribute"));
            }
            let value = one.normalized_value(XmlVersion::Explicit1_0).map_err(malformed)?;
            if let Some(bad) = value.chars().find(|one| !names::is_char(*one)) {
                return Err(malformed(format!("the character U+{:04X} cannot be in XML", u32::from(bad))));
            }
            if one.key.as_namespace_binding().is_some() {
                check_declared(one.key, &value)?;
                continue;
            }
            let (name, prefixed) = local(one.key)?;
            let (resolved, _) = reader.resolver().resolve_attribute(one.key);
            let namespace = self.namespace(&resolved, prefixed)?;
            // Two prefixes may be bound to one namespace, and then the reader takes them for different.
            if all.iter().any(|before| before.name == name && before.namespace == namespace) {
                return Err(malformed(format!("the attribute `{name}` is there twice")));
            }
            all.push(Attribute { name, namespace, value: value.into_owned() });
        }
        Ok(all)
    }

    fn namespace(
        &mut self,
        resolved: &ResolveResult<'_>,
        prefixed: bool,
    ) -> Result<Option<Arc<str>>, Problem> {
        let raw = match resolved {
            ResolveResult::Unbound => return Ok(None),
            ResolveResult::Unknown(prefix) => return Err(Problem::Prefix(prefix.clone())),
            ResolveResult::Bound(namespace) => namespace.0,
        };
        if raw.is_empty() {
            let unbound = || malformed("a prefix is bound to nothing");
            return if prefixed { Err(unbound()) } else { Ok(None) };
        }
        limit("characters of a namespace", raw.len(), MAX_NAMESPACE)?;
        if let Some(known) = self.namespaces.get(raw) {
            return Ok(Some(Arc::clone(known)));
        }
        let plain = quick_xml::escape::unescape(raw).map_err(malformed)?;
        let shared: Arc<str> = Arc::from(&*plain);
        self.namespaces.insert(raw.to_owned(), Arc::clone(&shared));
        Ok(Some(shared))
    }

    fn end(&mut self) -> Result<(), Problem> {
        let done = self.open.pop().ok_or_else(|| malformed("an element ends that has not begun"))?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(Node::Element(done)),
            None => self.root = Some(done),
        }
        Ok(())
    }

    fn text(&mut self, text: &str, space_is_fine: bool) -> Result<(), Problem> {
        let Some(parent) = self.open.last_mut() else {
            let space = text.chars().all(|one| matches!(one, ' ' | '\t' | '\r' | '\n'));
            let outside = || malformed("there is text outside of the outermost element");
            return if space && space_is_fine { Ok(()) } else { Err(outside()) };
        };
        match parent.children.last_mut() {
            Some(Node::Text(before)) => before.push_str(text),
            _ if text.is_empty() => {}
            _ => parent.children.push(Node::Text(text.to_owned())),
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), Problem> {
        if let Some(one) = reference.resolve_char_ref().map_err(malformed)? {
            if !names::is_char(one) {
                return Err(malformed(format!("the character U+{:04X} cannot be in XML", u32::from(one))));
            }
            return self.text(one.encode_utf8(&mut [0; 4]), false);
        }
        let name: &str = reference;
        match quick_xml::escape::resolve_xml_entity(name) {
            Some(text) => self.text(text, false),
            None => Err(Problem::Entity(name.chars().take(40).collect())),
        }
    }
}

fn limit(what: &'static str, found: usize, allowed: usize) -> Result<(), Problem> {
    if found > allowed { Err(Problem::TooMany { what, allowed }) } else { Ok(()) }
}

/// The name without its prefix, and whether it had one.
fn local(name: QName<'_>) -> Result<(String, bool), Problem> {
    let QName(whole) = name;
    limit("characters of a name", whole.len(), MAX_NAME)?;
    let (prefix, local) = match whole.split_once(':') {
        Some((prefix, local)) => (Some(prefix), local),
        None => (None, whole),
    };
    if !names::is_name(local) || prefix.is_some_and(|prefix| !names::is_name(prefix)) {
        let shown: String = whole.chars().take(60).collect();
        return Err(malformed(format!("`{shown}` is not a name")));
    }
    Ok((local.to_owned(), prefix.is_some()))
}

fn check_declared(key: QName<'_>, value: &str) -> Result<(), Problem> {
    let prefix = key.0.strip_prefix("xmlns:");
    if prefix.is_some_and(|prefix| !names::is_name(prefix) || value.is_empty()) {
        return Err(malformed(format!(
            "`{}` does not declare a prefix",
            key.0.chars().take(60).collect::<String>()
        )));
    }
    Ok(())
}

fn check_declaration(declaration: &BytesDecl<'_>) -> Result<(), Problem> {
    let version = declaration.version().map_err(malformed)?;
    if !version.starts_with("1.") {
        return Err(malformed("the version of XML is not 1.0"));
    }
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(encoding)) if ["utf-8", "utf8", "us-ascii"].contains(&&*encoding.to_ascii_lowercase()) => {
            Ok(())
        }
        Some(Ok(encoding)) => Err(Problem::Encoding(encoding.chars().take(40).collect())),
        Some(Err(error)) => Err(malformed(error)),
    }
}
