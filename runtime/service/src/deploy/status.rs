//! What is said about packages: the answer of the API and of the command line, with field names that stay.

use super::DeployError;
use crate::about::About;
use crate::source::Language;
use crate::store::Origin;
use caisson_capability::Schemas;
use caisson_engine::ServiceInfo;
use serde::Serialize;

/// What has become of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The newest content runs.
    Running,
    /// Nothing runs; the newest content was refused.
    Broken,
    /// An earlier version runs; the newest content was refused.
    Both,
}

/// One package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackageStatus {
    /// Its name.
    pub package: String,
    /// Where it came from.
    pub origin: Origin,
    /// What it is written in, when that could be told.
    pub language: Option<Language>,
    /// The version that runs.
    pub version: Option<u32>,
    /// What that version says about itself: `label` and `needs`, each only when it says so.
    #[serde(flatten)]
    pub about: About,
    /// What has become of it.
    pub state: State,
    /// The services that can be called.
    pub services: Vec<ServiceStatus>,
    /// Bytes of image that belong to it alone.
    pub image_bytes: u64,
    /// When the version that runs was deployed, RFC 3339.
    pub deployed_at: Option<String>,
    /// Who or what deployed it.
    pub deployed_by: Option<String>,
    /// Why the newest content does not run.
    pub error: Option<ErrorStatus>,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceStatus {
    /// Name under which it is called.
    pub name: String,
    /// Class that defines it; empty for a component.
    pub class: String,
    /// Module that defines it; empty for a component.
    pub module: String,
    /// Line of the class; 0 for a component.
    pub line: u32,
    /// First paragraph of its documentation.
    pub doc: Option<String>,
    /// What it declares; left out where a package is shown, as it may be long.
    #[serde(skip)]
    pub schemas: Schemas,
}

impl From<&ServiceInfo> for ServiceStatus {
    fn from(info: &ServiceInfo) -> Self {
        Self {
            name: info.name.clone(),
            class: info.class_name.clone(),
            module: info.module.clone(),
            line: info.line,
            doc: info.doc.clone(),
            schemas: info.schemas.clone(),
        }
    }
}

/// Why the newest content does not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorStatus {
    /// What is wrong, where, and what to do.
    pub message: String,
    /// The file, when known.
    pub file: Option<String>,
    /// The line, when known.
    pub line: Option<u32>,
    /// The whole report in the language's own form.
    pub traceback: Option<String>,
    /// Since when, RFC 3339.
    pub since: String,
}

impl ErrorStatus {
    pub(crate) fn new(error: &DeployError, since: &str) -> Self {
        Self {
            message: error.to_string(),
            file: error.file().map(str::to_owned),
            line: error.line(),
            traceback: error.traceback().map(str::to_owned),
            since: since.to_owned(),
        }
    }
}

/// What a deployment led to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deployment {
    /// The package.
    pub package: String,
    /// The version that runs now.
    pub version: u32,
    /// The content was that of the version that was running, so nothing was done.
    pub unchanged: bool,
    /// What the version says about itself.
    #[serde(flatten)]
    pub about: About,
    /// The services that can be called.
    pub services: Vec<ServiceStatus>,
}
