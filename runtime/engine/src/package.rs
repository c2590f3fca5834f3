//! What is given to the engine to load, and what it says about it.

use bytes::Bytes;
use caisson_capability::Schemas;

/// One file of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Path inside the package with `/` between the parts, e.g. `crm/api.py`.
    pub path: String,
    /// The bytes, in whatever encoding the language allows.
    pub content: Bytes,
}

/// Code to load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Package {
    /// Python modules, for the interpreter.
    Python {
        /// The package's name, e.g. `crm`.
        name: String,
        /// All its files.
        files: Vec<SourceFile>,
    },
    /// A component of the world `caisson:service/service`. Its one service has the package's name.
    Component {
        /// The package's name.
        name: String,
        /// The binary.
        wasm: Bytes,
        /// What its service takes and answers; nothing in it says so.
        schemas: Schemas,
    },
}

impl Package {
    /// The package's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Python { name, .. } | Self::Component { name, .. } => name,
        }
    }
}

/// One service found in a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceInfo {
    /// Name under which it is called.
    pub name: String,
    /// Module that defines it; empty for a component.
    pub module: String,
    /// Class that defines it; empty for a component.
    pub class_name: String,
    /// Line of the class, counted from 1; 0 for a component.
    pub line: u32,
    /// First paragraph of its documentation.
    pub doc: Option<String>,
    /// What it declares: JSON objects of bounded size.
    pub schemas: Schemas,
}

/// Why a package could not be loaded: the developer's mistake, or a limit. Host faults are told apart by `host`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", place(.file.as_deref(), *.line))]
pub struct LoadError {
    /// One line, e.g. `SyntaxError: invalid syntax`.
    pub message: String,
    /// Path inside the package, when known.
    pub file: Option<String>,
    /// Line counted from 1, when known.
    pub line: Option<u32>,
    /// The whole report in the language's own form.
    pub traceback: Option<String>,
    /// The host failed, not the package: trying again may help.
    pub host: bool,
}

impl LoadError {
    /// The package is at fault, no place known.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), file: None, line: None, traceback: None, host: false }
    }

    /// The host is at fault.
    pub fn host(message: impl Into<String>) -> Self {
        Self { host: true, ..Self::new(message) }
    }
}

fn place(file: Option<&str>, line: Option<u32>) -> String {
    match (file, line) {
        (Some(file), Some(line)) => format!("{file}:{line}: "),
        (Some(file), None) => format!("{file}: "),
        (None, _) => String::new(),
    }
}
