//! Files of others, as the sandbox is given them.

use crate::cli::package_source::{inner_path, walk};
use crate::exit::usage;
use anyhow::Context as _;
use caisson_engine::SourceFile;
use caisson_service::PackageSource;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Wheels of a package lie here.
const VENDOR: &str = "/vendor/";

/// As much as a package may be; noticed before a folder that is something else altogether is read to its end.
const MAX_BYTES: u64 = 64 << 20;

/// A folder of packages and modules.
#[derive(Debug)]
pub(crate) struct Tree {
    /// Everything that can be imported or read, by its path inside of the sandbox.
    pub(crate) files: Vec<SourceFile>,
    /// Where the folder of a path inside of the sandbox is on disk.
    root: PathBuf,
    /// The tests' files, sorted.
    pub(crate) tests: Vec<String>,
}

impl Tree {
    /// Reads a folder: a package (it has `service.toml` or `__init__.py`), whose files are below its name, or a folder of modules
    /// and packages, as `caisson serve --services` takes it.
    ///
    /// # Errors
    ///
    /// No folder, no Python in it, or what cannot be read.
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        if !folder.is_dir() {
            return Err(usage(format!(
                "{} is no folder: give the folder of a package or of several, for example services",
                folder.display()
            )));
        }
        let package = package_of(folder);
        let own = folder.file_name().and_then(|name| name.to_str());
        let parent = folder.parent().filter(|_| package.as_deref() == own);
        let (prefix, root) = match &package {
            Some(name) => (format!("{name}/"), parent.map(Path::to_path_buf)),
            None => (String::new(), Some(folder.to_path_buf())),
        };
        // Of `.` the parent has no short name; then places are shown as paths inside of the sandbox.
        let root = root.unwrap_or_default();
        let mut paths = Vec::new();
        walk(folder, &mut paths)?;
        paths.sort();
        let mut read = Vec::new();
        let mut total = 0_u64;
        for path in paths {
            let content =
                std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
            total += content.len() as u64;
            anyhow::ensure!(total <= MAX_BYTES, "{} holds more than {MAX_BYTES} bytes", folder.display());
            let inner = inner_path(folder, &path)?;
            read.push(SourceFile { path: format!("{prefix}{inner}"), content: content.into() });
        }
        let files = unpacked(read)?;
        if !files.iter().any(|file| file.path.ends_with(".py")) {
            return Err(usage(format!("there is no Python in {}", folder.display())));
        }
        let mut tests: Vec<String> =
            files.iter().filter(|file| is_test(&file.path)).map(|file| file.path.clone()).collect();
        tests.sort();
        Ok(Self { files, root, tests })
    }

    /// A path inside of the sandbox as the user knows it.
    pub(crate) fn shown(&self, path: &str) -> String {
        self.root.join(path).display().to_string().trim_start_matches("./").to_owned()
    }
}

/// Whether it is a file of tests, as pytest has it.
fn is_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = name.strip_suffix(".py");
    stem.is_some_and(|stem| stem.starts_with("test_") || stem.ends_with("_test")) && !path.contains(VENDOR)
}

/// Files with the wheels of packages unpacked, by the same rules as when they are deployed.
fn unpacked(files: Vec<SourceFile>) -> anyhow::Result<Vec<SourceFile>> {
    let mut loose = Vec::new();
    let mut packages: BTreeMap<String, Vec<SourceFile>> = BTreeMap::new();
    for file in files {
        match file.path.split_once('/') {
            Some((package, _)) => packages.entry(package.to_owned()).or_default().push(file),
            None => loose.push(file),
        }
    }
    for (package, files) in packages {
        let has_wheels = files.iter().any(|file| file.path.contains(VENDOR) && file.path.ends_with(".whl"));
        if !has_wheels {
            loose.extend(files);
            continue;
        }
        let prefix = format!("{package}/");
        let inner = files
            .into_iter()
            .map(|file| SourceFile {
                path: file.path.strip_prefix(&prefix).unwrap_or(&file.path).to_owned(),
                content: file.content,
            })
            .collect();
        let source = PackageSource::from_files(&package, inner).map_err(|error| usage(error.to_string()))?;
        loose.extend(source.loadable());
    }
    Ok(loose)
}

/// A Python file that was named, or is below a folder that was.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// The path that the user gave it.
    pub(crate) shown: String,
    pub(crate) content: String,
}

