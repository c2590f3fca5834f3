//! What became of a file: the definitions, and everything that a person should know about them.

use serde::Serialize;
use std::fmt;

/// What a file became.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Import {
    /// The definitions, as YAML.
    #[serde(rename = "definitions")]
    pub text: String,
    /// How many of each section.
    pub carried: Carried,
    /// What was left out or changed, in the order of the source.
    pub findings: Vec<Finding>,
    /// What has to be set in the environment before the definitions can be applied.
    pub variables: Vec<Variable>,
    /// Connections: no service may use one until a grant says so, and the source does not tell which services do.
    pub without_grants: Vec<String>,
}

/// How many definitions there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Carried {
    /// Definitions and groups.
    pub security: usize,
    /// Ways out.
    pub connections: usize,
    /// Ways in.
    pub channels: usize,
}

/// Something that was left out or changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Line in the source, counted from 1.
    pub line: usize,
    /// Column in the source, counted from 1.
    pub column: usize,
    /// What happened.
    pub kind: Kind,
    /// The key of the source that holds the object: `channel_rest`.
    pub section: String,
    /// The object's name in the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The object's option that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub option: Option<String>,
    /// Why, and what to do.
    pub reason: String,
}

/// What happened to something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An object was not carried over. Where it could be written at all, it is in the definitions as a comment.
    LeftOut,
    /// An object was carried over, this option of it was not.
    OptionLeftOut,
    /// A name does not fit here, and became another one.
    Renamed,
    /// All was carried over, and something is worth a look.
    Note,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, section, name, option, reason, .. } = self;
        write!(f, "{line}:{column}: {section}")?;
        if let Some(name) = name {
            write!(f, " `{name}`")?;
        }
        if let Some(option) = option {
            write!(f, ", `{option}`")?;
        }
        write!(f, ": {reason}")
    }
}

/// A variable of the environment that the definitions refer to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Line in the source of what it stands for.
    pub line: usize,
    /// Column in the source.
    pub column: usize,
    /// What it stands for.
    pub reason: String,
}
