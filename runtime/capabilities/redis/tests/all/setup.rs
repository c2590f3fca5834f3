//! What an operator writes.

use crate::harness::{Door, Server, connection};
use caisson_capability::Capability as _;
use caisson_redis::{Config, Redis, inbound};
use serde_json::{Value, json};

#[test]
fn options_that_make_no_sense_are_refused_with_their_place() {
    for (options, place) in [
        (json!({}), ""),
        (json!({"url": "redis://h", "nodes": ["h"]}), ""),
        (json!({"url": "http://h"}), "url"),
        (json!({"url": "redis://h", "mode": "cluster"}), "mode"),
        (json!({"nodes": ["a", "b"]}), "nodes"),
        (json!({"nodes": ["a b"]}), "nodes"),
        (json!({"nodes": ["a"], "mode": "sentinel"}), "sentinel/master"),
        (json!({"nodes": ["a"], "mode": "cluster", "database": 1}), "database"),
        (json!({"url": "redis://h", "username": "u"}), "password"),
        (json!({"url": "redis://h", "tls": {"cert": "x"}}), "tls"),
        (json!({"url": "rediss://h", "tls": {"ca": "x"}}), "tls/ca"),
        (json!({"url": "redis://h", "pool": {"max": 0}}), "pool/max"),
        (json!({"url": "redis://h", "colour": 1}), ""),
    ] {
        let problems = connection(options.clone()).err().unwrap_or_else(|| panic!("{options}"));
        assert_eq!(problems[0].place, place, "{options}: {problems:?}");
    }
}

#[test]
fn channels_listen_to_exactly_one_thing() {
    for (options, fits) in [
        (json!({"subscribe": ["a"]}), true),
        (json!({"patterns": ["a*"]}), true),
        (json!({"stream": {"key": "s", "group": "g"}}), true),
        (json!({}), false),
        (json!({"subscribe": ["a"], "patterns": ["a*"]}), false),
        (json!({"stream": {"key": "s"}}), false),
        (json!({"stream": {"key": "s", "group": "g", "claim_idle_secs": 1}}), false),
        (json!({"stream": {"key": "s", "group": "g", "dead_letter": "s"}}), false),
        (json!({"subscribe": ["a"], "concurrency": 0}), false),
    ] {
        let made = crate::channels::consumer("redis://h", options.clone());
        assert_eq!(made.is_ok(), fits, "{options}");
    }
}

#[tokio::test]
async fn secrets_are_in_no_debug_and_no_error() {
    let server = Server::start(&["--requirepass", "right"]).await;
    let options = json!({
        "url": format!("redis://:hunter2@127.0.0.1:{}", server.port), "sentinel": {"password": "hunter2"}, "tls": null,
    });
    let config: Config = serde_json::from_value(options.clone()).unwrap();
    let door = Door::of(options);
    let error = door.run("GET a").await.unwrap_err();
    assert_eq!((error.code.as_deref(), error.retryable), (Some("WRONGPASS"), false));
    let lease = door.lease();
    for shown in
        [format!("{config:?}"), format!("{:?}", lease.client()), format!("{error:?}"), error.to_string()]
    {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    assert!(!error.to_string().contains("127.0.0.1"));
}

#[test]
fn the_schema_names_the_secrets_and_all_operations() {
    let spec = Redis.spec();
    for path in spec.secrets {
        let mut place = &spec.options;
        for name in path.split('/') {
            place = &place["properties"][name];
        }
        assert!(place.is_object(), "{path}: {}", spec.options);
    }
    assert_eq!(spec.operations.len(), 5);
    assert!(spec.restrictions.unwrap()["properties"]["keys"].is_object());
    assert!(serde_json::from_value::<inbound::Config>(json!({"subscribe": ["a"]})).is_ok());
}

/// The sample is flow style within block lists: a few lines that this reads without a YAML library.
#[test]
fn the_sample_is_understood() {
    let sample = include_str!("../../sample.yaml");
    let cut = |from: &str, to: &str| {
        let after = sample.split_once(from).unwrap().1;
        after.split_once(to).map_or(after, |(before, _)| before).to_owned()
    };
    for block in cut("connections:\n", "channels:\n").split("  - ").skip(1) {
        let options = read(block, &["name", "type"]);
        assert!(connection(options.clone()).is_ok(), "{options}");
    }
    for block in cut("channels:\n", "grants:\n").split("  - ").skip(1) {
        let options = read(block, &["name", "type", "connection", "service"]);
        assert!(crate::channels::consumer("redis://h", options.clone()).is_ok(), "{options}");
    }
}

fn read(block: &str, general: &[&str]) -> Value {
    let mut options = serde_json::Map::new();
    for line in block.lines().filter(|line| !line.trim().is_empty()) {
        let (name, value) = line.trim().split_once(": ").unwrap();
        if !general.contains(&name) {
            options.insert(name.to_owned(), flow(value));
        }
    }
    Value::Object(options)
}

fn flow(text: &str) -> Value {
    let text = text.trim();
    let inner = |open: char, close: char| text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
    if let Some(list) = inner('[', ']') {
        return list.split(", ").map(flow).collect();
    }
    if let Some(object) = inner('{', '}') {
        let fields = object.split(", ").map(|field| field.split_once(": ").unwrap());
        return fields
            .map(|(name, value)| (name.to_owned(), flow(value)))
            .collect::<serde_json::Map<_, _>>()
            .into();
    }
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}