/// Python files by their paths as modules: below the name of a package, as it would be deployed.
///
/// # Errors
///
/// What cannot be read; a folder without any Python; a file of another kind.
pub(crate) fn read_sources(paths: &[PathBuf]) -> anyhow::Result<BTreeMap<String, Source>> {
    let mut found = BTreeMap::new();
    for path in paths {
        let files = python_files(path)?;
        let folder = if path.is_dir() { path.as_path() } else { path.parent().unwrap_or(path) };
        let prefix = package_of(folder).map_or_else(String::new, |name| format!("{name}/"));
        for file in files {
            let content =
                std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
            let shown = file.display().to_string();
            let shown = shown.strip_prefix("./").unwrap_or(&shown).to_owned();
            let inner = format!("{prefix}{}", inner_path(folder, &file)?);
            let key = if found.contains_key(&inner) { shown.clone() } else { inner };
            // What is no UTF-8 is found by whoever reads it, with its line.
            let content = String::from_utf8_lossy(&content).into_owned();
            found.insert(key, Source { shown, content });
        }
    }
    Ok(found)
}

fn python_files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let is_python = |file: &Path| file.extension().is_some_and(|ending| ending == "py");
    if !path.is_dir() {
        if !is_python(path) {
            return Err(usage(format!("{} is no Python file: give .py files or folders", path.display())));
        }
        return Ok(vec![path.to_path_buf()]);
    }
    let mut files = Vec::new();
    walk(path, &mut files)?;
    files.retain(|file| is_python(file));
    if files.is_empty() {
        return Err(usage(format!("there is no Python in {}", path.display())));
    }
    Ok(files)
}

/// The name of the package that a folder is, if it is one.
fn package_of(folder: &Path) -> Option<String> {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let is_package = ["service.toml", "__init__.py"].iter().any(|name| here.join(name).is_file());
    let whole = is_package.then(|| here.canonicalize().ok()).flatten()?;
    whole.file_name()?.to_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }

    fn paths(tree: &Tree) -> Vec<&str> {
        let mut paths: Vec<_> = tree.files.iter().map(|file| file.path.as_str()).collect();
        paths.sort_unstable();
        paths
    }

    #[test]
    fn a_package_is_below_its_name_and_a_folder_of_them_is_not() {
        let root = tempfile::tempdir().unwrap();
        write(
            root.path(),
            &[
                ("crm/service.toml", ""),
                ("crm/api.py", ""),
                ("crm/tests/test_api.py", ""),
                ("crm/vendor/lib/test_lib.py", ""),
                ("hello.py", ""),
                ("hello_test.py", ""),
                ("crm/__pycache__/api.pyc", ""),
                (".git/test_x.py", ""),
            ],
        );
        let tree = Tree::read(&root.path().join("crm")).unwrap();
        assert_eq!(
            paths(&tree),
            ["crm/api.py", "crm/service.toml", "crm/tests/test_api.py", "crm/vendor/lib/test_lib.py"]
        );
        assert_eq!(tree.tests, ["crm/tests/test_api.py"]);
        assert_eq!(
            tree.shown("crm/tests/test_api.py"),
            root.path().join("crm/tests/test_api.py").display().to_string()
        );
        let tree = Tree::read(root.path()).unwrap();
        assert_eq!(tree.tests, ["crm/tests/test_api.py", "hello_test.py"]);
    }

    #[test]
    fn sources_have_the_names_of_their_modules() {
        let root = tempfile::tempdir().unwrap();
        write(
            root.path(),
            &[("crm/service.toml", ""), ("crm/api.py", "a"), ("hello.py", "h"), ("other/api.py", "o")],
        );
        let names = |paths: &[&str]| {
            let paths: Vec<PathBuf> = paths.iter().map(|path| root.path().join(path)).collect();
            read_sources(&paths).unwrap().into_keys().collect::<Vec<_>>()
        };
        assert_eq!(names(&["crm"]), ["crm/api.py"]);
        assert_eq!(names(&["crm/api.py", "hello.py"]), ["crm/api.py", "hello.py"]);
        assert_eq!(names(&["."]), ["crm/api.py", "hello.py", "other/api.py"]);
        let found = read_sources(&[root.path().join("other"), root.path().join("other/api.py")]).unwrap();
        let shown = root.path().join("other/api.py").display().to_string();
        assert_eq!(found["api.py"], Source { shown, content: "o".to_owned() });
    }

    #[test]
    fn what_is_no_python_is_named() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), &[("notes.txt", "x")]);
        for (error, part) in [
            (Tree::read(&root.path().join("none")).unwrap_err(), "is no folder"),
            (Tree::read(root.path()).unwrap_err(), "no Python in"),
            (read_sources(&[root.path().to_path_buf()]).unwrap_err(), "no Python in"),
            (read_sources(&[root.path().join("notes.txt")]).unwrap_err(), "is no Python file"),
            (read_sources(&[root.path().join("none.py")]).unwrap_err(), "cannot be read"),
        ] {
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
