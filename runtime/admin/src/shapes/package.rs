//! Packages and services, as the API shows them.

use caisson_service::deploy::{ErrorStatus, PackageStatus, ServiceStatus, State};
use caisson_service::{Language, Need, Version};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// One package. The same JSON as [`PackageStatus`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Package {
    /// Its name.
    #[schema(example = "hello")]
    pub package: String,
    /// Where it came from.
    pub origin: Origin,
    /// `python` or `component`; nothing when that could not be told.
    #[schema(example = "python")]
    pub language: Option<String>,
    /// The version that runs.
    #[schema(example = 1)]
    pub version: Option<u32>,
    /// The `version` of its `service.toml`: its developers' own name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "1.4.0")]
    pub label: Option<String>,
    /// The connections that it says to need. Only grants let it use them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<PackageNeed>,
    /// `running`; `broken` when nothing runs and the newest content was refused; `both` when an earlier version runs
    /// and the newest content was refused.
    #[schema(example = "running")]
    pub state: String,
    /// The services that can be called.
    pub services: Vec<PackageService>,
    /// Bytes of memory image that belong to it alone.
    #[schema(example = 458_752)]
    pub image_bytes: u64,
    /// When the version that runs was deployed, RFC 3339.
    #[schema(example = "2026-01-01T00:00:00.000Z")]
    pub deployed_at: Option<String>,
    /// Who or what deployed it.
    #[schema(example = "admin")]
    pub deployed_by: Option<String>,
    /// Why the newest content does not run.
    pub error: Option<PackageError>,
}

/// A connection that a package says to need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PackageNeed {
    /// The connection's name.
    #[schema(example = "crm-db")]
    pub connection: String,
    /// What is done with it, as grants say it.
    #[schema(example = json!(["query"]))]
    pub operations: Vec<String>,
    /// What for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "reads customers")]
    pub reason: Option<String>,
}

/// Where a package came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Origin {
    /// `folder` or `upload`.
    #[schema(example = "folder")]
    pub kind: String,
    /// The file or folder, when it came from the services folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "services/hello.py")]
    pub path: Option<String>,
}

/// One service of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PackageService {
    /// Name under which it is called.
    #[schema(example = "hello.hello-world")]
    pub name: String,
    /// Class that defines it; empty for a component.
    #[schema(example = "HelloWorld")]
    pub class: String,
    /// Module that defines it; empty for a component.
    #[schema(example = "hello")]
    pub module: String,
    /// Line of the class; 0 for a component.
    #[schema(example = 3)]
    pub line: u32,
    /// First paragraph of its documentation.
    #[schema(example = "Greets.")]
    pub doc: Option<String>,
}

/// Why the newest content of a package does not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PackageError {
    /// What is wrong, where, and what to do.
    pub message: String,
    /// The file, when known.
    pub file: Option<String>,
    /// The line, when known.
    pub line: Option<u32>,
    /// The language's own report.
    pub traceback: Option<String>,
    /// Since when, RFC 3339.
    pub since: String,
}

/// One service with the package that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Service {
    /// Name under which it is called.
    #[schema(example = "hello.hello-world")]
    pub name: String,
    /// The package that it belongs to.
    #[schema(example = "hello")]
    pub package: String,
    /// `python` or `component`.
    #[schema(example = "python")]
    pub language: Option<String>,
    /// The version that answers.
    #[schema(example = 1)]
    pub version: Option<u32>,
    /// As of the package: `running`, or `both` when newer content was refused.
    #[schema(example = "running")]
    pub state: String,
    /// Module that defines it; empty for a component.
    #[schema(example = "hello")]
    pub module: String,
    /// Class that defines it; empty for a component.
    #[schema(example = "HelloWorld")]
    pub class: String,
    /// Line of the class; 0 for a component.
    #[schema(example = 3)]
    pub line: u32,
    /// First paragraph of its documentation.
    #[schema(example = "Greets.")]
    pub doc: Option<String>,
    /// What it declares to take: a JSON Schema document (2020-12).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub input_schema: Option<Map<String, Value>>,
    /// What it declares to answer, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub output_schema: Option<Map<String, Value>>,
}

