//! Reads a package from disk in the form in which it is uploaded.

use crate::client::Outgoing;
use crate::exit::usage;
use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisson_admin::shapes::{Upload, UploadFile};
use caisson_service::{settings, source::unzip};
use std::path::{Path, PathBuf};

/// The settings of a package, at its top.
const SETTINGS_FILE: &str = "service.toml";

/// As much as the server takes; noticed here before anything is sent.
const MAX_UPLOAD_BYTES: u64 = 64 << 20;

/// A package, ready to be sent.
#[derive(Debug)]
pub(crate) struct Source {
    /// Name of the package: the one in its settings, or that of the file or folder.
    pub(crate) name: String,
    /// What is sent.
    pub(crate) outgoing: Outgoing,
}

/// Reads a `.py` file, a `.wasm` component, a folder or a `.zip` of one.
///
/// # Errors
///
/// Anything else; what cannot be read; a package that is too large; an archive that no server takes.
pub(crate) fn read(path: &Path) -> anyhow::Result<Source> {
    let metadata = std::fs::metadata(path)
        .with_context(|| format!("{} cannot be deployed: it cannot be read", path.display()))?;
    let (named, outgoing) = if metadata.is_dir() { folder(path)? } else { file(path)? };
    let name = named.map_or_else(|| name_of(path), Ok)?;
    let size = outgoing.body.len() as u64;
    if size > MAX_UPLOAD_BYTES {
        return Err(usage(format!(
            "{} is {size} bytes to send, more than the {MAX_UPLOAD_BYTES} that a server takes",
            path.display()
        )));
    }
    Ok(Source { name, outgoing })
}

/// Settings that lie beside a single file. The services folder reads them; an upload of one file has no room for them.
pub(crate) fn settings_left_behind(path: &Path) -> Option<PathBuf> {
    let beside = path.with_extension("toml");
    (path.is_file() && beside.is_file()).then_some(beside)
}

/// The name of the file without its ending, or of the folder, wherever `.` or `..` leads.
fn name_of(path: &Path) -> anyhow::Result<String> {
    let whole = path.canonicalize().with_context(|| format!("{} cannot be read", path.display()))?;
    let part = if whole.is_dir() { whole.file_name() } else { whole.file_stem() };
    match part.and_then(|name| name.to_str()) {
        Some(name) => Ok(name.to_owned()),
        None => Err(usage(format!("{} has no name that could be a package's; use --name", path.display()))),
    }
}

/// The name that settings give to their package. What is wrong with them, the server says: it may know keys that are not known
/// here.
fn named(settings: &str) -> Option<String> {
    settings::parse(SETTINGS_FILE, settings).ok()?.name.map(|name| name.value)
}

fn file(path: &Path) -> anyhow::Result<(Option<String>, Outgoing)> {
    let media_type = match path.extension().and_then(|ending| ending.to_str()) {
        Some("py") => "text/x-python",
        Some("wasm") => "application/wasm",
        Some("zip") => "application/zip",
        _ => {
            return Err(usage(format!(
                "{} is not something that can be deployed: give a .py file, a .wasm component, a folder or a .zip of one",
                path.display()
            )));
        }
    };
    let body = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let name = if media_type == "application/zip" {
        // Looked into for its name only, but what no server takes need not be sent.
        let files = unzip(&path.display().to_string(), &body).map_err(|error| usage(error.to_string()))?;
        let settings = files.iter().find(|file| file.path == SETTINGS_FILE);
        settings.and_then(|file| named(std::str::from_utf8(&file.content).ok()?))
    } else {
        None
    };
    let outgoing =
        Outgoing { content_type: Some(media_type.to_owned()), body: body.into(), ..Outgoing::default() };
    Ok((name, outgoing))
}

