//! A definition on its way to YAML.

use caisson_definition::yaml::At;

/// A section of definitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Security,
    Connections,
    Channels,
}

impl Section {
    /// All of them, in the order in which they are written.
    pub(crate) const ALL: [Self; 3] = [Self::Security, Self::Connections, Self::Channels];

    /// Its key.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Connections => "connections",
            Self::Channels => "channels",
        }
    }
}

/// A value. Texts are as definitions have them: references are references, and what looks like one has been escaped.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    Text(String),
    Number(u64),
    Switch(bool),
    List(Vec<Shape>),
    Map(Fields),
}

/// Keys with values, in the order in which they are written.
pub(crate) type Fields = Vec<(&'static str, Shape)>;

impl Shape {
    /// A text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A list of texts.
    pub(crate) fn texts(texts: impl IntoIterator<Item = String>) -> Self {
        Self::List(texts.into_iter().map(Self::Text).collect())
    }

    /// Does something with every text inside, and the key that it belongs to; `key` is that of the whole.
    pub(crate) fn each_text<'a>(&'a self, key: &'a str, visit: &mut dyn FnMut(&'a str, &'a str)) {
        match self {
            Self::Text(text) => visit(key, text),
            Self::List(items) => items.iter().for_each(|item| item.each_text(key, visit)),
            Self::Map(fields) => fields.iter().for_each(|(key, value)| value.each_text(key, visit)),
            Self::Number(_) | Self::Switch(_) => {}
        }
    }
}

/// A definition, and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Where it goes.
    pub(crate) section: Section,
    /// Its name and everything else that it says.
    pub(crate) fields: Fields,
    /// Where it stands in the source.
    pub(crate) at: At,
    /// The key of the source that holds it.
    pub(crate) source: String,
    /// Its name there, as a report shows it.
    pub(crate) source_name: String,
    /// Why it cannot be carried over: it is written as a comment then.
    pub(crate) left_out: Option<String>,
}

impl Entry {
    /// Its name here.
    pub(crate) fn name(&self) -> &str {
        match self.fields.first() {
            Some(("name", Shape::Text(name))) => name,
            _ => "",
        }
    }
}
