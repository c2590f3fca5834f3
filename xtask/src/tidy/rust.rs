//! Rust files: documentation of modules, sizes of files and functions, places of `unsafe`.

use super::{Source, Tree, functions::functions};

/// Lines of a file without its tests. 300 is what we aim at.
const FILE_LINES: usize = 500;

/// Lines of a function. 30 is what we aim at.
const FUNCTION_LINES: usize = 80;

/// Files that may be larger, and why.
const LARGE_FILES: &[(&str, &str)] = &[];

/// Functions that may be longer (`path::name`), and why.
const LONG_FUNCTIONS: &[(&str, &str)] = &[];

/// Where `unsafe` may be, and why.
const UNSAFE: &[(&str, &str)] = &[
    ("runtime/engine/src/memory/", "memory is mapped and reset there, each block with its argument"),
    (
        "sdk-python/interpreter/src/bindings.rs",
        "generated: it lowers values over the boundary of the component",
    ),
    (
        "sdk-python/interpreter/src/allocator/",
        "an allocator is unsafe by its trait; the sandbox holds what it does wrong",
    ),
    (
        "sdk-python/interpreter/src/settle.rs",
        "touches reference counts, which no safe call does; in the sandbox as well",
    ),
    ("tests/guests/", "guests that misbehave on purpose; the sandbox is what holds them"),
];

/// Folders of Rust files that are ours.
const FOLDERS: [&str; 6] = ["cluster/", "runtime/", "sdk-python/", "sdk-rust/", "tests/", "xtask/"];

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let rust = tree
        .with_extension(".rs")
        .filter(|source| FOLDERS.iter().any(|folder| source.path.starts_with(folder)));
    let mut problems: Vec<_> = rust.flat_map(check_file).collect();
    problems.extend(tree.with_extension(".py").filter_map(|source| check_size(source, &source.text)));
    problems
}

fn check_file(source: &Source) -> Vec<String> {
    let production = without_tests(&source.text);
    let mut problems: Vec<_> = check_size(source, production).into_iter().collect();
    // The README of a capability is its documentation as well.
    if !source.text.starts_with("//!") && !source.text.starts_with(super::README_AS_DOCUMENTATION) {
        problems.push(format!("{}: has to start with a line `//!` that says what it is for", source.path));
    }
    problems.extend(check_functions(source, production));
    problems.extend(check_unsafe(source));
    problems
}

fn check_size(source: &Source, production: &str) -> Option<String> {
    let lines = production.lines().count();
    let is_allowed = LARGE_FILES.iter().any(|(path, _)| *path == source.path);
    (lines > FILE_LINES && !is_allowed)
        .then(|| format!("{}: {lines} lines, more than {FILE_LINES}", source.path))
}

fn check_functions(source: &Source, production: &str) -> Vec<String> {
    let long = functions(production).into_iter().filter(|function| {
        let name = format!("{}::{}", source.path, function.name);
        function.lines > FUNCTION_LINES && !LONG_FUNCTIONS.iter().any(|(allowed, _)| *allowed == name)
    });
    long.map(|function| {
        let (path, line) = (&source.path, function.line);
        format!(
            "{path}:{line}: fn {} has {} lines, more than {FUNCTION_LINES}",
            function.name, function.lines
        )
    })
    .collect()
}

fn check_unsafe(source: &Source) -> Vec<String> {
    if UNSAFE.iter().any(|(path, _)| source.path.starts_with(path)) {
        return Vec::new();
    }
    let lines = source.text.lines().enumerate().filter(|(_, line)| uses_unsafe(line));
    lines
        .map(|(number, _)| {
            format!("{}:{}: unsafe code, see tidy/rust.rs for where it may be", source.path, number + 1)
        })
        .collect()
}

/// Whether a line of code has the keyword before something that needs it.
fn uses_unsafe(line: &str) -> bool {
    const KEYWORD: &str = "unsafe";
    let code = line.split("//").next().unwrap_or_default();
    let Some((before, after)) = code.split_once(KEYWORD) else {
        return false;
    };
    let quoted = before.matches('"').count() % 2 == 1;
    let starts_word = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let follows =
        ["{", "fn ", "impl ", "extern ", "trait "].iter().any(|next| after.trim_start().starts_with(next));
    starts_word && !quoted && (follows || after.starts_with('('))
}

/// The file up to its module of tests, which is its last part.
fn without_tests(text: &str) -> &str {
    text.split_once("\n#[cfg(test)]\nmod tests {").map_or(text, |(production, _)| production)
}

#[cfg(test)]
mod tests {
    use super::{super::tree_of, *};

    fn problems(text: &str) -> usize {
        check(&tree_of("runtime/a/src/b.rs", text)).len()
    }

    #[test]
    fn wants_documentation_of_the_module_first() {
        assert_eq!(problems("//! Why.\nmod a;\n"), 0);
        assert_eq!(problems("mod a;\n"), 1);
        assert_eq!(problems("#![doc = include_str!(\"../README.md\")]\nmod a;\n"), 0);
    }

    #[test]
    fn counts_lines_without_tests() {
        let large = "//! Why.\n".to_owned() + &"\n".repeat(FILE_LINES);
        let tested = "//! Why.\n\n#[cfg(test)]\nmod tests {\n".to_owned() + &"\n".repeat(FILE_LINES);
        assert_eq!((problems(&large), problems(&tested)), (1, 0));
    }

    #[test]
    fn limits_functions() {
        let long = format!("//! Why.\nfn a() {{\n{}}}\n", "    b();\n".repeat(FUNCTION_LINES));
        assert_eq!(problems(&long), 1);
    }

    #[test]
    fn finds_unsafe_code_and_not_talk_about_it() {
        for (line, found) in [
            ("let a = unsafe { b() };", true),
            ("unsafe impl Send for A {}", true),
            ("#[unsafe(no_mangle)]", true),
            ("// unsafe { b() }", false),
            ("#![forbid(unsafe_code)]", false),
            (concat!("let a = \"uns", "afe { b() }\";"), false),
        ] {
            assert_eq!(uses_unsafe(line), found, "{line}");
        }
    }

    #[test]
    fn allows_unsafe_where_memory_is_mapped() {
        let text = "//! Why.\nfn a() { unsafe { b() } }\n";
        assert_eq!(check(&tree_of("runtime/engine/src/memory/slot.rs", text)).len(), 0);
        assert_eq!(problems(text), 1);
    }
}
