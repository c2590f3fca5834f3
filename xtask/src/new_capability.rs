//! The task `new-capability`: a capability that compiles, passes the suite and speaks a small protocol of lines, to begin with.

use crate::{context::Context, shell};
use anyhow::{Context as _, Result, bail, ensure};
use std::{fs, path::Path};

/// The list of capabilities, and where a line of it goes.
const LIST: &str = "runtime/capabilities/all/src/lib.rs";
const LIST_MANIFEST: &str = "runtime/capabilities/all/Cargo.toml";
const WORLD: &str = "wit/service.wit";
const WORKSPACE: &str = "Cargo.toml";
const RUST: &str = "sdk-rust/caisson/src";

/// Names that would be taken for something else.
const TAKEN: [&str; 4] = ["all", "caisson", "service", "types"];

/// Files and what is in them. In both, `__name__`, `__Name__` and `__NAME__` stand for the name.
const FILES: [(&str, &str); 13] = [
    ("runtime/capabilities/__name__/Cargo.toml", include_str!("../new-capability/Cargo.toml")),
    ("runtime/capabilities/__name__/README.md", include_str!("../new-capability/README.md")),
    ("runtime/capabilities/__name__/sample.yaml", include_str!("../new-capability/sample.yaml")),
    ("runtime/capabilities/__name__/src/lib.rs", include_str!("../new-capability/src/lib.rs")),
    ("runtime/capabilities/__name__/src/config.rs", include_str!("../new-capability/src/config.rs")),
    ("runtime/capabilities/__name__/src/client.rs", include_str!("../new-capability/src/client.rs")),
    ("runtime/capabilities/__name__/src/host.rs", include_str!("../new-capability/src/host.rs")),
    ("runtime/capabilities/__name__/src/error.rs", include_str!("../new-capability/src/error.rs")),
    ("runtime/capabilities/__name__/tests/all/main.rs", include_str!("../new-capability/tests/all/main.rs")),
    (
        "runtime/capabilities/__name__/tests/all/conformance.rs",
        include_str!("../new-capability/tests/all/conformance.rs"),
    ),
    ("wit/deps/__name__/__name__.wit", include_str!("../new-capability/__name__.wit")),
    ("sdk-python/caisson/__name__.py", include_str!("../new-capability/__name__.py")),
    ("sdk-rust/caisson/src/__name__.rs", include_str!("../new-capability/sdk.rs")),
];

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Its name, which is the `type` of connections: lower case letters and digits
    name: String,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<()> {
    for path in write(&context.root, &options.name)? {
        println!("{path}");
    }
    let name = &options.name;
    shell::say(&format!(
        "capability {name}: `cargo test -p caisson-{name}` passes as it is; put your protocol in its place. Then write what \
         services see: sdk-python/interpreter/src/modules/{name}.rs (`_caisson_{name}`) and sdk-rust/caisson/src/host"
    ));
    Ok(())
}

