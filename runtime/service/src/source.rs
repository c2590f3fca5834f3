//! What is deployed: the files of one package with its settings, checked against names and bounds.

mod error;
pub(crate) mod folder;
mod parcel;
mod read;
mod wheel;
mod zip;

pub use error::SourceError;
pub use folder::ServicesFolder;
pub use parcel::Parcel;
pub use zip::unzip;

use crate::about::About;
use crate::name;
use crate::settings::{self, SettingsError, Written};
use bytes::Bytes;
use caisson_engine::{Package, Settings, SourceFile};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Largest single file, apart from components and wheels. Far above anything written by hand, far below what would hurt.
pub const MAX_FILE_BYTES: u64 = 4 << 20;
/// Most files in one package.
pub const MAX_FILES: usize = 2_000;
/// Largest package, all files added up. Also the bound for a component, which is one file.
pub const MAX_PACKAGE_BYTES: u64 = 64 << 20;

/// Largest settings file: a kibibyte would do.
const MAX_SETTINGS_BYTES: u64 = 64 << 10;

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
    /// What its wheels hold. Not stored: it follows from the files.
    vendored: Vec<SourceFile>,
    settings: Settings,
    about: About,
}

impl PackageSource {
    /// A package from one file, as it is uploaded: `NAME.py` or `NAME.wasm`, with the text of its settings if any.
    ///
    /// # Errors
    ///
    /// Another kind of file, a name that cannot be used, settings that cannot be accepted, too many bytes.
    pub fn from_file(file_name: &str, content: Bytes, settings: Option<&str>) -> Result<Self, SourceError> {
        let Some((name, "py" | "wasm")) = file_name.rsplit_once('.') else {
            return Err(SourceError::Kind { file: file_name.to_owned() });
        };
        let written = match settings {
            Some(text) => settings::parse(&format!("{name}.toml"), text)?,
            None => Written::default(),
        };
        let files = vec![SourceFile { path: file_name.to_owned(), content }];
        Self::written(name, files, written)
    }

    /// A package from the files of a folder, as it is uploaded. Paths are relative to the folder; a `service.toml` among them
    /// is its settings; what editors leave behind is left out. The name in the settings does not count: whoever calls this
    /// has decided.
    ///
    /// # Errors
    ///
    /// Paths that leave the folder or repeat, and as [`PackageSource::from_file`].
    pub fn from_files(name: &str, files: Vec<SourceFile>) -> Result<Self, SourceError> {
        let (written, kept) = split(name, files)?;
        Self::written(name, kept, written)
    }

    /// A package from a zip archive of the files of a folder, or of the folder.
    ///
    /// # Errors
    ///
    /// As [`unzip`] and [`PackageSource::from_files`].
    pub fn from_zip(name: &str, archive: &[u8]) -> Result<Self, SourceError> {
        Self::from_files(name, unzip(&format!("{name}.zip"), archive)?)
    }

    /// A package from its files, with the package's name at the head of their paths, and its settings.
    pub(crate) fn written(
        name: &str,
        mut files: Vec<SourceFile>,
        written: Written,
    ) -> Result<Self, SourceError> {
        let python = files.iter().any(|file| file.path.ends_with(".py"));
        let language = match files.as_mut_slice() {
            _ if python => Language::Python,
            [component] if component.path.ends_with(".wasm") => {
                // The same content is the same version, whatever it was brought in.
                component.path = format!("{name}.wasm");
                Language::Component
            }
            _ => return Err(SourceError::Kind { file: name.to_owned() }),
        };
        if let Some(claim) = written.language.filter(|claim| claim.value != language) {
            let message = match language {
                Language::Python => {
                    "language is \"component\", and there are .py files in the package; write \"python\" or remove them"
                }
                Language::Component => {
                    "language is \"python\", and the package is a .wasm component; write \"component\" or remove this line"
                }
            };
            return Err(claim.contradicted(message.to_owned()).into());
        }
        if let Some(claim) = written.schemas.filter(|_| language == Language::Python) {
            let message = "schemas are for components; a Python service declares its `input` and `output` in its class, so remove this";
            return Err(claim.contradicted(message.to_owned()).into());
        }
        Self::new(name, language, files, written.settings, written.about)
    }

    /// The one place where a package is checked, wherever it came from.
    pub(crate) fn new(
        name: &str,
        language: Language,
        mut files: Vec<SourceFile>,
        settings: Settings,
        about: About,
    ) -> Result<Self, SourceError> {
        if let Some(reason) = name::objection(name, language) {
            return Err(SourceError::Name { name: name.to_owned(), reason });
        }
        files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        check_files(name, language, &files)?;
        let vendored = wheel::unpack(name, &files)?;
        Ok(Self { name: name.to_owned(), language, files, vendored, settings, about })
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

    /// What it says about itself.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Nothing but white space in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.iter().all(|file| file.content.trim_ascii().is_empty())
    }

