//! The rules by which elements become values.

use caisson_soap::{Limits, Value, message, to_value, xml};

fn read(text: &str) -> String {
    let root = xml::parse(text.as_bytes(), &Limits::default()).unwrap();
    serde_json::to_string(&to_value(&root)).unwrap()
}

#[test]
fn follows_the_rules() {
    let cases = [
        ("<a>1</a>", "\"1\""),
        ("<a/>", "\"\""),
        ("<a> x </a>", "\" x \""),
        ("<a>\n <b>1</b>\n</a>", "{\"b\":\"1\"}"),
        ("<a>x<b>1</b>y</a>", "{\"b\":\"1\",\"#text\":\"xy\"}"),
        ("<a k='v'>x</a>", "{\"@k\":\"v\",\"#text\":\"x\"}"),
        ("<a k='v'/>", "{\"@k\":\"v\"}"),
        ("<a><z/><b>1</b><z>2</z><b>3</b><b/></a>", "{\"z\":[\"\",\"2\"],\"b\":[\"1\",\"3\",\"\"]}"),
        (
            "<a xmlns:i='http://www.w3.org/2001/XMLSchema-instance'><b i:nil='true'/><c i:nil='1'/><d i:nil='false'>x</d></a>",
            "{\"b\":null,\"c\":null,\"d\":\"x\"}",
        ),
        ("<a xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:type='x:y'>1</a>", "\"1\""),
        ("<a xmlns:p='u'><p:b>1</p:b><b>2</b></a>", "{\"b\":[\"1\",\"2\"]}"),
        ("<a xmlns:p='u' p:k='1' k='2'/>", "{\"@k\":\"1\"}"),
    ];
    for (text, expected) in cases {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn an_operation_is_always_an_object() {
    let root = xml::parse(b"<a/>", &Limits::default()).unwrap();
    assert_eq!(message::to_object(&root), Value::Object(Vec::new()));
}

#[test]
fn keeps_the_order_of_keys_from_json_and_to_json() {
    let text = "{\"z\":1,\"a\":[true,null,-2.5],\"m\":{\"y\":\"s\",\"b\":18446744073709551615}}";
    let value: Value = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&value).unwrap(), text);
    assert_eq!(value.get("m").and_then(|m| m.get("y")).and_then(Value::as_str), Some("s"));
}
