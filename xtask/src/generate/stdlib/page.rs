//! The page, from what was measured and what is said about it.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value};
use std::fmt::Write as _;

const HEAD: &str = "# The standard library inside the sandbox

Made by `cargo xtask gen stdlib`; do not edit. Python services run on RustPython, so what the standard library does there is
measured and not promised: CPython's own tests run in the sandbox, and this page counts what came of them. The names of all tests that fail, with the reason, are in
[stdlib.json](stdlib.json); why they fail, in words, is said below.
";

const COLUMNS: &str = "
* *works*: no test fails.
* *differs*: some do, and the last column says at what. What it does not name passes the tests.
* *not known*: none of its tests can run here: they want the outside, or skip themselves, or what the last column says.
* *not measured*: the tests are known to the task, and have not been run to their end yet.
* *passed* counts tests; *want the outside* are those that need files, processes, threads, sockets or signals, which no service
  has; *skipped* are those that skip themselves, or test what only CPython has inside.

| module | | passed | failed | want the outside | skipped | what differs |
|---|---|---:|---:|---:|---:|---|
";

const PACKAGES: &str = "
## Packages that were tried

Pure Python from PyPI, as wheels in the folder `vendor/` of a package, unchanged. A test deploys each and compares its answers with
those under CPython (`tests/vendored`).

| package | works | what was tried | what was done for it |
|---|---|---|---|
";

/// Makes the page. `data` is what was measured, `notes` the list of modules.
pub(super) fn render(data: &Value, notes: &Value) -> Result<String> {
    let mut page = HEAD.to_owned();
    let text = |key: &str| data[key].as_str().with_context(|| format!("the data has no `{key}`"));
    writeln!(
        page,
        "\nThe interpreter says that it is Python {}; the tests are those of CPython {}. Measured {}.\n\n## Tested modules",
        text("python")?,
        text("tests_of")?,
        text("measured")?
    )?;
    page += COLUMNS;
    let modules = notes["modules"].as_array().context("the list has no `modules`")?;
    for note in modules {
        page += &tested(note, data)?;
    }
    imports(&mut page, data, notes)?;
    packages(&mut page, notes)?;
    Ok(page)
}

/// The line of a module.
fn tested(note: &Value, data: &Value) -> Result<String> {
    let name = note["name"].as_str().context("a module has no name")?;
    let found = data.get("modules").and_then(|modules| modules.get(name)).unwrap_or(&Value::Null);
    let Some(failed) = found["failed"].as_object() else {
        return Ok(format!("| `{name}` | not measured | | | | | |\n"));
    };
    let differs = note["differs"].as_str().unwrap_or_default();
    ensure!(
        failed.is_empty() == differs.is_empty(),
        "{name}: {} tests fail, but its `differs` in the list of modules says {differs:?}",
        failed.len()
    );
    let count = |key: &str| found[key].as_u64().unwrap_or_default();
    let state = match (count("passed"), failed.is_empty()) {
        (0, _) => "not known",
        (_, true) => "works",
        (_, false) => "differs",
    };
    Ok(format!(
        "| `{name}` | {state} | {} | {} | {} | {} | {differs} |\n",
        count("passed"),
        failed.len(),
        count("outside"),
        count("skipped")
    ))
}

/// What can be imported, what cannot, and what is of no use though it can.
fn imports(page: &mut String, data: &Value, notes: &Value) -> Result<()> {
    let imports = data["imports"].as_object().context("the data has no `imports`")?;
    let instead = notes["instead"].as_object().context("the list has no `instead`")?;
    *page += "\n## Every module\n\nThese can be imported:\n\n";
    let names = |imported: bool| {
        imports.iter().filter(move |(name, error)| error.is_null() == imported && !name.starts_with('_'))
    };
    let listed: Vec<_> = names(true).map(|(name, _)| format!("`{name}`")).collect();
    writeln!(page, "{}.\n\nThese cannot:\n\n| module | why | instead |\n|---|---|---|", wrapped(&listed))?;
    for (name, error) in names(false) {
        writeln!(
            page,
            "| `{name}` | {} | {} |",
            cell(error),
            cell(instead.get(name).unwrap_or(&Value::Null))
        )?;
    }
    *page += "\nThese can be imported, and then have nothing to work with:\n\n| module | what is missing, and what to use |\n|---|---|\n";
    for (name, use_this) in useless(imports, instead) {
        writeln!(page, "| `{name}` | {} |", cell(use_this))?;
    }
    Ok(())
}

fn useless<'a>(
    imports: &'a Map<String, Value>,
    instead: &'a Map<String, Value>,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    instead.iter().filter(move |(name, _)| imports.get(*name).is_none_or(Value::is_null))
}

/// Packages of others.
fn packages(page: &mut String, notes: &Value) -> Result<()> {
    *page += PACKAGES;
    for package in notes["packages"].as_array().context("the list has no `packages`")? {
        let text = |key: &str| cell(&package[key]);
        writeln!(
            page,
            "| {} {} | {} | {} | {} |",
            text("name"),
            text("version"),
            text("works"),
            text("tried"),
            text("done")
        )?;
    }
    if let Some(text) = notes["compiled"].as_str() {
        writeln!(page, "\n{text}")?;
    }
    Ok(())
}

/// Text that can stand in a table.
fn cell(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('|', "\\|").replace('\n', " ")
}

/// Words in lines of a readable length.
fn wrapped(words: &[String]) -> String {
    let mut lines = vec![String::new()];
    for (index, word) in words.iter().enumerate() {
        let comma = if index + 1 < words.len() { "," } else { "" };
        match lines.last_mut() {
            Some(line) if line.is_empty() => *line = format!("{word}{comma}"),
            Some(line) if line.len() + word.len() < 120 => *line += &format!(" {word}{comma}"),
            _ => lines.push(format!("{word}{comma}")),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn data(failed: Value) -> Value {
        json!({"python": "3.14.0", "tests_of": "3.14.8", "measured": "here", "imports": {"json": null, "tkinter": "ImportError: no"},
               "modules": {"json": {"passed": 3, "outside": 1, "skipped": 2, "failed": failed}}})
    }

    fn notes(differs: &str) -> Value {
        json!({"modules": [{"name": "json", "differs": differs}], "instead": {"tkinter": "a browser"}, "packages": []})
    }

    #[test]
    fn counts_and_says_what_differs() {
        let page = render(&data(json!({"a": "b"})), &notes("at a")).unwrap();
        assert!(page.contains("| `json` | differs | 3 | 1 | 1 | 2 | at a |"), "{page}");
        assert!(page.contains("| `tkinter` | ImportError: no | a browser |"), "{page}");
        let page = render(&data(json!({})), &notes("")).unwrap();
        assert!(page.contains("| `json` | works | 3 | 0 | 1 | 2 |  |"), "{page}");
    }

    #[test]
    fn what_differs_is_said_when_a_test_fails_and_only_then() {
        assert!(render(&data(json!({})), &notes("at a")).is_err());
        assert!(render(&data(json!({"a": "b"})), &notes("")).is_err());
    }

    #[test]
    fn a_module_that_was_not_measured_is_called_so() {
        let mut data = data(json!({}));
        data["modules"] = json!({});
        let page = render(&data, &notes("")).unwrap();
        assert!(page.contains("| `json` | not measured |"), "{page}");
    }
}
