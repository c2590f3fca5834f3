//! Fingerprints of the files that something is built from.

use anyhow::{Context as _, Result};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Folders that hold results, not sources.
const RESULTS: [&str; 6] = [".git", ".venv", "__pycache__", ".pytest_cache", "node_modules", "target"];

/// Everything that a result depends on, by name, each with its hash.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Inputs(BTreeMap<String, String>);

impl Inputs {
    /// Adds all files under `path` (or the file `path`), named relative to `root`.
    pub(crate) fn add_files(&mut self, root: &Path, path: &Path) -> Result<()> {
        for file in files_under(path)? {
            let content = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let name = file.strip_prefix(root).unwrap_or(&file).display().to_string();
            self.0.insert(name, short(&content));
        }
        Ok(())
    }

    /// Adds something that is not a file, such as the version of a compiler.
    pub(crate) fn add_fact(&mut self, name: &str, value: &str) {
        self.0.insert(format!("({name})"), short(value.as_bytes()));
    }

    /// The fingerprint of all inputs together.
    pub(crate) fn key(&self) -> String {
        short(self.to_string().as_bytes())
    }

    /// Reads what `to_string` wrote.
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.lines().filter_map(|line| line.split_once(' '));
        Self(lines.map(|(hash, name)| (name.to_owned(), hash.to_owned())).collect())
    }

    /// Names of inputs that differ between two sets.
    pub(crate) fn changes<'a>(&'a self, other: &'a Self) -> Vec<&'a str> {
        let gone = other.0.keys().filter(|name| !self.0.contains_key(*name));
        let changed =
            self.0.iter().filter(|(name, hash)| other.0.get(*name) != Some(hash)).map(|(name, _)| name);
        changed.chain(gone).map(String::as_str).collect()
    }
}

impl std::fmt::Display for Inputs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|(name, hash)| writeln!(f, "{hash} {name}"))
    }
}

/// The first 16 hexadecimal digits of a hash: enough to tell apart what one machine builds, and short in a path.
pub(crate) fn short(content: &[u8]) -> String {
    blake3::hash(content).to_hex().chars().take(16).collect()
}

/// All source files under a folder, sorted.
pub(crate) fn files_under(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))? {
        let entry = entry?;
        let is_result = RESULTS.iter().any(|name| entry.file_name() == *name);
        let kind = entry.file_type()?;
        if kind.is_dir() && !is_result {
            files.extend(files_under(&entry.path())?);
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(facts: &[(&str, &str)]) -> Inputs {
        let mut inputs = Inputs::default();
        facts.iter().for_each(|(name, value)| inputs.add_fact(name, value));
        inputs
    }

    #[test]
    fn the_key_follows_the_content_and_not_the_order() {
        assert_eq!(inputs(&[("a", "1"), ("b", "2")]).key(), inputs(&[("b", "2"), ("a", "1")]).key());
        assert_ne!(inputs(&[("a", "1")]).key(), inputs(&[("a", "2")]).key());
    }

    #[test]
    fn names_what_was_changed_added_and_removed() {
        let (old, new) = (
            inputs(&[("same", "1"), ("edited", "1"), ("gone", "1")]),
            inputs(&[("same", "1"), ("edited", "2"), ("new", "1")]),
        );
        assert_eq!(new.changes(&Inputs::parse(&old.to_string())), ["(edited)", "(new)", "(gone)"]);
    }
}
