//! What is deployed: the files of one package with its settings, checked against names and bounds.

mod error;
pub(crate) mod folder;
mod parcel;
mod read;

pub use error::SourceError;
pub use folder::ServicesFolder;
pub use parcel::Parcel;

use crate::{name, settings};
use bytes::Bytes;
use caisson_engine::{Package, Settings, SourceFile};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Largest single source file. Far above anything written by hand, far below what would hurt.
pub const MAX_FILE_BYTES: u64 = 4 << 20;
/// Most files in one package.
pub const MAX_FILES: usize = 2_000;
/// Largest package, all files added up. Also the bound for a component, which is one file.
pub const MAX_PACKAGE_BYTES: u64 = 64 << 20;

/// The file with a folder's settings.
pub(crate) const SETTINGS_FILE: &str = "service.toml";

/// What a package is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Python modules.
    Python,
    /// A WebAssembly component, whatever it was compiled from.
    Component,
}

/// A package, ready to be deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageSource {
    name: String,
    language: Language,
    files: Vec<SourceFile>,
    settings: Settings,
}

impl PackageSource {
    /// A package from one file, as it is uploaded: `NAME.py` or `NAME.wasm`, with the text of its settings if any.
    ///
    /// # Errors
    ///
    /// Another kind of file, a name that cannot be used, settings that cannot be accepted, too many bytes.
    pub fn from_file(file_name: &str, content: Bytes, settings: Option<&str>) -> Result<Self, SourceError> {
        let (name, language) = match file_name.rsplit_once('.') {
            Some((name, "py")) => (name, Language::Python),
            Some((name, "wasm")) => (name, Language::Component),
            _ => return Err(SourceError::Kind { file: file_name.to_owned() }),
        };
        let settings = match settings {
            Some(text) => settings::parse(&format!("{name}.toml"), text)?,
            None => Settings::default(),
        };
        Self::new(name, language, vec![SourceFile { path: file_name.to_owned(), content }], settings)
    }

    /// A Python package from the files of a folder, as it is uploaded. Paths are relative to the folder; a
    /// `service.toml` among them is its settings; what editors leave behind is left out.
    ///
    /// # Errors
    ///
    /// Paths that leave the folder or repeat, and as [`PackageSource::from_file`].
    pub fn from_files(name: &str, files: Vec<SourceFile>) -> Result<Self, SourceError> {
        let mut settings = Settings::default();
        let mut kept = Vec::with_capacity(files.len());
        for SourceFile { path, content } in files {
            if path == SETTINGS_FILE {
                let text = String::from_utf8_lossy(&content);
                settings = settings::parse(&format!("{name}/{SETTINGS_FILE}"), &text)?;
            } else if !path.split('/').any(|part| part != "." && part != ".." && name::ignored(part)) {
                kept.push(SourceFile { path: format!("{name}/{path}"), content });
            }
        }
        Self::new(name, Language::Python, kept, settings)
    }

    /// The one place where a package is checked, wherever it came from.
    pub(crate) fn new(
        name: &str,
        language: Language,
        mut files: Vec<SourceFile>,
        settings: Settings,
    ) -> Result<Self, SourceError> {
        if let Some(reason) = name::objection(name, language) {
            return Err(SourceError::Name { name: name.to_owned(), reason });
        }
        files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        check_files(name, language, &files)?;
        Ok(Self { name: name.to_owned(), language, files, settings })
    }

    /// The package's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is written in.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// Its files, sorted by path.
    #[must_use]
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// How it runs.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// Nothing but white space in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.iter().all(|file| file.content.trim_ascii().is_empty())
    }

    /// What the engine is given. A component's service is named after its package, and service names have no
    /// underscores.
    pub(crate) fn package(&self) -> Package {
        match self.language {
            Language::Python => Package::Python { name: self.name.clone(), files: self.files.clone() },
            Language::Component => Package::Component {
                name: self.name.replace('_', "-"),
                wasm: self.files.first().map(|file| file.content.clone()).unwrap_or_default(),
            },
        }
    }
}

