//! Whatever comes in: an error with a place, or definitions that the loader takes, and never a panic.

use super::{Memory, catalog};
use caisson_definition::load::load;
use caisson_import::zato::enmasse;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

const SECTIONS: [&str; 14] = [
    "security",
    "def_sec",
    "groups",
    "channel_rest",
    "channel_plain_http",
    "channel_soap",
    "outgoing_rest",
    "outconn_soap",
    "sql",
    "outconn_sql",
    "http_soap",
    "scheduler",
    "pubsub_topic",
    "whatever",
];

const KEYS: [&str; 46] = [
    "type",
    "username",
    "password",
    "realm",
    "header",
    "is_active",
    "is_internal",
    "members",
    "service",
    "url_path",
    "method",
    "security",
    "sec_def",
    "groups",
    "data_format",
    "match_slash",
    "url_params_pri",
    "params_pri",
    "timeout",
    "rate_limit_def",
    "is_rate_limit_active",
    "rate_limiting",
    "host",
    "soap_version",
    "soap_action",
    "tls_verify",
    "engine",
    "port",
    "db_name",
    "pool_size",
    "connection",
    "transport",
    "static_token",
    "auth_endpoint",
    "scopes",
    "value",
    "subject",
    "content_type",
    "address",
    "fingerprint",
    "content_encoding",
    "has_rbac",
    "http_accept",
    "reject_expiry_limit",
    "password_type",
    "minutes",
];

const WORDS: [&str; 38] = [
    "basic_auth",
    "apikey",
    "wss",
    "mtls",
    "tls_channel_sec",
    "bearer_token",
    "jwt",
    "ntlm",
    "a",
    "b",
    "A b",
    "/a/{x}",
    "/a",
    "a/b{",
    "GET",
    "json",
    "form",
    "gzip",
    "1.1",
    "10",
    "0",
    "true",
    "false",
    "${NAME}",
    "$NAME",
    "Zato_Enmasse_Env.P1",
    "* = 5/m",
    "10.0.0.0/8 = *",
    "CN=a",
    "channel",
    "outgoing",
    "plain_http",
    "soap",
    "http://u:p@h",
    "https://h",
    "postgresql",
    "sqlite",
    "5432",
];

/// A value as YAML writes it on one line.
fn value() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        6 => prop::sample::select(&WORDS[..]).prop_map(|word| serde_json::Value::from(word).to_string()),
        2 => any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => Just("null".to_owned()),
        1 => any::<bool>().prop_map(|value| value.to_string()),
        1 => Just("[{cidr_list: [0.0.0.0/0], time_range: [{is_all_day: true, rate: 5, burst: 0, limit: 1}]}]".to_owned()),
    ];
    word.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(", "))),
            inner.prop_map(|value| format!("{{name: {value}}}")),
        ]
    })
}

/// Options of an object that make sense together.
const BASES: [&[(&str, &str)]; 11] = [
    &[("type", "basic_auth"), ("username", "u")],
    &[("type", "apikey"), ("header", "X-Key")],
    &[("type", "wss"), ("username", "u")],
    &[("type", "mtls"), ("subject", "s.example.com")],
    &[("members", "[a, b]")],
    &[("service", "s"), ("url_path", "'/a/{x}'")],
    &[("service", "s"), ("url_path", "/b"), ("security", "a"), ("rate_limit_def", "'* = 5/m'")],
    &[("service", "s"), ("url_path", "/c"), ("groups", "[a]"), ("soap_version", "'1.1'")],
    &[("connection", "channel"), ("transport", "plain_http"), ("service", "s"), ("url_path", "/d")],
    &[("host", "'https://h'"), ("url_path", "/e"), ("security", "b")],
    &[("engine", "mysql+x"), ("username", "u"), ("host", "h"), ("port", "1")],
];

fn object() -> impl Strategy<Value = String> {
    let known = prop::sample::select(&["a", "b", "A b", "c"][..]).prop_map(|name| format!("{name:?}"));
    let name = prop_oneof![5 => known, 1 => value()];
    let base = prop::sample::select(&BASES[..]);
    let changes = prop::collection::btree_map(prop::sample::select(&KEYS[..]), value(), 0..4);
    (name, base, changes).prop_map(|(name, base, changes)| {
        let mut options: BTreeMap<&str, String> =
            base.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        options.extend(changes);
        let options: String = options.iter().map(|(key, value)| format!(", {key}: {value}")).collect();
        format!("  - {{name: {name}{options}}}\n")
    })
}

fn file() -> impl Strategy<Value = String> {
    let objects = prop::collection::vec(object(), 0..9);
    prop::collection::btree_map(prop::sample::select(&SECTIONS[..]), objects, 4..10).prop_map(|sections| {
        sections.iter().map(|(section, objects)| format!("{section}:\n{}", objects.concat())).collect()
    })
}

fn check(text: &str) -> Result<(), TestCaseError> {
    match enmasse(text, Path::new("e.yaml"), &catalog()) {
        Err(problem) => {
            prop_assert!(problem.line > 0 && problem.file == Path::new("e.yaml"), "{problem}\n{text}");
        }
        Ok(import) => {
            let loaded = load(Path::new("c.yaml"), &Memory(&import.text), &catalog());
            let loaded = loaded
                .map_err(|problems| TestCaseError::fail(format!("{problems}\n{text}\n{}", import.text)))?;
            prop_assert_eq!(loaded.definitions.channels.len(), import.carried.channels);
            prop_assert_eq!(loaded.definitions.security.len(), import.carried.security);
            prop_assert_eq!(loaded.definitions.connections.len(), import.carried.connections);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn likely_files_become_definitions_that_are_taken(text in file()) {
        check(&text)?;
    }

    #[test]
    fn unlikely_texts_are_errors_with_a_place_or_definitions(
        any in any::<String>(),
        likely in "(sql|security|channel_rest):[a-c:\\-\\[\\]{}&*!|>'\"%@` \n\t,?#~<0-9.$]{0,60}",
    ) {
        check(&any)?;
        check(&likely)?;
    }
}
