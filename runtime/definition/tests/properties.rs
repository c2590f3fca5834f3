//! What holds for all definitions: they survive an export, no text is read with a panic, and no secret gets out.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use caisson_capability::Catalog;
use caisson_definition::check::check;
use caisson_definition::diff::diff;
use caisson_definition::documents::{Documents, SecretPlace, Submission, from_documents, to_documents};
use caisson_definition::export::export;
use caisson_definition::load::{Loaded, Process, Surroundings, load};
use caisson_definition::{Definitions, Problems};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;

/// One file under every path, and two variables.
struct Fake(String);

impl Surroundings for Fake {
    fn env(&self, name: &str) -> Option<String> {
        match name {
            "KEY" => Some("from-the-environment".to_owned()),
            "NAME" => Some("crm".to_owned()),
            "WHERE" => Some("/here".to_owned()),
            _ => None,
        }
    }

    fn read(&self, _: &Path, _: u64) -> Result<String, String> {
        Ok(self.0.clone())
    }
}

fn read(text: &str) -> Result<Loaded, Problems> {
    load(Path::new("d/c.yaml"), &Fake(text.to_owned()), &Catalog::default())
}

fn documents(submission: &Submission) -> Documents {
    to_documents(submission, &Catalog::default(), &mut |_: &SecretPlace<'_>, _| Ok("sealed-text".to_owned()))
        .unwrap()
}

/// Options of connections: anything that JSON can say.
fn options() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no others", |number| number.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[ -~\u{80}-\u{a0}\u{2028}\n\t\r$\\{\\}:#'\"]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from);
        let name = "[a-zA-Z_:# .\u{e4}<${}-]{0,6}".prop_filter("it is refused", |name| name != "<<");
        let map = prop::collection::btree_map(name, inner, 0..4);
        prop_oneof![list, map.prop_map(|fields| json!(fields))]
    })
}

/// Texts in which `${` was escaped count as references to themselves: the same text either way.
fn without_escapes(value: &mut Value) {
    let reference = value.get("$secret").and_then(|secret| secret.get("ref")).and_then(Value::as_str);
    match reference {
        Some(text) if text.contains("$${") => *value = Value::String(text.replace("$${", "${")),
        Some(_) => {}
        None => match value {
            Value::Array(items) => items.iter_mut().for_each(without_escapes),
            Value::Object(fields) => fields.values_mut().for_each(without_escapes),
            _ => {}
        },
    }
}

