//! Options: what is wrong with them, and that none of them is shown.

use super::{made, options};
use caisson_amqp::Amqp;
use caisson_amqp::config::Config;
use caisson_amqp::inbound;
use caisson_capability::Capability as _;
use serde_json::json;

#[test]
fn wrong_options_are_refused_with_their_place() {
    let url = "amqp://broker";
    for (given, place) in [
        (json!({"url": "http://broker"}), "url"),
        (json!({"url": "no url"}), "url"),
        (json!({"url": "amqp://broker?heartbeat=1"}), "url"),
        (json!({"url": format!("amqp://broker/{}", "v".repeat(256))}), "url"),
        (json!({"url": "amqp://app@broker", "username": "app"}), "username"),
        (json!({"url": "amqp://app:x@broker", "password": "y"}), "password"),
        (json!({"url": url, "tls": {}}), "tls"),
        (json!({"url": "amqps://broker", "tls": {"ca": "/no/such/file"}}), "tls/ca"),
        (json!({"url": "amqps://broker", "tls": {"ca": "-----BEGIN X-----"}}), "tls/ca"),
        (json!({"url": url, "declare": {"queues": [{"name": "q".repeat(256)}]}}), "declare/queues/0"),
        (
            json!({"url": url, "declare": {"exchanges": [{"name": "x".repeat(256), "type": "direct"}]}}),
            "declare/exchanges/0",
        ),
        (json!({"url": url, "unknown": 1}), ""),
    ] {
        let problems = made(given.clone()).err().unwrap_or_else(|| panic!("{given} is accepted"));
        assert_eq!(problems[0].place, place, "{given}: {problems:?}");
    }
}

#[test]
fn no_secret_is_shown() {
    let given = json!({"url": "amqp://app:Geheim-1@broker", "tls": null});
    let config: Config = options(given.clone()).read().unwrap();
    let mut shown = format!("{config:?}");
    let other: Config =
        options(json!({"url": "amqps://broker", "password": "Geheim-2", "tls": {"key": "Geheim-3"}}))
            .read()
            .unwrap();
    shown.push_str(&format!("{other:?}"));
    for wrong in [
        json!({"url": "amqp://app:Geheim-4@broker:port"}),
        json!({"url": "Geheim-5"}),
        json!({"url": "amqps://broker", "password": 6, "tls": {"cert": "x", "key": "Geheim-6"}}),
    ] {
        shown.push_str(&format!("{:?}", made(wrong).err().unwrap()));
    }
    assert!(!shown.contains("Geheim"), "{shown}");
}

#[test]
fn the_sample_is_read_and_its_options_are_in_the_schemas() {
    let sample = include_str!("../../sample.yaml");
    let spec = Amqp.spec();
    let known = |schema: &serde_json::Value, name: &str| schema["properties"].get(name).is_some();
    for name in ["url", "username", "password", "heartbeat_secs", "channels", "declare"] {
        assert!(sample.contains(&format!("\n    {name}:")) && known(&spec.options, name), "{name}");
    }
    for name in ["queue", "prefetch", "concurrency", "retry", "dead_letter"] {
        assert!(
            sample.contains(&format!("\n    {name}:")) && known(spec.inbound.as_ref().unwrap(), name),
            "{name}"
        );
    }
    let inbound = json!({"queue": "q", "retry": {}, "dead_letter": {"exchange": "dead"}});
    let config: inbound::Config = options(inbound).read().unwrap();
    assert_eq!((config.prefetch, config.ack), (10, inbound::Ack::After));
    assert_eq!(config.retry.map(|retry| (retry.delay_ms, retry.max_deliveries)), Some((5_000, 5)));
}