fn check_files(name: &str, language: Language, files: &[SourceFile]) -> Result<(), SourceError> {
    if files.len() > MAX_FILES {
        return Err(SourceError::TooManyFiles { package: name.to_owned() });
    }
    let mut total = 0_u64;
    let mut seen = HashSet::with_capacity(files.len());
    for file in files {
        let bytes = u64::try_from(file.content.len()).unwrap_or(u64::MAX);
        total = total.saturating_add(bytes);
        check_size(&file.path, bytes, language)?;
        let relative = file.path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !relative || file.path.contains(['\\', '\0']) {
            return Err(SourceError::Path { path: file.path.clone(), reason: "it leaves the package" });
        }
        if !seen.insert(file.path.as_str()) {
            return Err(SourceError::Path { path: file.path.clone(), reason: "it is there twice" });
        }
    }
    check_total(name, total)?;
    match language {
        Language::Python if files.iter().any(|file| file.path.ends_with(".py")) => Ok(()),
        Language::Component if files.len() == 1 => Ok(()),
        _ => Err(SourceError::Kind { file: name.to_owned() }),
    }
}

fn check_size(file: &str, bytes: u64, language: Language) -> Result<(), SourceError> {
    let limit = match language {
        Language::Python => MAX_FILE_BYTES,
        Language::Component => MAX_PACKAGE_BYTES,
    };
    if bytes > limit { Err(SourceError::TooLarge { file: file.to_owned(), bytes, limit }) } else { Ok(()) }
}

fn check_total(package: &str, bytes: u64) -> Result<(), SourceError> {
    if bytes > MAX_PACKAGE_BYTES {
        return Err(SourceError::PackageTooLarge { package: package.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, content: &'static [u8]) -> SourceFile {
        SourceFile { path: path.to_owned(), content: Bytes::from_static(content) }
    }

    #[test]
    fn one_file_becomes_a_package_named_after_it() {
        let source =
            PackageSource::from_file("hello.py", "x".into(), Some("isolation = \"reuse\"")).expect("valid");
        assert_eq!((source.name(), source.language()), ("hello", Language::Python));
        assert_eq!(source.files()[0].path, "hello.py");
        assert_ne!(source.settings(), Settings::default());
        let source = PackageSource::from_file("my_thing-2.wasm", "x".into(), None).expect("valid");
        assert_eq!(source.name(), "my_thing-2");
        assert_eq!(source.package().name(), "my-thing-2");
        let error = PackageSource::from_file("hello.js", "x".into(), None).expect_err("not a package");
        assert!(error.to_string().contains(".wasm"), "{error}");
    }

    #[test]
    fn a_folder_is_prefixed_sorted_and_cleaned() {
        let files = vec![
            file("b.py", b"1"),
            file("a/x.py", b"2"),
            file("service.toml", b"isolation = \"reuse\""),
            file("__pycache__/b.pyc", b"3"),
            file("b.py~", b"4"),
        ];
        let source = PackageSource::from_files("crm", files).expect("valid");
        let paths: Vec<_> = source.files().iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["crm/a/x.py", "crm/b.py"]);
        assert_ne!(source.settings(), Settings::default());
    }

    #[test]
    fn paths_that_leave_or_repeat_are_refused() {
        for path in ["../x.py", "/x.py", "a/../../x.py", "a\\x.py", "./x.py"] {
            let error = PackageSource::from_files("crm", vec![file(path, b"1")]).expect_err(path);
            assert!(error.to_string().contains("leaves the package"), "{error}");
        }
        let error = PackageSource::from_files("crm", vec![file("a.py", b"1"), file("a.py", b"2")])
            .expect_err("twice");
        assert!(error.to_string().contains("twice"), "{error}");
        assert!(PackageSource::from_files("crm", vec![file("a.txt", b"1")]).is_err());
    }

    #[test]
    fn bounds_name_file_size_and_limit() {
        let large = Bytes::from(vec![b' '; (4 << 20) + 1]);
        let error =
            PackageSource::from_file("big.py", large.clone(), None).expect_err("too large").to_string();
        assert!(
            error.contains("big.py") && error.contains("4194305") && error.contains("4194304"),
            "{error}"
        );
        assert!(PackageSource::from_file("big.wasm", large, None).is_ok(), "components may be larger");
        let many = (0..2_001).map(|number| file(&format!("m{number}.py"), b"")).collect();
        let error = PackageSource::from_files("crm", many).expect_err("too many").to_string();
        assert!(error.contains("2000"), "{error}");
        let part = Bytes::from(vec![b' '; 4 << 20]);
        let heavy = (0..17)
            .map(|number| SourceFile { path: format!("m{number}.py"), content: part.clone() })
            .collect();
        let error = PackageSource::from_files("crm", heavy).expect_err("too heavy").to_string();
        assert!(error.contains("67108864"), "{error}");
    }
}