/// One version of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryEntry {
    /// Counted from 1.
    #[schema(example = 1)]
    pub version: u32,
    /// It is the one that answers.
    pub current: bool,
    /// The newest earlier version with exactly this content: what was gone back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    pub same_as: Option<u32>,
    /// The `version` of its `service.toml`: its developers' own name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "1.4.0")]
    pub label: Option<String>,
    /// BLAKE3 digest over files and settings.
    pub digest: String,
    /// `python` or `component`.
    #[schema(example = "python")]
    pub language: String,
    /// RFC 3339, UTC.
    #[schema(example = "2026-01-01T00:00:00.000Z")]
    pub deployed_at: String,
    /// Who or what deployed it.
    #[schema(example = "admin")]
    pub deployed_by: String,
}

impl HistoryEntry {
    /// The versions of a package, oldest first.
    pub(crate) fn all_of(versions: Vec<Version>, current: Option<u32>) -> Vec<Self> {
        let mut entries: Vec<Self> = Vec::with_capacity(versions.len());
        for version in versions {
            let digest = version.digest.to_string();
            let same = entries.iter().rev().find(|earlier| earlier.digest == digest);
            entries.push(Self {
                current: current == Some(version.version),
                same_as: same.map(|earlier| earlier.version),
                label: version.label,
                version: version.version,
                digest,
                language: language(version.language),
                deployed_at: version.deployed_at,
                deployed_by: version.deployed_by,
            });
        }
        entries
    }
}

impl From<PackageStatus> for Package {
    fn from(status: PackageStatus) -> Self {
        Self {
            package: status.package,
            origin: status.origin.into(),
            language: status.language.map(language),
            version: status.version,
            label: status.about.label,
            needs: status.about.needs.into_iter().map(PackageNeed::from).collect(),
            state: state(status.state).to_owned(),
            services: status.services.into_iter().map(PackageService::from).collect(),
            image_bytes: status.image_bytes,
            deployed_at: status.deployed_at,
            deployed_by: status.deployed_by,
            error: status.error.map(PackageError::from),
        }
    }
}

impl From<caisson_service::Origin> for Origin {
    fn from(origin: caisson_service::Origin) -> Self {
        match origin {
            caisson_service::Origin::Folder { path } => Self { kind: "folder".to_owned(), path: Some(path) },
            caisson_service::Origin::Upload => Self { kind: "upload".to_owned(), path: None },
        }
    }
}

impl From<Need> for PackageNeed {
    fn from(need: Need) -> Self {
        let Need { connection, operations, reason } = need;
        Self { connection, operations, reason }
    }
}

impl From<ServiceStatus> for PackageService {
    fn from(status: ServiceStatus) -> Self {
        let ServiceStatus { name, class, module, line, doc, .. } = status;
        Self { name, class, module, line, doc }
    }
}

impl From<ErrorStatus> for PackageError {
    fn from(status: ErrorStatus) -> Self {
        let ErrorStatus { message, file, line, traceback, since } = status;
        Self { message, file, line, traceback, since }
    }
}

impl Service {
    /// The services of a package.
    pub(crate) fn all_of(status: PackageStatus) -> Vec<Self> {
        let (package, version) = (status.package, status.version);
        let (language, state) = (status.language.map(language), state(status.state));
        let service = |ServiceStatus { name, class, module, line, doc, schemas }| Self {
            name,
            package: package.clone(),
            language: language.clone(),
            version,
            state: state.to_owned(),
            module,
            class,
            line,
            doc,
            input_schema: schema(schemas.input),
            output_schema: schema(schemas.output),
        };
        status.services.into_iter().map(service).collect()
    }
}

fn schema(text: Option<String>) -> Option<Map<String, Value>> {
    // It has been read once before it was taken.
    serde_json::from_str(&text?).ok()
}

fn language(language: Language) -> String {
    match language {
        Language::Python => "python".to_owned(),
        Language::Component => "component".to_owned(),
    }
}

fn state(state: State) -> &'static str {
    match state {
        State::Running => "running",
        State::Broken => "broken",
        State::Both => "both",
    }
}
