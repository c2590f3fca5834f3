//! `${env:NAME}` and `${file:PATH}` in texts.

use std::path::Path;

/// Largest file that a reference may name: far above a secret, and enough for a WSDL.
const MAX_VALUE_BYTES: u64 = 1 << 20;

/// Largest file of definitions: 10,000 channels take 2 MiB, and the admin API reads 16.
pub const MAX_DEFINITIONS_BYTES: u64 = 8 << 20;

/// What references lead to.
pub trait Surroundings {
    /// The value of an environment variable.
    fn env(&self, name: &str) -> Option<String>;

    /// The text of a file that has at most so many bytes.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    fn read(&self, path: &Path, most: u64) -> Result<String, String>;
}

/// The environment and the files of this process.
#[derive(Clone, Copy, Debug)]
pub struct Process;

impl Surroundings for Process {
    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn read(&self, path: &Path, most: u64) -> Result<String, String> {
        let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
        if size > most {
            return Err(format!("it has {size} bytes, and at most {most} are read"));
        }
        std::fs::read_to_string(path).map_err(|error| error.to_string())
    }
}

/// Resolves a text. Nothing when it holds no reference; `$${` stands for `${`.
pub(crate) fn resolve(
    text: &str,
    folder: &Path,
    surroundings: &dyn Surroundings,
) -> Result<Option<String>, String> {
    if !text.contains("${") {
        return Ok(None);
    }
    let mut resolved = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        if let Some(before) = before.strip_suffix('$') {
            resolved.push_str(before);
            resolved.push_str("${");
            rest = from.strip_prefix("${").unwrap_or_default();
            continue;
        }
        resolved.push_str(before);
        let inside = from.strip_prefix("${").unwrap_or_default();
        let (name, after) = inside.split_once('}').ok_or("a reference is not closed: `}` is missing")?;
        resolved.push_str(&look_up(name, folder, surroundings)?);
        rest = after;
    }
    resolved.push_str(rest);
    Ok(Some(resolved))
}

fn look_up(name: &str, folder: &Path, surroundings: &dyn Surroundings) -> Result<String, String> {
    match name.split_once(':') {
        Some(("env", name)) => surroundings.env(name).filter(|value| !value.is_empty()).ok_or_else(|| {
            format!("the environment variable {name} is not set: `apply` needs it where it runs")
        }),
        Some(("file", path)) => {
            let text = surroundings.read(&folder.join(path), MAX_VALUE_BYTES);
            let text = text.map_err(|error| format!("the file {path} cannot be read: {error}"))?;
            Ok(text.trim_end_matches(['\r', '\n']).to_owned())
        }
        _ => Err(format!(
            "`${{{name}}}` is no reference: write ${{env:NAME}} or ${{file:PATH}}, or $${{ for the text itself"
        )),
    }
}
