//! A capability is in several places: its folder, the list, the contract and the SDKs. This holds that it is in all of them, and that
//! its tests have the suite that all capabilities pass.

use super::Tree;
use std::collections::BTreeSet;

const FOLDER: &str = "runtime/capabilities/";
const LIST: &str = "runtime/capabilities/all/src/lib.rs";
const WORLD: &str = "wit/service.wit";
const CONTRACTS: &str = "wit/deps/";
const PYTHON: &str = "sdk-python/caisson/";
const RUST: &str = "sdk-rust/caisson/src/";

/// What the tests of a capability have in `tests/all/conformance.rs` and `main.rs`.
const SUITE: &str = "caisson_conformance::suite!(";
const MODULE: &str = "mod conformance;";

/// What is in `wit/deps` and no capability: the types that all share.
const SHARED: &str = "capability";

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let folders = folders(tree);
    let list = listed(tree);
    let mut problems = Vec::new();
    let mut known = folders.clone();
    for (place, names) in [(LIST, &list), (WORLD, &imports(tree)), (CONTRACTS, &contracts(tree))] {
        known.extend(names.iter().cloned());
        let lacks = folders.difference(names);
        problems
            .extend(lacks.map(|name| format!("{place}: lacks the capability {name}, which is in {FOLDER}")));
        let extra = names.difference(&folders);
        problems.extend(extra.map(|name| format!("{place}: has {name}, which is no folder of {FOLDER}")));
    }
    for name in &known {
        for module in [format!("{PYTHON}{name}.py"), format!("{RUST}{name}.rs")] {
            // A module that outgrew its file is a folder.
            let folder = format!("{}/", module.rsplit_once('.').map_or("", |(path, _)| path));
            let is_there =
                tree.0.iter().any(|source| source.path == module || source.path.starts_with(&folder));
            if !is_there {
                problems.push(format!(
                    "{module} is missing: the module by which services use the capability {name}"
                ));
            }
        }
    }
    problems.extend(folders.iter().filter_map(|name| without_suite(tree, name)));
    problems
}

/// What a capability's tests lack of the suite. A module that nobody names is not compiled, and nobody would miss it.
fn without_suite(tree: &Tree, name: &str) -> Option<String> {
    let tests = format!("{FOLDER}{name}/tests/all/");
    let has = |file: &str, line: &str| {
        let source = tree.find(&format!("{tests}{file}"));
        source.is_some_and(|source| source.text.lines().any(|text| text.trim_start().starts_with(line)))
    };
    if !has("conformance.rs", SUITE) {
        return Some(format!("{tests}conformance.rs: lacks `{SUITE}Type);`, which every capability passes"));
    }
    (!has("main.rs", MODULE)).then(|| format!("{tests}main.rs: lacks `{MODULE}`: the suite is not compiled"))
}

fn folders(tree: &Tree) -> BTreeSet<String> {
    let all = parts_after(tree, FOLDER);
    all.into_iter().filter(|name| name != "all").collect()
}

fn contracts(tree: &Tree) -> BTreeSet<String> {
    let all = parts_after(tree, CONTRACTS);
    all.into_iter().filter(|name| name != SHARED).collect()
}

/// The folders directly below one.
fn parts_after(tree: &Tree, folder: &str) -> BTreeSet<String> {
    let below = tree.0.iter().filter_map(|source| source.path.strip_prefix(folder)?.split_once('/'));
    below.map(|(name, _)| name.to_owned()).collect()
}

/// Capabilities that the list names for operators (`catalog`) and for guests (`links`). One that is in a half is in none.
fn listed(tree: &Tree) -> BTreeSet<String> {
    let text = tree.find(LIST).map_or("", |source| source.text.as_str());
    let crates = |function: &str| -> BTreeSet<String> {
        let body = text.split_once(&format!("fn {function}")).map_or("", |(_, rest)| rest);
        let body = body.split_once("\n}").map_or(body, |(body, _)| body);
        let paths = body.split("caisson_").skip(1).filter_map(|rest| rest.split_once("::"));
        paths.map(|(name, _)| name.to_owned()).filter(|name| name != "host" && name != SHARED).collect()
    };
    crates("catalog").intersection(&crates("links")).cloned().collect()
}

