//! json, csv and xml.etree are the interpreter's own code; what they do is what CPython does.

use crate::harness::{Server, call};
use http::Method;
use std::collections::BTreeMap;

const CASES: &str = include_str!("../../sdk-python/tests/native_cases.py");

/// What CPython makes of them; a test in `sdk-python/tests` holds it.
const EXPECTED: &str = include_str!("../../sdk-python/tests/native_expected.txt");

/// The library's writer puts quotes around a field in which a quote is escaped, which readers take all the same. And CPython's
/// `parse` garbles text that declares an encoding: it takes it for bytes of that one.
const KNOWN: [&str; 3] =
    ["writer 8 4", "writer 8 15", r#"parse '<?xml version="1.0" encoding="iso-8859-1"?><a>\xe9</a>'"#];

fn results(lines: &str) -> BTreeMap<&str, &str> {
    lines.lines().filter_map(|line| line.split_once('\t')).collect()
}

#[tokio::test]
async fn reads_and_writes_json_csv_and_xml_as_cpython_does() {
    let server = Server::with("native_cases.py", CASES).await;
    let answer =
        call(&server.http, Method::GET, &server.url("native-cases.native-cases")).await.unwrap().good();
    let (found, expected) = (results(&answer), results(EXPECTED));
    assert!(expected.len() > 3_000, "{}", expected.len());
    let different: Vec<String> = expected
        .iter()
        .filter(|(name, result)| !KNOWN.contains(name) && found.get(*name) != Some(result))
        .map(|(name, result)| format!("{name}\n  CPython: {result}\n  here:    {:?}", found.get(name)))
        .collect();
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

const HOSTILE: &str = r#"
import xml.etree.ElementTree as ElementTree
from caisson import Service

LAUGHS = '<!DOCTYPE a [<!ENTITY l0 "lol">' + ''.join(
    f'<!ENTITY l{n} "' + f'&l{n - 1};' * 10 + '">' for n in range(1, 10)) + ']><a>&l9;</a>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
DEEP = '<a>' * 20_000

class Hostile(Service):
    name = 'hostile'
    def handle(self):
        answers = []
        for document in (LAUGHS, OUTSIDE, DEEP):
            try:
                root = ElementTree.fromstring(document)
                answers.append(str(len(root.text or '')))
            except ElementTree.ParseError as error:
                answers.append('ParseError')
        self.response.payload = answers
"#;

#[tokio::test]
async fn entities_are_bounded_and_nothing_is_fetched() {
    let server = Server::with("hostile.py", HOSTILE).await;
    let answer = call(&server.http, Method::GET, &server.url("hostile")).await.unwrap().json();
    assert_eq!(answer, serde_json::json!(["ParseError", "ParseError", "ParseError"]));
}
