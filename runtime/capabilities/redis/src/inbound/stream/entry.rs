//! Entries of streams: how they come, and what a service is given of them.

use crate::client::wire::{Command, Part, Reply};
use crate::client::{bytes_of, split};
use crate::inbound::settings::Stream;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use caisson_capability::{Delivery, Message};
use serde_json::{Map, Value};

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: Vec<u8>,
    pub(crate) fields: Vec<(Vec<u8>, Vec<u8>)>,
}

/// A field of one of these names that is alone is the body.
const BODIES: [&[u8]; 3] = [b"data", b"body", b"payload"];

/// What XREADGROUP answers for one stream: nothing, or a map of the stream to its entries.
pub(crate) fn fetched(reply: Reply) -> Vec<Entry> {
    claimed(reply.into_iter().skip(2).collect())
}

/// What XCLAIM answers: a list of entries. What was deleted meanwhile is left out.
pub(crate) fn claimed(reply: Reply) -> Vec<Entry> {
    split(reply).into_iter().filter_map(entry).collect()
}

/// What XPENDING answers: ids, and how often each was delivered.
pub(crate) fn pending(reply: Reply) -> Vec<(Vec<u8>, u32)> {
    let one = |row: Reply| match row.as_slice() {
        [_, id, _, _, Part::Int(count)] => {
            Some((bytes_of(id)?.to_vec(), u32::try_from(*count).unwrap_or(u32::MAX)))
        }
        _ => None,
    };
    split(reply).into_iter().filter_map(one).collect()
}

fn entry(reply: Reply) -> Option<Entry> {
    let mut parts = reply.into_iter().skip(1);
    let id = bytes_of(&parts.next()?)?.to_vec();
    let Some(Part::List(_)) = parts.next() else { return None };
    let mut fields = Vec::new();
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        fields.push((bytes_of(&name)?.to_vec(), bytes_of(&value)?.to_vec()));
    }
    Some(Entry { id, fields })
}

impl Entry {
    /// The entry as a message.
    pub(crate) fn delivery(&self, stream: &Stream, consumer: &str, attempt: u32) -> Delivery {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let property = |name: &str, value: String| (name.to_owned(), value);
        let (body, content_type, headers) = match self.fields.as_slice() {
            [(name, value)] if BODIES.contains(&name.as_slice()) => (value.clone(), None, Vec::new()),
            fields => {
                let headers = fields.iter().map(|(name, value)| (text(name), shown(value))).collect();
                (self.json(), Some("application/json".to_owned()), headers)
            }
        };
        let message = Message {
            source: stream.key.clone(),
            id: Some(text(&self.id)),
            key: None,
            redelivered: attempt > 1,
            headers,
            properties: vec![
                property("group", stream.group.clone()),
                property("consumer", consumer.to_owned()),
            ],
        };
        Delivery { message, content_type, body: Bytes::from(body), attempt, ..Delivery::default() }
    }

    fn json(&self) -> Vec<u8> {
        let mut object = Map::new();
        for (name, value) in &self.fields {
            let (name, value) = (String::from_utf8_lossy(name).into_owned(), Value::String(shown(value)));
            match object.get_mut(&name) {
                None => drop(object.insert(name, value)),
                // A name that repeats has a list.
                Some(Value::Array(all)) => all.push(value),
                Some(one) => *one = Value::Array(vec![one.take(), value]),
            }
        }
        Value::Object(object).to_string().into_bytes()
    }

    /// The command that puts it among the dead letters: its fields, and where it comes from.
    pub(crate) fn dead_letter(&self, stream: &str) -> Command {
        let head: [&[u8]; 5] = [b"XADD", stream.as_bytes(), b"*", b"caisson-id", &self.id];
        let fields = self.fields.iter().flat_map(|(name, value)| [name.clone(), value.clone()]);
        head.iter().map(|word| word.to_vec()).chain(fields).collect()
    }
}

/// A value as text; as Base64 if it is none.
fn shown(value: &[u8]) -> String {
    std::str::from_utf8(value).map_or_else(|_no| BASE64_STANDARD.encode(value), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_alone_that_is_named_so_is_the_body_and_several_are_json() {
        let entry = |fields: &[(&str, &[u8])]| Entry {
            id: b"1-0".to_vec(),
            fields: fields.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.to_vec())).collect(),
        };
        let stream: Stream = serde_json::from_value(serde_json::json!({"key": "s", "group": "g"})).unwrap();
        for (fields, body, headers) in [
            (&[("data", &b"\xff"[..])][..], &b"\xff"[..], 0),
            (&[("other", b"x")], br#"{"other":"x"}"#, 1),
            (&[("data", b"x"), ("kind", b"\xff")], br#"{"data":"x","kind":"/w=="}"#, 2),
            (&[("a", b"1"), ("a", b"2"), ("a", b"3")], br#"{"a":["1","2","3"]}"#, 3),
        ] {
            let delivery = entry(fields).delivery(&stream, "c", 1);
            assert_eq!((&delivery.body[..], delivery.message.headers.len()), (body, headers));
        }
    }
}
