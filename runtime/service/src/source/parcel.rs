//! A package on its way to other servers: its manifest, and the content of its files, each under its digest.

use super::PackageSource;
use crate::digest::Digest;
use crate::store::document::Manifest;
use bytes::Bytes;
use caisson_engine::SourceFile;
use std::collections::BTreeMap;

/// A package taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// What names the package's content, files and settings together: the digest of the manifest.
    pub digest: Digest,
    /// The manifest, and every file's content, each once.
    pub parts: BTreeMap<String, Bytes>,
}

impl Parcel {
    /// Takes a package apart.
    #[must_use]
    pub fn of(source: &PackageSource) -> Self {
        let (manifest, bytes) = Manifest::of(source);
        let digest = Digest::of(&bytes);
        let files = source.files().iter().zip(&manifest.files);
        let mut parts: BTreeMap<String, Bytes> =
            files.map(|(file, entry)| (entry.digest.to_string(), file.content.clone())).collect();
        parts.insert(digest.to_string(), bytes.into());
        Self { digest, parts }
    }

    /// The digests of the files that a manifest names.
    ///
    /// # Errors
    ///
    /// It is no manifest.
    pub fn needs(manifest: &[u8]) -> Result<Vec<String>, String> {
        Ok(read(manifest)?.files.iter().map(|file| file.digest.to_string()).collect())
    }

    /// Puts a package together again. `parts` may hold more than it needs.
    ///
    /// # Errors
    ///
    /// It is no manifest or that of another package; a part is not there; the package is none that may be deployed.
    pub fn unpack(
        package: &str,
        manifest: &[u8],
        parts: &BTreeMap<String, Bytes>,
    ) -> Result<PackageSource, String> {
        let manifest = read(manifest)?;
        if manifest.package != package {
            return Err(format!("its manifest is that of the package {}", manifest.package));
        }
        let mut files = Vec::with_capacity(manifest.files.len());
        for file in manifest.files {
            let content = parts.get(&file.digest.to_string());
            let content = content.ok_or_else(|| format!("the content of {} is not there", file.path))?;
            files.push(SourceFile { path: file.path, content: content.clone() });
        }
        PackageSource::new(package, manifest.language, files, manifest.settings.into(), manifest.about)
            .map_err(|error| error.to_string())
    }
}

fn read(manifest: &[u8]) -> Result<Manifest, String> {
    serde_json::from_slice(manifest).map_err(|error| format!("its manifest cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package() -> PackageSource {
        let file =
            |path: &str, content: &'static str| SourceFile { path: path.to_owned(), content: content.into() };
        let settings = "isolation = \"reuse\"\nversion = \"1.0\"\n[[needs]]\nconnection = \"db\"\noperations = [\"query\"]";
        let files = vec![file("a.py", "1"), file("b.py", "1"), file("service.toml", settings)];
        PackageSource::from_files("crm", files).expect("valid")
    }

    #[test]
    fn what_is_taken_apart_can_be_put_together() {
        let parcel = Parcel::of(&package());
        assert_eq!(parcel.parts.len(), 2, "two files of one content, and the manifest");
        let manifest = &parcel.parts[&parcel.digest.to_string()];
        assert!(
            Parcel::needs(manifest).expect("a manifest").iter().all(|part| parcel.parts.contains_key(part))
        );
        assert_eq!(Parcel::unpack("crm", manifest, &parcel.parts), Ok(package()));
        assert_eq!(package().about().needs[0].connection, "db");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let parcel = Parcel::of(&package());
        let manifest = &parcel.parts[&parcel.digest.to_string()];
        let refused = |package: &str, manifest: &[u8], parts: &BTreeMap<String, Bytes>| {
            Parcel::unpack(package, manifest, parts).expect_err("refused")
        };
        assert!(refused("erp", manifest, &parcel.parts).contains("package crm"));
        assert!(refused("crm", manifest, &BTreeMap::new()).contains("crm/a.py is not there"));
        assert!(refused("crm", b"{}", &parcel.parts).contains("cannot be read"));
    }
}
