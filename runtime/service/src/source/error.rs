//! Why something on disk, or an upload, is not a package.

use super::{MAX_FILES, MAX_PACKAGE_BYTES};
use crate::settings::SettingsError;

/// Why something on disk, or an upload, is not a package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The package cannot have this name.
    #[error("a package cannot be named {name:?}: {reason}")]
    Name {
        /// The name.
        name: String,
        /// Why, and what to do.
        reason: String,
    },
    /// Neither Python nor a component.
    #[error(
        "{file} is not a package; deploy a .py file, a .wasm component, or a folder or .zip with .py files in it, or \
         with one .wasm file and nothing else but service.toml"
    )]
    Kind {
        /// What was given.
        file: String,
    },
    /// Two things on disk have the same package name.
    #[error("{first} and {second} both claim the package name {name}; rename or remove one of them")]
    Claimed {
        /// The name.
        name: String,
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// A file is larger than allowed.
    #[error(
        "{file} has {bytes} bytes, and the limit for one file is {limit}; split it or load the data at run time"
    )]
    TooLarge {
        /// The file.
        file: String,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// All files together are larger than allowed.
    #[error(
        "package {package} has more than {MAX_PACKAGE_BYTES} bytes in all; remove what the services do not need"
    )]
    PackageTooLarge {
        /// The package.
        package: String,
    },
    /// A file in an archive is larger than allowed.
    #[error(
        "{file} is more than {limit} bytes when it is unpacked, which is the limit for one file; split it or load the data \
         at run time"
    )]
    Unpacked {
        /// The archive and the file in it.
        file: String,
        /// The limit.
        limit: u64,
    },
    /// An archive, or something in it, that cannot be used.
    #[error("{archive} cannot be used: {reason}")]
    Archive {
        /// The archive.
        archive: String,
        /// Why, and what to do.
        reason: String,
    },
    /// More files than allowed.
    #[error("package {package} has more than {MAX_FILES} files; remove what the services do not need")]
    TooManyFiles {
        /// The package.
        package: String,
    },
    /// Folders within folders without end.
    #[error("{path} is nested too deeply; move it further up")]
    TooDeep {
        /// The folder.
        path: String,
    },
    /// A path in an upload that cannot be used.
    #[error("the path {path:?} cannot be used: {reason}")]
    Path {
        /// The path.
        path: String,
        /// Why.
        reason: &'static str,
    },
    /// A link out of the services folder.
    #[error("{link} links to {target}, outside of the services folder; copy it into the folder instead")]
    Escape {
        /// The link.
        link: String,
        /// Where it leads.
        target: String,
    },
    /// A link to a folder that contains it, or to itself.
    #[error("{link} links back to itself or to a folder that it is in; remove the link")]
    Loop {
        /// The link.
        link: String,
    },
    /// A pipe, socket or folder where a file should be.
    #[error("{path} is not a regular file; remove or rename it")]
    NotAFile {
        /// The path.
        path: String,
    },
    /// It is gone.
    #[error("there is no package {name} in {folder} any more")]
    Gone {
        /// The package.
        name: String,
        /// The services folder.
        folder: String,
    },
    /// The operating system refused.
    #[error("cannot read {path}: {error}; check that it exists and that the server's user may read it")]
    Read {
        /// The path.
        path: String,
        /// What the operating system said.
        error: String,
    },
    /// The settings beside it cannot be accepted.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

impl SourceError {
    pub(crate) fn read(path: &std::path::Path, error: &std::io::Error) -> Self {
        // Linux's number for links that lead back to themselves; the standard library's name for it is not stable yet.
        const ELOOP: i32 = 40;
        let path = path.display().to_string();
        match error.raw_os_error() {
            Some(ELOOP) => Self::Loop { link: path },
            _ => Self::Read { path, error: error.to_string() },
        }
    }
}
