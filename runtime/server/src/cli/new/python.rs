//! A first package of services in Python, with its tests.

use super::{Args, write_new};
use crate::exit::{Exit, usage};
use crate::output::Output;
use anyhow::Context as _;
use serde_json::json;
use std::path::Path;

/// The package as it is written, but for its name: a package of its own, which is type-checked as it stands.
const TEMPLATE: [(&str, &str); 6] = [
    ("service.toml", include_str!("python/first_service/service.toml")),
    ("README.md", include_str!("python/first_service/README.md")),
    ("__init__.py", include_str!("python/first_service/__init__.py")),
    ("api.py", include_str!("python/first_service/api.py")),
    ("tests/__init__.py", include_str!("python/first_service/tests/__init__.py")),
    ("tests/test_api.py", include_str!("python/first_service/tests/test_api.py")),
];

/// Names that Python keeps for itself and that are likely to be tried.
const PYTHON_KEYWORDS: &[&str] = &[
    "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else",
    "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not",
    "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Modules that a service of the same name would hide from itself.
const TAKEN_MODULES: &[&str] =
    &["caisson", "zato", "json", "logging", "datetime", "re", "os", "sys", "io", "typing"];

/// Carries it out.
///
/// # Errors
///
/// A name that cannot be a package's, a folder that exists or cannot be written to.
pub(super) fn run(args: &Args, output: Output) -> anyhow::Result<Exit> {
    check_name(&args.name)?;
    let service = format!("{}.{}", args.name.replace('_', "-"), dashed(&args.name));
    let folder = args.dir.join(&args.name);
    if folder.exists() {
        anyhow::bail!("{} exists and is left as it is: choose another name or --dir", folder.display());
    }
    write(&folder, &args.name, &service)?;
    if output.wants_json() {
        output.json(&json!({"path": folder, "service": service}));
        return Ok(Exit::Ok);
    }
    let dir = args.dir.display();
    output.line(format!("Wrote {} with the service {}", folder.display(), output.bold(&service)));
    output.line("");
    output.line("Next:");
    output.line(format!("  caisson test {}", folder.display()));
    output.line(format!("  caisson serve --dev --services {dir}"));
    output.line(format!("  curl 'http://127.0.0.1:17010/services/{service}?name=Ada'"));
    output.line("");
    output.line("Edit api.py while the server runs: the new version answers as soon as it is saved.");
    Ok(Exit::Ok)
}

/// Writes the package under a hidden name first, and then renames it: a server that follows the folder sees all of it or nothing.
fn write(folder: &Path, name: &str, service: &str) -> anyhow::Result<()> {
    let partial = folder.with_file_name(format!(".{name}.new"));
    let class = class_name(name);
    for (path, text) in TEMPLATE {
        let text = text
            .replace("first-service.first-service", service)
            .replace(
                "first-service.api.first-service",
                &format!("{}.api.{}", name.replace('_', "-"), dashed(name)),
            )
            .replace("FirstService", &class)
            .replace("first_service", name);
        write_new(&partial.join(path), &text)?;
    }
    std::fs::rename(&partial, folder).with_context(|| format!("{} cannot be written", folder.display()))
}

fn check_name(name: &str) -> anyhow::Result<()> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase());
    let rest_is_good = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !starts_well || !rest_is_good || name.ends_with('_') {
        let better = suggestion(name);
        return Err(usage(format!(
            "{name:?} cannot be the name of a Python module: use lower case letters, digits and _, for example {better}"
        )));
    }
    if PYTHON_KEYWORDS.contains(&name) || TAKEN_MODULES.contains(&name) {
        return Err(usage(format!(
            "{name:?} is already a word of Python or one of its modules: choose another name, for example {name}_service"
        )));
    }
    Ok(())
}

/// What the user probably meant.
fn suggestion(name: &str) -> String {
    let file = name.strip_suffix(".py").unwrap_or(name);
    let kept = file.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    let text: String = kept.collect();
    let trimmed = text.trim_matches('_').trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
    if trimmed.is_empty() { "orders".to_owned() } else { trimmed.to_owned() }
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split('_').filter(|word| !word.is_empty())
}

/// `crm_sync` becomes `CrmSync`.
fn class_name(name: &str) -> String {
    let capitalised = words(name).map(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    });
    capitalised.collect()
}

/// The class name as it stands in a service name: a word that starts with a digit is no word of its own there.
fn dashed(name: &str) -> String {
    let mut text = String::new();
    for word in words(name) {
        if !text.is_empty() && !word.starts_with(|c: char| c.is_ascii_digit()) {
            text.push('-');
        }
        text.push_str(word);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_classes_and_services() {
        assert_eq!((class_name("hello").as_str(), dashed("hello").as_str()), ("Hello", "hello"));
        assert_eq!((class_name("crm_sync").as_str(), dashed("crm_sync").as_str()), ("CrmSync", "crm-sync"));
        assert_eq!((class_name("sync_2").as_str(), dashed("sync_2").as_str()), ("Sync2", "sync2"));
    }

    #[test]
    fn nothing_of_the_template_s_name_is_left() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("crm_sync");
        write(&folder, "crm_sync", "crm-sync.crm-sync").unwrap();
        for (path, _) in TEMPLATE {
            let text = std::fs::read_to_string(folder.join(path)).unwrap();
            assert!(!text.to_lowercase().contains("first"), "{path}: {text}");
        }
        let api = std::fs::read_to_string(folder.join("api.py")).unwrap();
        assert!(
            api.contains("class CrmSync(Service)") && api.contains("name = 'crm-sync.crm-sync'"),
            "{api}"
        );
        let test = std::fs::read_to_string(folder.join("tests/test_api.py")).unwrap();
        assert!(test.contains("from crm_sync.api import CrmSync"), "{test}");
    }

    #[test]
    fn a_bad_name_brings_a_good_one() {
        for (bad, good) in [
            ("My-Service", "my_service"),
            ("hello.py", "hello"),
            ("2fast", "fast"),
            ("../x", "x"),
            ("", "orders"),
        ] {
            let text = check_name(bad).unwrap_err().to_string();
            assert!(text.ends_with(&format!("for example {good}")), "{text}");
        }
        assert!(check_name("class").unwrap_err().to_string().contains("class_service"));
        assert!(check_name("hello_2").is_ok());
    }
}
