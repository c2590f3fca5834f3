//! The two kinds of JSON in a data folder: a document per package, a manifest per version.

use super::{StoreError, disk};
use crate::about::About;
use crate::digest::Digest;
use crate::settings::StoredSettings;
use crate::source::{Language, PackageSource};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The newest format of a document that is understood.
const FORMAT: u32 = 1;

/// Where a package came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Origin {
    /// The services folder: what is there now is what runs.
    Folder {
        /// The file or folder.
        path: String,
    },
    /// An upload: it runs until it is undeployed.
    Upload,
}

/// One version of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Counted from 1.
    pub version: u32,
    /// Digest over files and settings.
    pub digest: Digest,
    /// What it was written in.
    pub language: Language,
    /// RFC 3339, UTC.
    pub deployed_at: String,
    /// Who or what deployed it.
    pub deployed_by: String,
    /// Its developers' own name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// What a version is made from.
#[derive(Clone, Debug)]
pub(super) struct Content {
    pub(super) digest: Digest,
    pub(super) language: Language,
    pub(super) label: Option<String>,
}

/// A version with the blobs that it needs. Those are in its manifest, so the document does not repeat them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    #[serde(flatten)]
    pub(super) version: Version,
    #[serde(skip)]
    pub(super) blobs: Vec<Digest>,
}

/// What is remembered of a package.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Document {
    format: u32,
    pub(super) package: String,
    pub(super) origin: Origin,
    /// Nothing when it has been undeployed.
    pub(super) current: Option<u32>,
    /// Oldest first.
    pub(super) versions: Vec<Kept>,
}

impl Document {
    pub(super) fn new(package: &str, origin: Origin) -> Self {
        Self { format: FORMAT, package: package.to_owned(), origin, current: None, versions: Vec::new() }
    }

    pub(super) fn current_version(&self) -> Option<&Version> {
        self.version(self.current?)
    }

    pub(super) fn version(&self, number: u32) -> Option<&Version> {
        self.versions.iter().map(|kept| &kept.version).find(|version| version.version == number)
    }

    /// The newest version when it has this content, otherwise the one that comes after it.
    pub(super) fn newest(&self, content: &Content, by: &str) -> Version {
        let newest = self.versions.last().map(|kept| &kept.version);
        match newest {
            Some(version) if version.digest == content.digest => version.clone(),
            _ => Version {
                version: newest.map_or(1, |version| version.version.saturating_add(1)),
                digest: content.digest,
                language: content.language,
                deployed_at: format!("{:.3}", jiff::Timestamp::now()),
                deployed_by: by.to_owned(),
                label: content.label.clone(),
            },
        }
    }

    pub(super) fn push(&mut self, version: Version, blobs: Vec<Digest>) {
        self.versions.push(Kept { version, blobs });
    }

    /// Forgets all but the newest versions; says which blobs those needed.
    pub(super) fn trim(&mut self, keep: usize) -> Vec<Digest> {
        let over = self.versions.len().saturating_sub(keep);
        self.versions.drain(..over).flat_map(|kept| kept.blobs).collect()
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), StoreError> {
        let path = folder.join(format!("{}.json", self.package));
        let text = serde_json::to_vec_pretty(self).map_err(|error| StoreError::Disk {
            action: "write",
            path: path.display().to_string(),
            error: error.to_string(),
        })?;
        disk::write(&path, &text)
    }
}

/// Reads all documents; those that make no sense are renamed and reported.
pub(super) fn read_all(folder: &Path) -> Result<(Vec<Document>, Vec<String>), StoreError> {
    let mut documents = Vec::new();
    let mut problems = Vec::new();
    for name in disk::entries(folder) {
        let Some(package) = name.strip_suffix(".json").filter(|package| !package.starts_with('.')) else {
            continue;
        };
        let path = folder.join(&name);
        match read(&path, package)? {
            Ok(document) => documents.push(document),
            Err(reason) => {
                let aside = disk::set_aside(&path)?;
                problems.push(format!(
                    "package {package}: its stored document cannot be read ({reason}); it was renamed to {}; \
                     deploy the package again",
                    aside.display()
                ));
            }
        }
    }
    Ok((documents, problems))
}

/// A document, or why it is corrupt; an error only when starting at all would do harm.
fn read(path: &Path, package: &str) -> Result<Result<Document, String>, StoreError> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return Ok(Err(error.to_string())),
    };
    match serde_json::from_slice::<Format>(&bytes) {
        Ok(Format { format }) if format > FORMAT => {
            return Err(StoreError::Newer { file: path.display().to_string(), format, known: FORMAT });
        }
        Ok(_) => {}
        Err(error) => return Ok(Err(error.to_string())),
    }
    let document = serde_json::from_slice::<Document>(&bytes).map_err(|error| error.to_string());
    Ok(document.and_then(|document| {
        if document.package != package {
            return Err(format!("it is about package {}", document.package));
        }
        if document.current.is_some() && document.current_version().is_none() {
            return Err("its current version is not in its history".to_owned());
        }
        Ok(document)
    }))
}

/// Whether there are documents that were set aside and that nobody has dealt with.
pub(super) fn has_set_aside(folder: &Path) -> bool {
    disk::entries(folder).iter().any(|name| name.ends_with(".corrupt"))
}

/// What one version consists of.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    format: u32,
    pub(crate) package: String,
    pub(crate) language: Language,
    pub(crate) files: Vec<ManifestFile>,
    pub(crate) settings: StoredSettings,
    /// Nothing is written when there is nothing to say: the digest stays what it was before packages could say anything.
    #[serde(flatten)]
    pub(crate) about: About,
}

/// One file of a version.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ManifestFile {
    pub(crate) path: String,
    pub(crate) digest: Digest,
    bytes: u64,
}

impl Manifest {
    /// The manifest of a package and its bytes, whose digest names the version.
    pub(crate) fn of(source: &PackageSource) -> (Self, Vec<u8>) {
        let file = |file: &caisson_engine::SourceFile| ManifestFile {
            path: file.path.clone(),
            digest: Digest::of(&file.content),
            bytes: u64::try_from(file.content.len()).unwrap_or(u64::MAX),
        };
        let manifest = Self {
            format: FORMAT,
            package: source.name().to_owned(),
            language: source.language(),
            files: source.files().iter().map(file).collect(),
            settings: source.settings().into(),
            about: source.about().clone(),
        };
        // Strings and numbers only: writing them cannot fail, and an empty manifest would be refused when read.
        let bytes = serde_json::to_vec(&manifest).unwrap_or_default();
        (manifest, bytes)
    }

    /// Every blob that the version needs, its manifest included.
    pub(super) fn blobs(&self, digest: Digest) -> Vec<Digest> {
        let mut blobs: Vec<_> = self.files.iter().map(|file| file.digest).collect();
        blobs.push(digest);
        blobs
    }
}