fn folder(root: &Path) -> anyhow::Result<(Option<String>, Outgoing)> {
    let mut paths = Vec::new();
    walk(root, &mut paths)?;
    paths.sort();
    let mut upload = Upload { files: Vec::new(), settings: None };
    let mut total = 0_u64;
    for path in paths {
        let content = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        total += content.len() as u64;
        anyhow::ensure!(
            total <= MAX_UPLOAD_BYTES,
            "{} holds more than {MAX_UPLOAD_BYTES} bytes",
            root.display()
        );
        let name = inner_path(root, &path)?;
        if name == SETTINGS_FILE {
            let text =
                String::from_utf8(content).with_context(|| format!("{} is not UTF-8", path.display()))?;
            upload.settings = Some(text);
        } else {
            upload.files.push(UploadFile { path: name, content: STANDARD.encode(content) });
        }
    }
    if upload.files.is_empty() {
        return Err(usage(format!("{} has no files that could be deployed", root.display())));
    }
    let body = serde_json::to_vec(&upload)?;
    let outgoing = Outgoing {
        content_type: Some("application/json".to_owned()),
        body: body.into(),
        ..Outgoing::default()
    };
    Ok((upload.settings.as_deref().and_then(named), outgoing))
}

/// All files below a folder; hidden ones and what Python compiled are left out.
pub(super) fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("{} cannot be read", folder.display()))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') || name == "__pycache__" || name.ends_with(".pyc") {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), found)?;
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// A path below a folder as packages have it: with `/` between its parts.
pub(super) fn inner_path(root: &Path, path: &Path) -> anyhow::Result<String> {
    let inner = path.strip_prefix(root)?;
    let parts: Option<Vec<&str>> = inner.components().map(|part| part.as_os_str().to_str()).collect();
    parts.map(|parts| parts.join("/")).with_context(|| format!("the name of {} is not UTF-8", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn a_module_is_sent_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("hello.py");
        std::fs::write(&path, "pass\n").unwrap();
        let source = read(&path).unwrap();
        assert_eq!(source.name, "hello");
        assert_eq!(source.outgoing.content_type.as_deref(), Some("text/x-python"));
        assert_eq!(&source.outgoing.body[..], b"pass\n");
        assert_eq!(settings_left_behind(&path), None);
        std::fs::write(root.path().join("hello.toml"), "").unwrap();
        assert_eq!(settings_left_behind(&path), Some(root.path().join("hello.toml")));
    }

    #[test]
    fn a_folder_is_sent_without_clutter() {
        let root = tempfile::tempdir().unwrap();
        let crm = root.path().join("crm");
        for (path, text) in [
            ("api.py", "pass"),
            ("v1/get.py", "x"),
            ("service.toml", "a = 1"),
            (".git/config", "no"),
            ("__pycache__/api.pyc", "no"),
        ] {
            let path = crm.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let source = read(&crm).unwrap();
        let upload: Upload = serde_json::from_slice(&source.outgoing.body).unwrap();
        assert_eq!(source.name, "crm");
        assert_eq!(upload.settings.as_deref(), Some("a = 1"));
        let paths: Vec<&str> = upload.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["api.py", "v1/get.py"]);
        assert_eq!(upload.files[0].content, "cGFzcw==");
    }

    #[test]
    fn a_package_is_named_by_its_settings_before_its_folder() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("crm-1.2");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("api.py"), "pass").unwrap();
        for (settings, name) in [
            ("name = \"crm\"\nversion = \"1.2\"", "crm"),
            ("version = \"1.2\"", "crm-1.2"),
            ("name = \"crm\"\nfrom_the_future = 1", "crm-1.2"),
        ] {
            std::fs::write(folder.join("service.toml"), settings).unwrap();
            assert_eq!(read(&folder).unwrap().name, name, "{settings}");
        }
    }

    #[test]
    fn an_archive_that_no_server_takes_is_not_sent() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("crm.zip");
        std::fs::write(&path, "no archive").unwrap();
        let error = read(&path).unwrap_err();
        assert_eq!(Exit::of(&error), Exit::Usage);
        assert!(error.to_string().contains("crm.zip cannot be used: it is no zip file"), "{error}");
    }

    #[test]
    fn what_cannot_be_deployed_is_named() {
        let root = tempfile::tempdir().unwrap();
        let text = root.path().join("notes.txt");
        std::fs::write(&text, "x").unwrap();
        let empty = root.path().join("empty");
        std::fs::create_dir(&empty).unwrap();
        for bad in [text.as_path(), empty.as_path()] {
            assert_eq!(Exit::of(&read(bad).unwrap_err()), Exit::Usage);
        }
        let error = read(&root.path().join("nothing.py")).unwrap_err();
        assert!(error.to_string().ends_with("cannot be deployed: it cannot be read"), "{error}");
    }
}
