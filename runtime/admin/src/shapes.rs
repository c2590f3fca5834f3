//! The JSON that goes over the wire, as types. The OpenAPI document, the handlers and the command line share them, so
//! they cannot drift apart.

mod definition;
mod governance;
mod package;
mod task;

pub use definition::{
    AppliedDefinitions, ClusterView, DefinitionsText, MadeUser, Member, NewUser, ProposedDefinitions,
    RevisionEntry, Submitted, UserEntry,
};
pub use governance::{ConnectionHealth, ConnectionStatus, MissingGrant, Refusal, Use};
pub use package::{HistoryEntry, Origin, Package, PackageError, PackageNeed, PackageService, Service};
pub use task::{Task, TaskState};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the server is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Version {
    /// Version of the server.
    #[schema(example = "0.1.0")]
    pub version: String,
    /// Address on which services answer.
    #[schema(example = "127.0.0.1:17010")]
    pub listen: String,
    /// The server runs in development mode: every service answers at `/services/<name>`, and this API needs no login.
    pub dev: bool,
}

/// How the server is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `live` or `ready`.
    pub status: String,
    /// How the state store is. A server whose store is away is ready: it serves its last revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<StateHealth>,
}

/// How the state store is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StateHealth {
    /// Whether the store answers.
    pub connected: bool,
    /// Since when that has been so.
    pub since: String,
    /// The newest revision that is known here.
    pub revision: u64,
    /// The revision that serves requests here.
    pub live_revision: u64,
}

/// A package that was taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Undeployed {
    /// The package.
    #[schema(example = "hello")]
    pub package: String,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogEntry {
    /// RFC 3339, UTC, microseconds.
    pub time: String,
    /// `trace`, `debug`, `info`, `warning`, `error` or `critical`.
    pub level: String,
    /// The service that wrote it, or on whose behalf the host wrote it.
    pub service: Option<String>,
    /// Version of its package.
    pub version: Option<u32>,
    /// Correlation id.
    pub cid: Option<String>,
    /// Source within the service; absent when it has none.
    pub logger: Option<String>,
    /// The text; may have several lines.
    pub message: String,
}

/// What a deployment led to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deployed {
    /// The package.
    #[schema(example = "hello")]
    pub package: String,
    /// The version that answers now, counted from 1.
    #[schema(example = 1)]
    pub version: u32,
    /// Names of the services in it.
    #[schema(example = json!(["hello.hello-world"]))]
    pub services: Vec<String>,
    /// The same code and settings were deployed already; nothing was done.
    pub unchanged: bool,
    /// The `version` of its `service.toml`: its developers' own name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "1.4.0")]
    pub label: Option<String>,
    /// The connections that it says to need. Only grants let it use them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<PackageNeed>,
}

/// What going back to an earlier version of a package led to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RolledBack {
    /// The version whose content runs again.
    #[schema(example = 1)]
    pub to: u32,
    /// As for any deployment: going back makes a new version.
    #[serde(flatten)]
    pub deployed: Deployed,
}

/// Files of a package, for a deployment of more than one module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// All files of the package.
    pub files: Vec<UploadFile>,
    /// The text of its `service.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "isolation = \"request\"\n")]
    pub settings: Option<String>,
}

/// One file of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadFile {
    /// Path inside the package, with `/` between the parts.
    #[schema(example = "crm/api.py")]
    pub path: String,
    /// The bytes in base64 (standard alphabet, padded).
    #[schema(example = "cGFzcwo=")]
    pub content: String,
}

/// Every error of this API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Always `Error`.
    #[schema(example = "Error")]
    pub result: String,
    /// Correlation id of the request.
    #[schema(example = "0h2k7m3p9q4r8s1t5v6w2x0y")]
    pub cid: String,
    /// What is wrong and what to do about it, for people.
    #[schema(example = "no package is called \"helo\"")]
    pub details: String,
    /// The file inside the package that is at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in it, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What the language said, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The language's own report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceback: Option<String>,
}

impl Problem {
    /// A problem with a text only.
    #[must_use]
    pub fn new(cid: &str, details: impl Into<String>) -> Self {
        Self {
            result: "Error".to_owned(),
            cid: cid.to_owned(),
            details: details.into(),
            file: None,
            line: None,
            message: None,
            traceback: None,
        }
    }
}