fn imports(tree: &Tree) -> BTreeSet<String> {
    let text = tree.find(WORLD).map_or("", |source| source.text.as_str());
    let imports =
        text.lines().filter_map(|line| line.trim().strip_prefix("import caisson:")?.split_once('/'));
    imports.map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::Source, *};

    const FILES: &[(&str, &str)] = &[
        ("runtime/capabilities/all/Cargo.toml", ""),
        (
            LIST,
            "fn catalog() {\n    Catalog::new(vec![\n        Arc::new(caisson_http::Http),\n        \
             Arc::new(caisson_sql::Sql),\n    ])\n}\n\
             fn links() -> caisson_host::Link {\n    caisson_http::link,\n    caisson_sql::link,\n}\n",
        ),
        ("runtime/capabilities/http/src/lib.rs", ""),
        ("runtime/capabilities/sql/src/lib.rs", ""),
        ("runtime/capabilities/http/tests/all/conformance.rs", "caisson_conformance::suite!(Echo);\n"),
        ("runtime/capabilities/http/tests/all/main.rs", "mod conformance;\n"),
        ("runtime/capabilities/sql/tests/all/conformance.rs", "caisson_conformance::suite!(Postgres);\n"),
        ("runtime/capabilities/sql/tests/all/main.rs", "mod conformance;\n"),
        (
            WORLD,
            "world service {\n  import log;\n  import caisson:http/client@0.1.0;\n  import caisson:sql/client@0.1.0;\n}\n",
        ),
        ("wit/deps/capability/capability.wit", ""),
        ("wit/deps/http/http.wit", ""),
        ("wit/deps/sql/sql.wit", ""),
        ("sdk-python/caisson/http.py", ""),
        ("sdk-python/caisson/sql.py", ""),
        ("sdk-rust/caisson/src/http.rs", ""),
        ("sdk-rust/caisson/src/sql/rows.rs", ""),
    ];

    fn tree(change: impl Fn(&str, &str) -> Option<String>) -> Tree {
        let sources = FILES
            .iter()
            .filter_map(|(path, text)| Some(Source { path: (*path).to_owned(), text: change(path, text)? }));
        Tree(sources.collect())
    }

    #[test]
    fn a_capability_that_is_in_all_places_is_tidy() {
        assert_eq!(check(&tree(|_, text| Some(text.to_owned()))), Vec::<String>::new());
    }

    #[test]
    fn says_what_is_missing_where() {
        for (at, lost, told) in [
            (LIST, "        Arc::new(caisson_sql::Sql),\n", "all/src/lib.rs: lacks the capability sql"),
            (LIST, "    caisson_sql::link,\n", "all/src/lib.rs: lacks the capability sql"),
            (WORLD, "  import caisson:sql/client@0.1.0;\n", "wit/service.wit: lacks the capability sql"),
            ("runtime/capabilities/sql/tests/all/conformance.rs", "", "sql/tests/all/conformance.rs: lacks"),
            (
                "runtime/capabilities/sql/tests/all/conformance.rs",
                "caisson_conformance::suite!",
                "sql/tests/all/conformance.rs: lacks",
            ),
            (
                "runtime/capabilities/sql/tests/all/main.rs",
                "mod conformance;\n",
                "sql/tests/all/main.rs: lacks",
            ),
            ("wit/deps/sql/sql.wit", "", "wit/deps/: lacks the capability sql"),
            ("sdk-python/caisson/sql.py", "", "sdk-python/caisson/sql.py is missing"),
            ("sdk-rust/caisson/src/sql/rows.rs", "", "sdk-rust/caisson/src/sql.rs is missing"),
        ] {
            let problems = check(&tree(|path, text| match (path == at, lost.is_empty()) {
                (true, true) => None,
                (true, false) => Some(text.replace(lost, "")),
                (false, _) => Some(text.to_owned()),
            }));
            assert!(matches!(problems.as_slice(), [problem] if problem.contains(told)), "{at}: {problems:?}");
        }
    }

    #[test]
    fn says_what_has_no_folder() {
        let problems = check(&tree(|path, text| {
            (!path.starts_with("runtime/capabilities/sql/")).then(|| text.to_owned())
        }));
        let expected =
            [LIST, WORLD, CONTRACTS].map(|place| format!("{place}: has sql, which is no folder of {FOLDER}"));
        assert_eq!(problems, expected);
    }
}
