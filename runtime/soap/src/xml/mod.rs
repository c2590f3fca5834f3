//! A small tree of elements: what a message is read into and written from.
//!
//! Prefixes are resolved while reading and given anew while writing, so a prefix within a text or an attribute's value
//! (as in `xsi:type="p:Item"`) has lost its meaning in the tree.

mod read;
mod write;

use std::sync::Arc;

pub use read::{Error, Problem, parse};
pub use write::{Unwritable, escape, write, write_with};

/// How much is read before a document is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Length of the whole document, and by that of all its texts.
    pub max_bytes: usize,
    /// Elements within each other.
    pub max_depth: usize,
    /// Elements altogether.
    pub max_elements: usize,
    /// Attributes and declarations of one element.
    pub max_attributes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: 10 * 1024 * 1024, max_depth: 64, max_elements: 100_000, max_attributes: 64 }
    }
}

/// An attribute. Declarations of namespaces are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name without the prefix.
    pub name: String,
    /// What its prefix was bound to; `None` without a prefix.
    pub namespace: Option<Arc<str>>,
    /// Its value, references resolved.
    pub value: String,
}

/// What is within an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Another element.
    Element(Element),
    /// Text and CDATA, which are the same; neighbours are joined.
    Text(String),
}

/// An element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its name without the prefix.
    pub name: String,
    /// The namespace that it is in. Shared by all elements of it.
    pub namespace: Option<Arc<str>>,
    /// Its attributes, as written.
    pub attributes: Vec<Attribute>,
    /// What is within.
    pub children: Vec<Node>,
}

impl Element {
    /// An empty element.
    pub fn new(name: impl Into<String>, namespace: Option<&str>) -> Self {
        Self {
            name: name.into(),
            namespace: namespace.map(Arc::from),
            attributes: Vec::new(),
            children: Vec::new(),
        }
    }

    /// This, with `text` added.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.children.push(Node::Text(text));
        }
        self
    }

    /// This, with `child` added.
    #[must_use]
    pub fn with(mut self, child: Self) -> Self {
        self.children.push(Node::Element(child));
        self
    }

    /// This, with an attribute added.
    #[must_use]
    pub fn with_attribute(mut self, name: &str, namespace: Option<&str>, value: impl Into<String>) -> Self {
        self.attributes.push(Attribute {
            name: name.to_owned(),
            namespace: namespace.map(Arc::from),
            value: value.into(),
        });
        self
    }

    /// Whether it is `name` of `namespace`.
    #[must_use]
    pub fn is(&self, name: &str, namespace: &str) -> bool {
        self.name == name && self.namespace.as_deref() == Some(namespace)
    }

    /// Its name as `{namespace}name`, or the name alone.
    #[must_use]
    pub fn full_name(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{{{namespace}}}{}", self.name),
            None => self.name.clone(),
        }
    }

    /// The elements within, in order.
    pub fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(one) => Some(one),
            Node::Text(_) => None,
        })
    }

    /// The first element within of this name and namespace.
    #[must_use]
    pub fn element(&self, name: &str, namespace: Option<&str>) -> Option<&Self> {
        self.elements().find(|one| one.name == name && one.namespace.as_deref() == namespace)
    }

    /// The texts directly within, joined.
    #[must_use]
    pub fn text(&self) -> String {
        let texts = self.children.iter().filter_map(|node| match node {
            Node::Text(text) => Some(text.as_str()),
            Node::Element(_) => None,
        });
        texts.collect()
    }

    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, name: &str, namespace: Option<&str>) -> Option<&str> {
        let mut all = self.attributes.iter();
        all.find(|one| one.name == name && one.namespace.as_deref() == namespace)
            .map(|one| one.value.as_str())
    }
}