proptest! {
    #[test]
    fn what_is_exported_is_read_as_the_same_documents(options in options(), realm in any::<String>()) {
        let submission: Submission = serde_json::from_value(json!({
            "definitions": {
                "connections": [{"name": "c", "type": "x", "options": options}],
                "security": [{"type": "basic-auth", "name": "k", "username": "u", "password": "p", "realm": realm}],
            },
            "references": {"security/k/password": "${env:KEY}"},
        })).unwrap();
        let mut before = documents(&submission);
        let text = export(&before);
        let loaded = read(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        let mut after = documents(&loaded.submission());
        before.values_mut().chain(after.values_mut()).for_each(without_escapes);
        prop_assert_eq!(before, after, "{}", text);
    }

    #[test]
    fn no_text_is_read_with_a_panic(
        any in any::<String>(),
        likely in "[a-c:\\-\\[\\]{}&*!|>'\"%@` \n\t,?#~<0-9.]{0,40}",
    ) {
        for text in [any, likely] {
            let _either_way = read(&text);
        }
    }
}

#[test]
fn a_name_by_reference_keeps_the_references_of_its_definition() {
    let text =
        "version: 1\nconnections:\n  - {name: \"${env:NAME}\", type: sql, url: \"db://u:${env:KEY}@h\"}\n";
    let loaded = read(text).unwrap();
    let exported = export(&documents(&loaded.submission()));
    assert!(exported.contains("db://u:${env:KEY}@h") && exported.contains("${env:NAME}"), "{exported}");
    assert!(!exported.contains("from-the-environment"), "{exported}");
    assert!(!format!("{loaded:?}").contains("from-the-environment"));
}

#[test]
fn secrets_in_lists_are_shown_as_their_references() {
    let text =
        "version: 1\nconnections:\n  - {name: c, type: sql, hosts: [{user: a, password: \"${env:KEY}\"}]}\n";
    let before = documents(&read(text).unwrap().submission());
    let shown = diff(&Documents::new(), &before).render();
    assert!(shown.contains("hosts: [{password: ${env:KEY}, user: a}]"), "{shown}");
    let mut after = before.clone();
    after.get_mut("connections/c").unwrap()["hosts"][0]["password"]["$secret"]["sealed"] =
        json!("sealed-anew");
    let shown = diff(&before, &after).render();
    assert!(shown.contains("(secret changed)") && !shown.contains("sealed-"), "{shown}");
}

#[test]
fn a_secret_in_the_file_itself_is_pointed_out() {
    let loaded = read("version: 1\nsecurity:\n  - {name: k, type: api-key, key: plain-text}\n").unwrap();
    let warning = loaded.warnings[0].to_string();
    assert!(warning.starts_with("d/c.yaml:3:35: ") && warning.contains("${env:CAISSON_K_KEY}"), "{warning}");
    assert!(!warning.contains("plain-text"), "{warning}");
    assert_eq!(loaded.references["security/k/key"], "${env:CAISSON_K_KEY}");
}

#[test]
fn a_file_is_one_however_its_path_is_written() {
    for path in ["c.yaml", "./c.yaml", "../d/c.yaml", "./x/../c.yaml"] {
        let text = format!("version: 1\ninclude: [{path}]\nconnections: [{{name: c, type: sql}}]\n");
        assert_eq!(read(&text).unwrap().definitions.connections.len(), 1, "{path}");
    }
}

#[test]
fn a_path_may_be_a_reference() {
    let text = "version: 1\nchannels:\n  - {name: a, type: rest, path: \"${env:WHERE}/x\", service: s}\n";
    assert!(read(text).is_ok());
}

#[test]
fn channels_are_the_same_whatever_their_parameters_are_called() {
    let channel = |name, path| format!("  - {{name: {name}, type: rest, path: '{path}', service: s}}\n");
    let two = |path| format!("version: 1\nchannels:\n{}{}", channel("a", "/a/{x}"), channel("b", path));
    assert_eq!(read(&two("/a/{y}")).unwrap().warnings.len(), 1);
    assert_eq!(read(&two("/a/{y}/z")).unwrap().warnings.len(), 0);
}

#[test]
fn a_submission_without_a_file_is_checked_as_strictly() {
    for (json, place) in [
        (r#"{"security":[{"type":"api-key","name":"k","key":""}]}"#, "security/k/key"),
        (
            r#"{"security":[{"type":"jwt","name":"k","algorithms":[],"public_key":"p"}]}"#,
            "security/k/algorithms",
        ),
        (r#"{"security":[{"type":"group","name":"g","members":[]}]}"#, "security/g/members"),
        (
            r#"{"channels":[{"type":"rest","name":"a","path":"/a","service":"s","methods":["FETCH"]}]}"#,
            "channels/a/methods/0",
        ),
        (
            r#"{"channels":[{"type":"rest","name":"a","path":"/a","service":"s","timeout_secs":0}]}"#,
            "channels/a/timeout_secs",
        ),
        (r#"{"channels":[{"type":"rest","name":"a","path":"/a","service":""}]}"#, "channels/a/service"),
    ] {
        let definitions: Definitions = serde_json::from_str(json).unwrap();
        let found = check(&Submission { definitions, ..Submission::default() }, &Catalog::default());
        assert_eq!(found.len(), 1, "{json}: {found:?}");
        assert!(found[0].place == place && !found[0].warning, "{found:?}");
    }
}

#[test]
fn references_of_grants_survive_a_hole_in_the_order() {
    let grants = "grants:\n  - {services: [a], connection: c, operations: [x]}\n  - {services: [b], connection: c, operations: [\"${env:KEY}\"]}\n";
    let text = format!("version: 1\nconnections: [{{name: c, type: sql}}]\n{grants}");
    let mut documents_of = documents(&read(&text).unwrap().submission());
    documents_of.remove("grants/c:a");
    let open =
        from_documents(&documents_of, &mut |_: &SecretPlace<'_>, _| Ok("in-clear".to_owned())).unwrap();
    assert!(!export(&documents(&open)).contains("in-clear"));
}

#[test]
fn files_are_read_from_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("key.txt"), "k3y\r\n").unwrap();
    std::fs::write(at("more.yaml"), "version: 1\nconnections: [{name: c, type: sql}]\n").unwrap();
    let main =
        "version: 1\ninclude: [more.yaml]\nsecurity: [{name: k, type: api-key, key: \"${file:key.txt}\"}]\n";
    std::fs::write(at("main.yaml"), main).unwrap();
    let loaded = load(&at("main.yaml"), &Process, &Catalog::default()).unwrap();
    assert_eq!(serde_json::to_value(&loaded.definitions).unwrap()["security"][0]["key"], "k3y");
    assert!(load(&at("none.yaml"), &Process, &Catalog::default()).is_err());
}
