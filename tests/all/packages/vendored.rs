//! Packages of PyPI in `vendor/`, unchanged, doing real work in the sandbox: the answers are those of CPython.
//!
//! The services are in `tests/vendored`; what they answer under CPython 3.13 with the same wheels is in `expected.json` there. `xtask`
//! downloads the wheels.

use crate::harness::{Server, Setup, from_environment};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Packages with the wheels that they bring along.
const CASES: [(&str, &[&str]); 13] = [
    ("templates", &["jinja2", "markupsafe"]),
    ("models", &["pydantic", "typing_extensions"]),
    ("classes", &["attrs"]),
    ("dates", &["python_dateutil", "tzdata"]),
    ("yaml_files", &["pyyaml"]),
    ("round_trip", &["ruamel_yaml"]),
    ("queries", &["jmespath"]),
    ("xml_dicts", &["xmltodict"]),
    ("tables", &["tabulate", "chevron", "more_itertools", "python_slugify", "text_unidecode"]),
    ("tokens", &["pyjwt"]),
    ("schemas", &["jsonschema", "attrs", "pyrsistent"]),
    ("marshalling", &["marshmallow"]),
    ("calendars", &["icalendar", "python_dateutil", "tzdata"]),
];

/// The folder of services.
fn services() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vendored")
}

/// The wheel of a distribution.
fn wheel(name: &str) -> (String, Vec<u8>) {
    let folder = from_environment("CAISSON_WHEELS");
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let file = files.into_iter().find(|path| file_name(path).starts_with(&format!("{name}-"))).unwrap();
    (file_name(&file).to_owned(), std::fs::read(&file).unwrap())
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// A server with a package for the case.
async fn deployed(case: &str, wheels: &[&str]) -> Server {
    let code = std::fs::read(services().join(format!("{case}.py"))).unwrap();
    let mut setup = Setup::new().file(&format!("shop/{case}.py"), code);
    for (name, content) in wheels.iter().map(|name| wheel(name)) {
        setup = setup.file(&format!("shop/vendor/{name}"), content);
    }
    setup.start().await
}

/// What differs from the answer under CPython.
async fn differences(case: &str, wheels: &[&str], expected: &Value) -> Vec<String> {
    let server = deployed(case, wheels).await;
    let answer = server.get(&format!("shop.{}.work", case.replace('_', "-"))).await;
    if answer.status != 200 {
        return vec![format!(
            "{case}: {} {}; the log ends with {}",
            answer.status,
            answer.text(),
            tail(&server)
        )];
    }
    let (found, expected) = (answer.json(), expected.as_object().unwrap());
    assert_eq!(found.as_object().unwrap().len(), expected.len(), "{case}: {found}");
    let wrong = expected.iter().filter(|(key, value)| found[key.as_str()] != **value);
    wrong.map(|(key, value)| format!("{case}.{key}: {} and not {value}", found[key.as_str()])).collect()
}

/// Why a package was refused, or a service failed.
fn tail(server: &Server) -> String {
    let log = server.log();
    let start = log.char_indices().rev().nth(1_500).map_or(0, |(index, _)| index);
    log.get(start..).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn packages_of_pypi_work_unchanged() {
    let expected: Value =
        serde_json::from_slice(&std::fs::read(services().join("expected.json")).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for (case, wheels) in CASES {
        wrong.append(&mut differences(case, wheels, &expected[case]).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