/// Writes a new capability into a checkout. Gives the paths of what was written or changed. Nothing is written unless all of it can be.
fn write(root: &Path, name: &str) -> Result<Vec<String>> {
    check(root, name)?;
    let mut changes = vec![edit(root, WORKSPACE, |text| in_workspace(text, name))?];
    changes.push(edit(root, WORLD, |text| in_world(text, name))?);
    if root.join(LIST).exists() {
        changes.push(edit(root, LIST, |text| in_list(text, name))?);
        changes.push(edit(root, LIST_MANIFEST, |text| in_list_manifest(text, name))?);
    }
    let rust = root.join(RUST).exists();
    if rust {
        changes.push(edit(root, &format!("{RUST}/lib.rs"), |text| in_rust(text, name))?);
    }
    for (path, text) in FILES {
        if rust || !path.starts_with(RUST) {
            changes.push((named(path, name), named(text, name)));
        }
    }
    for (path, text) in &changes {
        let file = root.join(path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        fs::write(&file, text).with_context(|| format!("cannot write {path}"))?;
    }
    Ok(changes.into_iter().map(|(path, _)| path).collect())
}

fn check(root: &Path, name: &str) -> Result<()> {
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && (2..=20).contains(&name.len());
    ensure!(
        is_name,
        "`{name}` is no name of a capability: 2 to 20 lower case letters and digits, a letter first"
    );
    ensure!(!TAKEN.contains(&name), "`{name}` is taken for something else");
    for (path, _) in FILES {
        let path = named(path, name);
        ensure!(!root.join(&path).exists(), "{path} exists already: choose another name");
    }
    let manifest = fs::read_to_string(root.join(WORKSPACE)).context("cannot read Cargo.toml")?;
    ensure!(!manifest.contains(&format!("caisson-{name} =")), "there is a crate caisson-{name} already");
    Ok(())
}

fn named(text: &str, name: &str) -> String {
    let text = text.replace("__NAME__", &name.to_uppercase());
    text.replace("__Name__", &type_name(name)).replace("__name__", name)
}

fn type_name(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_uppercase() + rest
}

/// A file as it will be.
fn edit(root: &Path, path: &str, change: impl FnOnce(&str) -> Result<String>) -> Result<(String, String)> {
    let text = fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"))?;
    Ok((path.to_owned(), change(&text).with_context(|| format!("cannot change {path}"))?))
}

fn in_workspace(text: &str, name: &str) -> Result<String> {
    let line = format!("caisson-{name} = {{ path = \"runtime/capabilities/{name}\" }}");
    insert(text, name, &line, |line| line.strip_prefix("caisson-")?.split_once(" = ").map(|(name, _)| name))
}

fn in_world(text: &str, name: &str) -> Result<String> {
    let line = format!("  import caisson:{name}/client@0.1.0;");
    insert(text, name, &line, |line| {
        line.trim().strip_prefix("import caisson:")?.split_once('/').map(|(name, _)| name)
    })
}

fn in_rust(text: &str, name: &str) -> Result<String> {
    insert(text, name, &format!("pub mod {name};"), |line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
}

fn in_list_manifest(text: &str, name: &str) -> Result<String> {
    let line = format!("caisson-{name}.workspace = true");
    insert(text, name, &line, |line| line.strip_prefix("caisson-")?.strip_suffix(".workspace = true"))
}

/// A line in `catalog` and one in `links`, each like those that are there.
fn in_list(text: &str, name: &str) -> Result<String> {
    let mut text = text.to_owned();
    for function in ["catalog", "links"] {
        let start = text
            .find(&format!("fn {function}"))
            .with_context(|| format!("it has no function `{function}`"))?;
        let (before, from) = text.split_at(start);
        let end = from.find("\n}").map_or(from.len(), |end| end + 1);
        let (body, after) = from.split_at(end);
        let of = |line: &str| Some(line.split_once("caisson_")?.1.split_once("::")?.0.to_owned());
        let is_one = |line: &&str| {
            line.starts_with(' ') && of(line).is_some_and(|name| name != "host" && name != "capability")
        };
        let like = body.lines().find(is_one).with_context(|| format!("`{function}` names no capability"))?;
        let other = of(like).unwrap_or_default();
        let line = like
            .replace(&format!("caisson_{other}::"), &format!("caisson_{name}::"))
            .replace(&format!("::{}", type_name(&other)), &format!("::{}", type_name(name)))
            .replace(&format!("\"{other}\""), &format!("\"{name}\""));
        let body = insert(body, name, &line, |line| {
            let (_, rest) = line.split_once("caisson_").filter(|_| line.starts_with(' '))?;
            rest.split_once("::")
                .map(|(name, _)| name)
                .filter(|name| *name != "host" && *name != "capability")
        })?;
        text = format!("{before}{body}{after}");
    }
    Ok(text)
}

/// Puts a line among those that have names, in the order of the alphabet.
fn insert(text: &str, name: &str, line: &str, name_of: impl Fn(&str) -> Option<&str>) -> Result<String> {
    let lines: Vec<&str> = text.lines().collect();
    let named = || lines.iter().enumerate().filter_map(|(number, line)| Some((number, name_of(line)?)));
    let after = named().take_while(|(_, other)| *other < name).last().map(|(number, _)| number + 1);
    let Some(place) = after.or_else(|| named().next().map(|(number, _)| number)) else {
        bail!("it has no line like `{}`", line.trim());
    };
    let (before, rest) = lines.split_at(place);
    let all: Vec<&str> = before.iter().copied().chain([line]).chain(rest.iter().copied()).collect();
    Ok(all.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// A folder with what a new capability is written into; gone with the value.
    struct Checkout(PathBuf);

    impl Drop for Checkout {
        fn drop(&mut self) {
            // What is left of a test in the temporary folder is no failure.
            drop(fs::remove_dir_all(&self.0));
        }
    }

    const BEFORE: [(&str, &str); 5] = [
        (
            WORKSPACE,
            "[workspace.dependencies]\ncaisson-admin = { path = \"a\" }\ncaisson-host = { path = \"h\" }\n\n[profile.dev]\n",
        ),
        (
            WORLD,
            "world service {\n  import log;\n  import caisson:http/client@0.1.0;\n  import caisson:sql/client@0.1.0;\n  export handler;\n}\n",
        ),
        (
            LIST,
            "use caisson_capability::Catalog;\n\npub fn catalog() -> Catalog {\n    Catalog::new(vec![\n        \
             Arc::new(caisson_http::Http),\n        Arc::new(caisson_sql::Sql),\n    ])\n}\n\n\
             pub fn links<T>() -> Vec<caisson_host::Link<T>> {\n    vec![\n        caisson_http::link,\n        caisson_sql::link,\n    ]\n}\n",
        ),
        (
            LIST_MANIFEST,
            "[dependencies]\ncaisson-capability.workspace = true\ncaisson-http.workspace = true\ncaisson-sql.workspace = true\n",
        ),
        ("sdk-rust/caisson/src/lib.rs", "mod call;\npub mod http;\nmod query;\npub mod sql;\n"),
    ];

    fn checkout(test: &str, leave_out: &[&str]) -> Checkout {
        let root = std::env::temp_dir().join(format!("caisson-{test}-{}", std::process::id()));
        for (path, text) in BEFORE.iter().filter(|(path, _)| !leave_out.contains(path)) {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), text).unwrap();
        }
        Checkout(root)
    }

    fn read(checkout: &Checkout, path: &str) -> String {
        fs::read_to_string(checkout.0.join(path)).unwrap()
    }

    #[test]
    fn a_new_capability_is_in_all_places_and_in_order() {
        let checkout = checkout("places", &[]);
        let written = write(&checkout.0, "ledger").unwrap();
        assert_eq!(written.len(), FILES.len() + BEFORE.len());
        for path in &written {
            let text = read(&checkout, path);
            assert!(!text.to_lowercase().contains("__name__") && text.ends_with('\n'), "{path}:\n{text}");
        }
        for (path, lines) in [
            (WORKSPACE, "\"h\" }\ncaisson-ledger = { path = \"runtime/capabilities/ledger\" }\n\n"),
            (WORLD, "http/client@0.1.0;\n  import caisson:ledger/client@0.1.0;\n  import caisson:sql"),
            (
                LIST,
                "Arc::new(caisson_http::Http),\n        Arc::new(caisson_ledger::Ledger),\n        Arc::new(caisson_sql",
            ),
            (LIST, "caisson_http::link,\n        caisson_ledger::link,\n        caisson_sql::link"),
            (LIST_MANIFEST, "caisson-http.workspace = true\ncaisson-ledger.workspace = true\ncaisson-sql"),
            ("sdk-rust/caisson/src/lib.rs", "pub mod http;\npub mod ledger;\nmod query;\n"),
            ("runtime/capabilities/ledger/tests/all/conformance.rs", "caisson_conformance::suite!"),
            ("runtime/capabilities/ledger/tests/all/main.rs", "mod conformance;"),
            ("runtime/capabilities/ledger/sample.yaml", "type: ledger"),
            ("wit/deps/ledger/ledger.wit", "package caisson:ledger@0.1.0;"),
            ("sdk-python/caisson/ledger.py", "import _caisson_ledger\n"),
        ] {
            let text = read(&checkout, path);
            assert!(text.contains(lines), "{path}:\n{text}");
        }
    }

    #[test]
    fn the_first_and_the_last_of_the_alphabet_have_their_places() {
        let checkout = checkout("ends", &[]);
        write(&checkout.0, "amqp").unwrap();
        write(&checkout.0, "zip").unwrap();
        let world = read(&checkout, WORLD);
        let names: Vec<_> =
            world.lines().filter_map(|line| line.trim().strip_prefix("import caisson:")).collect();
        assert_eq!(
            names,
            ["amqp/client@0.1.0;", "http/client@0.1.0;", "sql/client@0.1.0;", "zip/client@0.1.0;"]
        );
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        let checkout = checkout("absent", &[LIST, LIST_MANIFEST, "sdk-rust/caisson/src/lib.rs"]);
        let written = write(&checkout.0, "ledger").unwrap();
        assert!(
            written
                .iter()
                .all(|path| !path.starts_with("sdk-rust") && !path.starts_with("runtime/capabilities/all/")),
            "{written:?}"
        );
    }

    #[test]
    fn nothing_is_written_when_a_name_is_no_name_or_taken() {
        let checkout = checkout("names", &[]);
        for (name, told) in [
            ("", "no name"),
            ("Ledger", "no name"),
            ("my-ledger", "no name"),
            ("../x", "no name"),
            ("1st", "no name"),
            ("all", "taken"),
            ("host", "already"),
        ] {
            let error = write(&checkout.0, name).unwrap_err().to_string();
            assert!(error.contains(told), "{name}: {error}");
        }
        write(&checkout.0, "ledger").unwrap();
        let error = write(&checkout.0, "ledger").unwrap_err().to_string();
        assert!(error.contains("exists already"), "{error}");
        for (path, text) in BEFORE.iter().filter(|(path, _)| *path == LIST) {
            fs::write(checkout.0.join(path), text.replace("caisson_", "other_")).unwrap();
        }
        assert!(write(&checkout.0, "other").is_err());
        assert!(!checkout.0.join("runtime/capabilities/other").exists());
    }
}
