//! What every crate of the host has: the lints of the workspace, and a description of itself.

use super::{Source, Tree};

/// Length of a first paragraph that says something.
const DESCRIPTION: usize = 40;

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let manifests = tree.with_extension("Cargo.toml").filter(|source| is_of_host(source));
    manifests.flat_map(|manifest| check_crate(tree, manifest)).collect()
}

/// Guests and the benchmark's reference servers are workspaces of their own.
fn is_of_host(manifest: &Source) -> bool {
    let depth = manifest.path.matches('/').count();
    match manifest.path.split('/').next() {
        Some("runtime") => true,
        Some("cluster" | "tests" | "xtask") => depth == 1,
        _ => false,
    }
}

fn check_crate(tree: &Tree, manifest: &Source) -> Vec<String> {
    let mut problems = Vec::new();
    if !manifest.text.contains("[lints]\nworkspace = true") {
        problems.push(format!("{}: without `[lints] workspace = true`", manifest.path));
    }
    let folder = manifest.path.trim_end_matches("Cargo.toml");
    let root =
        ["src/lib.rs", "src/main.rs"].into_iter().find_map(|file| tree.find(&format!("{folder}{file}")));
    match root {
        None => problems.push(format!("{}: a crate without src/lib.rs and src/main.rs", manifest.path)),
        Some(root) if description(tree, folder, root).len() < DESCRIPTION => {
            problems.push(format!("{}: has to say what the crate is for, in its first paragraph", root.path));
        }
        Some(_) => {}
    }
    problems
}

/// The first paragraph of a file's own documentation, which may be that of the README beside it.
fn description(tree: &Tree, folder: &str, root: &Source) -> String {
    let readme = root.text.starts_with(super::README_AS_DOCUMENTATION);
    let readme = readme.then(|| tree.find(&format!("{folder}README.md"))).flatten();
    let lines: Vec<_> = match readme {
        Some(readme) => {
            readme.text.lines().skip_while(|line| line.starts_with('#') || line.is_empty()).collect()
        }
        None => root.text.lines().map_while(|line| line.strip_prefix("//!")).collect(),
    };
    lines.into_iter().map(str::trim).take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(manifest: &str, root: &str) -> Tree {
        let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        Tree(vec![source("runtime/a/Cargo.toml", manifest), source("runtime/a/src/lib.rs", root)])
    }

    #[test]
    fn wants_lints_and_a_description() {
        let lints = "[package]\n\n[lints]\nworkspace = true\n";
        let good = "//! Everything about this crate, said in a line.\n";
        assert_eq!(check(&tree(lints, good)), Vec::<String>::new());
        assert_eq!(check(&tree("[package]\n", good)).len(), 1);
        assert_eq!(check(&tree(lints, "//! Short.\n")).len(), 1);
        let mut with_readme = tree(lints, "#![doc = include_str!(\"../README.md\")]\n");
        assert_eq!(check(&with_readme).len(), 1, "there is no README");
        let text = "# a\n\nEverything about this crate, said in a line.\n".to_owned();
        with_readme.0.push(Source { path: "runtime/a/README.md".to_owned(), text });
        assert_eq!(check(&with_readme), Vec::<String>::new());
    }
}
