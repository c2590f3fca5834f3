//! The sample is what it says: connections that this capability makes.

use crate::harness::options;
use caisson_capability::{Capability as _, Policy, Setup};
use caisson_http::Http;
use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};
use serde_json::{Map, Value};
use std::time::Duration;

/// As much of YAML as the sample has.
struct Reader(Parser<'static, StrInput<'static>>);

impl Reader {
    fn next(&mut self) -> Option<Value> {
        loop {
            match self.0.next().unwrap().unwrap().0 {
                Event::Scalar(text, ScalarStyle::Plain, ..) => {
                    return Some(serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text.as_ref())));
                }
                Event::Scalar(text, ..) => return Some(Value::from(text.as_ref())),
                Event::SequenceStart(..) => return Some(std::iter::from_fn(|| self.next()).collect()),
                Event::MappingStart(..) => {
                    let mut fields = Map::new();
                    while let Some(key) = self.next() {
                        fields.insert(key.as_str().unwrap().to_owned(), self.next().unwrap());
                    }
                    return Some(Value::Object(fields));
                }
                Event::SequenceEnd | Event::MappingEnd => return None,
                _ => {}
            }
        }
    }
}

#[test]
fn the_connections_of_the_sample_can_be_made() {
    let sample = Reader(Parser::new_from_str(include_str!("../../sample.yaml"))).next().unwrap();
    let connections = sample["connections"].as_array().unwrap();
    assert_eq!(connections.len(), 3);
    for connection in connections {
        let name = connection["name"].as_str().unwrap();
        let (policy, mut own): (Map<_, _>, Map<_, _>) = connection
            .as_object()
            .unwrap()
            .clone()
            .into_iter()
            .partition(|(name, _)| Policy::NAMES.contains(&name.as_str()));
        serde_json::from_value::<Policy>(Value::Object(policy)).unwrap();
        assert_eq!((own.remove("type"), own.remove("name").is_some()), (Some(Value::from("http")), true));
        let setup = Setup { name: name.into(), timeout: Duration::from_secs(1) };
        let made = Http::default().connection(&setup, &options(Value::Object(own)));
        assert!(made.is_ok(), "{name}: {:?}", made.err());
    }
}

#[test]
fn every_secret_of_the_spec_is_an_option() {
    let spec = Http::default().spec();
    let schema = spec.options.to_string();
    for secret in spec.secrets {
        let name = secret.rsplit('/').next().unwrap();
        assert!(schema.contains(&format!("\"{name}\"")), "{secret}");
    }
    assert!(!schema.contains("$ref"));
}
