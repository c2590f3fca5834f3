//! Writes a tree: every namespace gets a prefix, declared at the root, and everything is escaped.

use std::collections::{HashMap, HashSet};

use super::{Element, Node};
use crate::names;

/// Why a tree cannot be XML.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// A name with other characters.
    #[error(
        "`{0}` cannot be the name of an XML element or attribute; a name is letters, digits, `_`, `-` and `.`, and \
         begins with a letter or `_`"
    )]
    Name(String),
    /// A control character within a text.
    #[error("a text of `{name}` has the character U+{code:04X}, which XML cannot say; send it as base64")]
    Character {
        /// The element.
        name: String,
        /// The character.
        code: u32,
    },
    /// A namespace that is reserved or empty.
    #[error("`{0}` cannot be a namespace of an element; leave it out or take another")]
    Namespace(String),
}

/// The document, without an XML declaration.
///
/// # Errors
///
/// A name or a character that XML does not have.
pub fn write(root: &Element) -> Result<String, Unwritable> {
    write_with(root, &[])
}

/// The document, with these prefixes declared for these namespaces, so that values can use them.
///
/// # Errors
///
/// A name or a character that XML does not have.
pub fn write_with(root: &Element, declared: &[(&str, &str)]) -> Result<String, Unwritable> {
    let mut prefixes = Prefixes::default();
    for (prefix, namespace) in declared {
        prefixes.insert(namespace, (*prefix).to_owned());
    }
    prefixes.collect(root)?;
    let mut out = String::new();
    element(root, &prefixes, true, &mut out)?;
    Ok(out)
}

#[derive(Default)]
struct Prefixes<'a> {
    by_namespace: HashMap<&'a str, String>,
    order: Vec<(&'a str, String)>,
    taken: HashSet<String>,
}

impl<'a> Prefixes<'a> {
    fn insert(&mut self, namespace: &'a str, prefix: String) {
        self.taken.insert(prefix.clone());
        self.by_namespace.insert(namespace, prefix.clone());
        self.order.push((namespace, prefix));
    }

    fn collect(&mut self, one: &'a Element) -> Result<(), Unwritable> {
        if let Some(namespace) = &one.namespace {
            self.add(namespace)?;
        }
        for namespace in one.attributes.iter().filter_map(|attribute| attribute.namespace.as_deref()) {
            if namespace != names::XML {
                self.add(namespace)?;
            }
        }
        one.elements().try_for_each(|child| self.collect(child))
    }

    fn add(&mut self, namespace: &'a str) -> Result<(), Unwritable> {
        if self.by_namespace.contains_key(namespace) {
            return Ok(());
        }
        if namespace.is_empty() || namespace == names::XMLNS || namespace == names::XML {
            return Err(Unwritable::Namespace(namespace.to_owned()));
        }
        let usual = names::usual_prefix(namespace).filter(|usual| !self.taken.contains(*usual));
        let mut number = self.order.len();
        let mut prefix = usual.map_or_else(|| format!("ns{number}"), str::to_owned);
        while self.taken.contains(&prefix) {
            number += 1;
            prefix = format!("ns{number}");
        }
        self.insert(namespace, prefix);
        Ok(())
    }

    fn name(&self, name: &str, namespace: Option<&str>, out: &mut String) -> Result<(), Unwritable> {
        if !names::is_name(name) {
            return Err(Unwritable::Name(name.to_owned()));
        }
        match namespace {
            Some(names::XML) => out.push_str("xml:"),
            Some(namespace) => {
                let prefix = self
                    .by_namespace
                    .get(namespace)
                    .ok_or_else(|| Unwritable::Namespace(namespace.to_owned()))?;
                out.push_str(prefix);
                out.push(':');
            }
            None => {}
        }
        out.push_str(name);
        Ok(())
    }
}

fn element(one: &Element, prefixes: &Prefixes<'_>, root: bool, out: &mut String) -> Result<(), Unwritable> {
    out.push('<');
    prefixes.name(&one.name, one.namespace.as_deref(), out)?;
    if root {
        for (namespace, prefix) in &prefixes.order {
            out.push_str(&format!(" xmlns:{prefix}=\""));
            escaped(namespace, &one.name, true, out)?;
            out.push('"');
        }
    }
    for attribute in &one.attributes {
        // It would declare a default namespace that the elements are not in.
        if attribute.name == "xmlns" && attribute.namespace.is_none() {
            return Err(Unwritable::Name(attribute.name.clone()));
        }
        out.push(' ');
        prefixes.name(&attribute.name, attribute.namespace.as_deref(), out)?;
        out.push_str("=\"");
        escaped(&attribute.value, &one.name, true, out)?;
        out.push('"');
    }
    if one.children.is_empty() {
        out.push_str("/>");
        return Ok(());
    }
    out.push('>');
    for child in &one.children {
        match child {
            Node::Element(child) => element(child, prefixes, false, out)?,
            Node::Text(text) => escaped(text, &one.name, false, out)?,
        }
    }
    out.push_str("</");
    prefixes.name(&one.name, one.namespace.as_deref(), out)?;
    out.push('>');
    Ok(())
}

fn escaped(text: &str, name: &str, attribute: bool, out: &mut String) -> Result<(), Unwritable> {
    for one in text.chars() {
        match one {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            // `]]>` is not allowed in a text; so simply never.
            '>' => out.push_str("&gt;"),
            '"' if attribute => out.push_str("&quot;"),
            // Readers would make a newline, or in an attribute a space, of these.
            '\r' => out.push_str("&#13;"),
            '\n' if attribute => out.push_str("&#10;"),
            '\t' if attribute => out.push_str("&#9;"),
            // XML 1.1 takes these two for line ends; we are careful for readers that always do.
            '\u{85}' => out.push_str("&#133;"),
            '\u{2028}' => out.push_str("&#8232;"),
            one if names::is_char(one) => out.push(one),
            one => return Err(Unwritable::Character { name: name.to_owned(), code: u32::from(one) }),
        }
    }
    Ok(())
}

/// `text` as it is written within an element or an attribute.
///
/// # Errors
///
/// A character that XML does not have.
pub fn escape(text: &str) -> Result<String, Unwritable> {
    let mut out = String::new();
    escaped(text, "text", true, &mut out)?;
    Ok(out)
}