    /// Its files as an interpreter loads them: what is in its wheels takes their place.
    #[must_use]
    pub fn loadable(&self) -> Vec<SourceFile> {
        let own = self.files.iter().filter(|file| !wheel::is_wheel(&file.path));
        own.chain(&self.vendored).cloned().collect()
    }

    /// What the engine is given. A component's service is named after its package, and service names have no
    /// underscores.
    pub(crate) fn package(&self) -> Package {
        match self.language {
            Language::Python => Package::Python { name: self.name.clone(), files: self.loadable() },
            Language::Component => Package::Component {
                name: self.name.replace('_', "-"),
                wasm: self.files.first().map(|file| file.content.clone()).unwrap_or_default(),
                schemas: self.about.schemas.clone(),
            },
        }
    }
}

/// Tells a folder's settings from its other files, which get the package's name at the head of their paths.
fn split(name: &str, files: Vec<SourceFile>) -> Result<(Written, Vec<SourceFile>), SourceError> {
    let mut written = Written::default();
    let mut kept = Vec::with_capacity(files.len());
    for SourceFile { path, content } in files {
        if path == SETTINGS_FILE {
            written = settings_of(&format!("{name}/{SETTINGS_FILE}"), &content)?;
        } else if !path.split('/').any(|part| part != "." && part != ".." && name::ignored(part)) {
            kept.push(SourceFile { path: format!("{name}/{path}"), content });
        }
    }
    Ok((written, kept))
}

/// Reads the content of a settings file.
fn settings_of(shown: &str, content: &[u8]) -> Result<Written, SourceError> {
    let bytes = u64::try_from(content.len()).unwrap_or(u64::MAX);
    if bytes > MAX_SETTINGS_BYTES {
        return Err(SourceError::TooLarge { file: shown.to_owned(), bytes, limit: MAX_SETTINGS_BYTES });
    }
    let text = std::str::from_utf8(content).map_err(|error| SettingsError {
        file: shown.to_owned(),
        line: 1,
        message: format!("not UTF-8 text: {error}"),
    })?;
    Ok(settings::parse(shown, text)?)
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
        check_size(&file.path, bytes)?;
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

/// The largest that a file may be. Components and wheels are bounded by what a package may be.
fn file_limit(path: &str) -> u64 {
    if path.ends_with(".wasm") || path.ends_with(".whl") { MAX_PACKAGE_BYTES } else { MAX_FILE_BYTES }
}

fn check_size(file: &str, bytes: u64) -> Result<(), SourceError> {
    let limit = file_limit(file);
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
    fn a_component_comes_alone_in_whatever_form() {
        let toml = file("service.toml", b"language = \"component\"\nversion = \"2\"");
        let source =
            PackageSource::from_files("orders", vec![file("target/x.wasm", b"1"), toml]).expect("valid");
        assert_eq!(
            (source.language(), source.files()[0].path.as_str()),
            (Language::Component, "orders.wasm")
        );
        assert_eq!(source.about().label.as_deref(), Some("2"));
        let alone = PackageSource::from_file("orders.wasm", "1".into(), None).expect("valid");
        assert_eq!(alone.files(), source.files());
        for files in [
            vec![file("x.wasm", b"1"), file("README.md", b"2")],
            vec![file("x.wasm", b"1"), file("y.wasm", b"2")],
            vec![],
        ] {
            assert!(PackageSource::from_files("orders", files).is_err());
        }
    }

    #[test]
    fn a_language_that_the_files_contradict_is_refused_with_its_line() {
        for (code, says, part) in [
            (
                "a.py",
                "\nlanguage = \"component\"",
                "crm/service.toml:2: language is \"component\", and there are .py",
            ),
            (
                "a.wasm",
                "language = \"python\"",
                "crm/service.toml:1: language is \"python\", and the package is",
            ),
        ] {
            let toml = SourceFile { path: "service.toml".to_owned(), content: says.into() };
            let error =
                PackageSource::from_files("crm", vec![file(code, b"1"), toml]).expect_err(code).to_string();
            assert!(error.contains(part), "{error}");
        }
        let large = SourceFile { path: "service.toml".to_owned(), content: vec![b'#'; 70_000].into() };
        let error =
            PackageSource::from_files("crm", vec![file("a.py", b"1"), large]).expect_err("large").to_string();
        assert!(error.contains("65536"), "{error}");
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
