//! Properties that hold for all documents.

use caisson_soap::{Element, Limits, Node, Value, from_value, to_value, xml};
use proptest::prelude::*;

use crate::{envelope, parse};

fn text() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[ -~\\t\\n\\r\u{80}-\u{D7FF}\u{10000}-\u{10FFFF}]{0,20}").unwrap()
}

fn namespace() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        Just(None),
        Just(Some("urn:a".to_owned())),
        Just(Some("urn:b?x=1&y=\"<2>'".to_owned())),
        Just(Some("http://schemas.xmlsoap.org/soap/envelope/".to_owned())),
        Just(Some("http://www.w3.org/2003/05/soap-envelope".to_owned())),
    ]
}

fn leaf() -> impl Strategy<Value = Element> {
    let attributes = proptest::collection::btree_map("[a-wyz_][a-z0-9.-]{0,5}", (namespace(), text()), 0..4);
    ("[a-zA-Z_\u{C0}][a-z0-9.-]{0,8}", namespace(), attributes, text()).prop_map(
        |(name, namespace, all, text)| {
            let mut one = Element::new(name, namespace.as_deref()).with_text(text);
            for (name, (namespace, value)) in all {
                one = one.with_attribute(&name, namespace.as_deref(), value);
            }
            one
        },
    )
}

fn tree() -> impl Strategy<Value = Element> {
    leaf().prop_recursive(5, 40, 5, |inner| {
        (leaf(), proptest::collection::vec(inner, 0..5)).prop_map(|(mut one, children)| {
            one.children.extend(children.into_iter().map(Node::Element));
            one
        })
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), "[ -~]{0,10}".prop_map(Value::String)];
    leaf.prop_recursive(4, 30, 4, |inner| {
        let field = prop_oneof![
            3 => inner.clone(),
            1 => proptest::collection::vec(inner, 2..4).prop_filter_map("lists hold no lists", |all| {
                all.iter().all(|one| !matches!(one, Value::List(_))).then_some(Value::List(all))
            }),
        ];
        proptest::collection::btree_map("[a-z]{1,4}", field, 1..4)
            .prop_map(|all| Value::Object(all.into_iter().collect()))
    })
}

proptest! {
    #[test]
    fn a_tree_is_read_as_it_was_written(tree in tree()) {
        let written = xml::write(&tree).unwrap();
        let read = xml::parse(written.as_bytes(), &Limits::default());
        prop_assert_eq!(read.as_ref(), Ok(&tree), "{}", written);
    }

    #[test]
    fn a_value_is_read_as_it_was_written(value in value()) {
        let element = from_value("op", Some("urn:o"), &value).unwrap();
        prop_assert_eq!(to_value(&element), value);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(parse(&bytes, None).is_err());
    }

    #[test]
    fn documents_of_the_usual_pieces_never_panic(
        pieces in proptest::collection::vec(
            prop_oneof![
                Just("<a>"), Just("</a>"), Just("<a/>"), Just("<!--"), Just("-->"), Just("<![CDATA["), Just("]]>"),
                Just("&lt;"), Just("&#"), Just(";"), Just("<?x"), Just("?>"), Just("<!DOCTYPE "), Just(" xmlns:p='u'"),
                Just("<p:a "), Just("='"), Just("x"), Just(">"), Just("<"), Just("\u{E9}"),
            ],
            0..30,
        )
    ) {
        let _either = parse(envelope("", &pieces.concat()), None);
        let _either = xml::parse(pieces.concat().as_bytes(), &Limits::default());
    }

    #[test]
    fn changed_envelopes_never_panic(at in 0_usize..400, byte in any::<u8>(), length in 0_usize..8) {
        let mut bytes = envelope("<s:Header><h xmlns='urn:h' s:mustUnderstand='1'/></s:Header>", "<a b='c'>&amp;d</a>").into_bytes();
        let at = at % bytes.len();
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, [byte]);
        if let Ok(read) = parse(&bytes, Some("text/xml")) {
            let _either = read.require_understood(&["{urn:h}h"]);
            let _value = to_value(&read.operation);
        }
    }
}
