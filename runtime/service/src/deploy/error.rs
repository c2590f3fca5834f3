//! Why a deployment, or the end of one, was refused.

use crate::source::SourceError;
use crate::store::StoreError;
use caisson_capability::ErrorKind;
use caisson_engine::LoadError;

/// Why a deployment, or the end of one, was refused. What ran before still runs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeployError {
    /// It is not a package.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// It does not load.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// There is code in it, but no service.
    #[error("{place}: no class that subclasses Service found; derive one from Service, or remove the file")]
    NoService {
        /// The file or folder.
        place: String,
    },
    /// There is nothing in it.
    #[error("{place} is empty: no service in it; write one, or remove the file")]
    Empty {
        /// The file or folder.
        place: String,
    },
    /// One service name, two packages.
    #[error(
        "the service {service} of {place} already belongs to package {owner} ({owner_place}); \
         give one of them another name"
    )]
    ServiceTaken {
        /// The service.
        service: String,
        /// Where it was found now.
        place: String,
        /// The package that has it.
        owner: String,
        /// Where that one came from.
        owner_place: String,
    },
    /// One service name, twice in one package.
    #[error(
        "the service {service} is defined twice: in {first} and in {second}; give one of them another name"
    )]
    ServiceTwice {
        /// The service.
        service: String,
        /// Module and line of one.
        first: String,
        /// Module and line of the other.
        second: String,
    },
    /// One package name, two origins.
    #[error("{place} cannot become package {package}: that name belongs to {owner_place}; {advice}")]
    PackageTaken {
        /// The package name.
        package: String,
        /// What wanted it.
        place: String,
        /// What has it.
        owner_place: String,
        /// What to do.
        advice: &'static str,
    },
    /// It could not be made durable.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such package.
    #[error("no package named {package} is deployed")]
    Unknown {
        /// The name.
        package: String,
    },
    /// It lives in the services folder, and would come back from there.
    #[error("package {package} comes from {path}; remove that and it is undeployed at once")]
    FromFolder {
        /// The package.
        package: String,
        /// The file or folder.
        path: String,
    },
    /// There is no package and no service of this name.
    #[error("neither a package nor a service is named {name}; `caisson ls packages` shows what is deployed")]
    Neither {
        /// The name.
        name: String,
    },
    /// Nothing ran before what runs now.
    #[error(
        "package {package} has no earlier version to go back to; `caisson history {package}` shows those that are kept"
    )]
    NoEarlier {
        /// The package.
        package: String,
    },
    /// A version that never was, or is not kept any more.
    #[error("version {version} of package {package} is not kept; there are: {kept}")]
    NotKept {
        /// The package.
        package: String,
        /// The version.
        version: u32,
        /// Those that are.
        kept: String,
    },
    /// It lives in the services folder, and what is there is what runs.
    #[error(
        "package {package} comes from {path}, and what is there is what runs; put the earlier file back there, for example \
         with git"
    )]
    FolderHasNoWayBack {
        /// The package.
        package: String,
        /// The file or folder.
        path: String,
    },
    /// A bug of the host.
    #[error("the host failed while deploying: {message}; try again and report it if it stays")]
    Host {
        /// What is known.
        message: String,
    },
}

impl DeployError {
    /// The kind for those who map errors to answers.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Load(error) if error.host => ErrorKind::Internal,
            Self::Source(_)
            | Self::Load(_)
            | Self::NoService { .. }
            | Self::Empty { .. }
            | Self::ServiceTwice { .. } => ErrorKind::InvalidInput,
            Self::ServiceTaken { .. }
            | Self::PackageTaken { .. }
            | Self::FromFolder { .. }
            | Self::NoEarlier { .. }
            | Self::FolderHasNoWayBack { .. } => ErrorKind::Conflict,
            Self::Unknown { .. } | Self::Neither { .. } | Self::NotKept { .. } => ErrorKind::NotFound,
            Self::Store(_) | Self::Host { .. } => ErrorKind::Internal,
        }
    }

    /// The file at fault, when known.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Load(error) => error.file.as_deref(),
            Self::Source(SourceError::Settings(error)) => Some(&error.file),
            Self::NoService { place } | Self::Empty { place } => Some(place),
            _ => None,
        }
    }

    /// The line at fault, counted from 1, when known.
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        match self {
            Self::Load(error) => error.line,
            Self::Source(SourceError::Settings(error)) => Some(error.line),
            _ => None,
        }
    }

    /// The whole report in the language's own form.
    #[must_use]
    pub fn traceback(&self) -> Option<&str> {
        match self {
            Self::Load(error) => error.traceback.as_deref(),
            _ => None,
        }
    }

    /// Another package has what this one wants: it may succeed as soon as that one changes.
    pub(crate) fn waits_for_another(&self) -> bool {
        matches!(self, Self::ServiceTaken { .. } | Self::PackageTaken { .. })
    }

    /// The same content may succeed later, without anybody changing it.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Load(error) => error.host,
            Self::Store(_) | Self::Host { .. } => true,
            other => other.waits_for_another(),
        }
    }
}
