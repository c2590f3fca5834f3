//! Words that must not stay in a file: marks of unfinished work, and paths of somebody's machine.
//!
//! They are put together from halves here, so that this file does not find itself.

use super::Tree;

const UNFINISHED: [&str; 5] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("X", "XX"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
];

/// Folders that exist on one machine only.
const MACHINE: [&str; 4] =
    [concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/ro", "ot/"), concat!("/wo", "rk/")];

/// Texts that were not written here.
const FOREIGN: [&str; 2] = ["Cargo.lock", "LICENSE"];

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let ours = tree.0.iter().filter(|source| !FOREIGN.iter().any(|name| source.path.ends_with(name)));
    ours.flat_map(|source| {
        let lines = source.text.lines().enumerate();
        lines.filter_map(|(number, line)| Some(format!("{}:{}: {}", source.path, number + 1, problem(line)?)))
    })
    .collect()
}

fn problem(line: &str) -> Option<String> {
    if let Some(word) = UNFINISHED.iter().find(|word| has_word(line, word)) {
        return Some(format!("{word}: finish it, or leave it out and say so where users read it"));
    }
    let path = MACHINE.iter().find(|path| has_path(line, path))?;
    Some(format!("a path under {path} exists on one machine only"))
}

/// Whether the word stands alone.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let before = line.get(..start).unwrap_or_default();
        let after = line.get(start + word.len()..).unwrap_or_default();
        !before.ends_with(is_part) && (word.ends_with('(') || !after.starts_with(is_part))
    })
}

/// Whether the line has an absolute path: `a/b` is none, and neither is an URL.
fn has_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(start, _)| {
        let before = line.get(..start).unwrap_or_default();
        !before
            .ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '~' | '}' | '>' | '*'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_marks_of_unfinished_work() {
        assert!(problem(concat!("// TO", "DO: later")).is_some());
        assert!(problem(concat!("    todo", "!()")).is_some());
        assert!(problem(concat!("mktemp /tmp/a.X", "X", "XX", "XX")).is_none());
        assert!(problem("a list of things to do").is_none());
    }

    #[test]
    fn finds_paths_of_a_machine() {
        assert!(problem(concat!("path = \"/ho", "me/jo/caisson\"")).is_some());
        assert!(problem(concat!("see https://example.com/ho", "me/page")).is_none());
    }
}
