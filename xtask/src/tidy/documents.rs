//! Documents that have to exist, and links between them.

use super::{Source, Tree};

const REQUIRED: [&str; 5] = ["ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "README.md", "STYLE.md"];

/// What the README has to name: the two commands that somebody new needs.
const COMMANDS: [&str; 2] = ["cargo xtask demo", "cargo xtask test"];

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let mut problems: Vec<_> = REQUIRED
        .iter()
        .filter(|path| tree.find(path).is_none())
        .map(|path| format!("{path} is missing"))
        .collect();
    if let Some(readme) = tree.find("README.md") {
        let missing = COMMANDS.iter().filter(|command| !readme.text.contains(**command));
        problems.extend(missing.map(|command| format!("README.md does not name `{command}`")));
    }
    problems.extend(tree.with_extension(".md").flat_map(|source| broken_links(tree, source)));
    problems.extend(unexplained_samples(tree));
    problems
}

/// Links to files that are not there.
fn broken_links(tree: &Tree, source: &Source) -> Vec<String> {
    let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let broken = links(&source.text).filter(|(_, link)| {
        let path = resolve(folder, link);
        let is_folder =
            path.is_empty() || tree.0.iter().any(|file| file.path.starts_with(&format!("{path}/")));
        tree.find(&path).is_none() && !is_folder
    });
    broken
        .map(|(line, link)| format!("{}:{line}: link to {link}, which does not exist", source.path))
        .collect()
}

/// Line and target of every link to a file, outside of blocks of code.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_block = false;
    let prose = text.lines().enumerate().filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_block ^= is_fence;
        !in_block && !is_fence
    });
    prose.flat_map(|(index, line)| {
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split([')', '#', ' ']).next());
        targets.filter(|link| !link.is_empty() && !link.contains(':')).map(move |link| (index + 1, link))
    })
}

/// The path that a link in a file of `folder` leads to.
fn resolve(folder: &str, link: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let from = if link.starts_with('/') { "" } else { folder };
    for part in from.split('/').chain(link.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Sample services that the samples' README does not mention.
fn unexplained_samples(tree: &Tree) -> Vec<String> {
    let readme = tree.find("samples/README.md").map_or("", |source| source.text.as_str());
    let samples = tree.0.iter().filter_map(|source| source.path.strip_prefix("samples/services/"));
    let unexplained = samples.filter(|name| !readme.contains(name));
    unexplained.map(|name| format!("samples/README.md does not explain {name}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_links_to_files() {
        let text = "[a](b.md) [c](https://example.com) [d](#e) [f](../g.md#h)\n```\n[i](j)\n```\n";
        assert_eq!(links(text).collect::<Vec<_>>(), [(1, "b.md"), (1, "../g.md")]);
    }

    #[test]
    fn resolves_links_from_the_folder_of_the_document() {
        for (folder, link, path) in [
            ("", "docs/a.md", "docs/a.md"),
            ("docs", "a.md", "docs/a.md"),
            ("docs/guide", "../../README.md", "README.md"),
            ("docs", "/README.md", "README.md"),
        ] {
            assert_eq!(resolve(folder, link), path);
        }
    }
}
