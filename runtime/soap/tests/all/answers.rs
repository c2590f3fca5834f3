//! What is sent back, read again.

use caisson_soap::{
    Body, Code, Element, Envelope, Fault, Value, Version, answer, respond, soap_action, to_value,
};

use crate::{envelope, parse};

const VERSIONS: [Version; 2] = [Version::V11, Version::V12];

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn read(sent: &answer::Answer) -> Envelope {
    parse(&sent.bytes, Some(sent.content_type)).unwrap()
}

#[test]
fn answers_in_the_version_and_the_namespace_of_the_request() {
    let cases = [
        ("{\"z\":\"1\",\"a\":[\"x\",\"<&>\"]}", "{\"z\":\"1\",\"a\":[\"x\",\"<&>\"]}"),
        ("\"text\"", "\"text\""),
        ("[1,2]", "{\"item\":[\"1\",\"2\"]}"),
        ("null", "\"\""),
        ("{\"a\":null}", "{\"a\":null}"),
        ("{\"@id\":7,\"#text\":true}", "{\"@id\":\"7\",\"#text\":\"true\"}"),
    ];
    for version in VERSIONS {
        for (value, expected) in cases {
            let sent = respond(version, "Op", Some("urn:o"), Body::Value(&json(value))).unwrap();
            let read = read(&sent);
            assert_eq!((sent.status, read.version), (200, version));
            assert_eq!(read.operation.full_name(), "{urn:o}OpResponse");
            assert_eq!(serde_json::to_string(&to_value(&read.operation)).unwrap(), expected);
        }
    }
}

#[test]
fn sends_ready_made_xml_as_it_is() {
    let item = "<r xmlns='urn:r' xmlns:p='urn:p' kind='p:Item'>1</r>";
    let sent =
        respond(Version::V12, "Op", None, Body::Xml(&format!("<?xml version='1.0'?>\n{item}"))).unwrap();
    assert!(String::from_utf8_lossy(&sent.bytes).contains(item));
    assert_eq!(read(&sent).operation.full_name(), "{urn:r}r");
    let whole = envelope("", item);
    let sent = respond(Version::V11, "Op", None, Body::Xml(&whole)).unwrap();
    assert_eq!(read(&sent).operation.text(), "1");
    assert!(respond(Version::V11, "Op", None, Body::Xml("<a>")).is_err());
    assert!(respond(Version::V11, "Op", None, Body::Xml("<!DOCTYPE a><a/>")).is_err());
}

#[test]
fn refuses_a_ready_made_envelope_of_the_other_version() {
    let whole = envelope("", "<r/>");
    let error = respond(Version::V12, "Op", None, Body::Xml(&whole)).unwrap_err();
    assert_eq!(error, answer::Error::Version(Version::V12));
    assert!(error.to_string().contains("not of SOAP 1.2"), "{error}");
    // An element that is only called so is content like any other.
    assert!(respond(Version::V12, "Op", None, Body::Xml("<Envelope xmlns='urn:post'/>")).is_ok());
}

#[test]
fn a_version_mismatch_names_what_is_answered() {
    for (only, version, expected) in [
        (None, Version::V11, &["soap12:Envelope", "soap:Envelope"][..]),
        (None, Version::V12, &["soap:Envelope", "soap11:Envelope"]),
        (Some(Version::V11), Version::V11, &["soap:Envelope"]),
    ] {
        let mut fault = Fault::new(Code::VersionMismatch, "other").of(version);
        fault.only = only;
        let read = read(&fault.respond(Version::V11));
        let [upgrade] = read.headers.as_slice() else { panic!("{read:?}") };
        let named: Vec<_> = upgrade.elements().filter_map(|one| one.attribute("qname", None)).collect();
        assert_eq!(named, expected);
    }
}

#[test]
fn refuses_answers_that_are_no_xml() {
    let deep = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
    let cases =
        ["{\"a b\":1}", "{\"\":1}", "{\"@xmlns\":1}", "{\"@a\":[1]}", "{\"a\":[[1]]}", "\"\\u0001\"", &deep];
    for value in cases {
        assert!(respond(Version::V11, "Op", None, Body::Value(&json(value))).is_err(), "{value}");
    }
}

#[test]
fn faults_are_read_as_they_were_written() {
    let codes =
        [Code::Client, Code::Server, Code::VersionMismatch, Code::MustUnderstand, Code::DataEncodingUnknown];
    for version in VERSIONS {
        for code in codes {
            let mut fault = Fault::new(code, "no <lines> & \u{FC}")
                .with_detail(Element::new("why", Some("urn:d")).with_text("x"));
            fault.actor = Some("urn:us".to_owned());
            fault.subcode = Some(("urn:d".into(), "NoLines".into()));
            let sent = fault.respond(version);
            let back = read(&sent).fault().unwrap();
            let unknown_11 = version == Version::V11 && code == Code::DataEncodingUnknown;
            assert_eq!(back.code, if unknown_11 { Code::Client } else { code });
            assert_eq!(
                (&back.reason, &back.detail, &back.actor),
                (&fault.reason, &fault.detail, &fault.actor)
            );
            let expected = if (version, code) == (Version::V12, Code::Client) { 400 } else { 500 };
            assert_eq!(sent.status, expected);
        }
    }
    let ours = String::from_utf8(Fault::server().respond(Version::V12).bytes).unwrap();
    assert!(
        ours.contains("soap:Receiver")
            && ours.contains("xml:lang=\"en\"")
            && ours.contains("An error has occurred")
    );
}

#[test]
fn a_fault_whose_reason_is_no_xml_is_still_sent() {
    let sent = Fault::client("bad \u{1}").respond(Version::V11);
    assert_eq!(read(&sent).fault().unwrap().code, Code::Client);
}

#[test]
fn a_version_mismatch_says_what_is_spoken() {
    for version in VERSIONS {
        let sent = Fault::new(Code::VersionMismatch, "x").respond(version);
        let upgrade = read(&sent).headers.remove(0);
        assert!(upgrade.is("Upgrade", "http://www.w3.org/2003/05/soap-envelope"));
        assert_eq!(upgrade.elements().count(), 2);
    }
}

#[test]
fn headers_that_must_be_understood_are_named() {
    let v12 = |text: &str| {
        text.replace("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")
    };
    let next_12 = "http://www.w3.org/2003/05/soap-envelope/role/next";
    // Attributes of the block, whether in 1.2, and whether it is refused.
    let cases = [
        ("s:mustUnderstand='1'", false, true),
        ("s:mustUnderstand='true'", true, true),
        ("s:mustUnderstand='0'", false, false),
        ("mustUnderstand='1'", false, false),
        ("", false, false),
        ("s:mustUnderstand='1' s:actor='urn:somebody'", false, false),
        ("s:mustUnderstand='1' s:actor='http://schemas.xmlsoap.org/soap/actor/next'", false, true),
        ("s:mustUnderstand='1' s:role='urn:somebody'", true, false),
        ("s:mustUnderstand='1' s:role='http://www.w3.org/2003/05/soap-envelope/role/none'", true, false),
        (&format!("s:mustUnderstand='1' s:role='{next_12}'"), true, true),
    ];
    for (attributes, twelve, refused) in cases {
        let text = envelope(&format!("<s:Header><h xmlns='urn:h' {attributes}/></s:Header>"), "<a/>");
        let text = if twelve { v12(&text) } else { text };
        let read = parse(&text, None).unwrap();
        let none: [&str; 0] = [];
        assert_eq!(read.require_understood(&none).is_err(), refused, "{text}");
        assert!(read.require_understood(&["{urn:h}h"]).is_ok());
    }
    let blocks =
        "<s:Header><h xmlns='urn:h' s:mustUnderstand='1'/><i xmlns='urn:h' s:mustUnderstand='1'/></s:Header>";
    let fault = parse(v12(&envelope(blocks, "<a/>")), None).unwrap().require_understood(&["x"]).unwrap_err();
    let sent = fault.respond(Version::V11);
    let text = String::from_utf8(sent.bytes.clone()).unwrap();
    assert!(
        text.contains("qname=\"h0:h\"")
            && text.contains("xmlns:h0=\"urn:h\"")
            && text.contains("qname=\"h1:i\"")
    );
    assert_eq!(read(&sent).version, Version::V12);
}

#[test]
fn finds_the_action() {
    let cases = [
        (Some("\"urn:a\""), None, Some("urn:a")),
        (Some("urn:a"), None, Some("urn:a")),
        (Some("\"\""), None, None),
        (Some(""), Some("application/soap+xml;action=urn:b"), Some("urn:b")),
        (None, Some("application/soap+xml; charset=utf-8; Action=\"urn:b;c\\\"d\"; x=y"), Some("urn:b;c\"d")),
        (None, Some("application/soap+xml; x=\"action=no\"; action=yes"), Some("yes")),
        (None, Some("application/soap+xml; odd; action=yes"), Some("yes")),
        (None, Some("text/xml"), None),
        (None, None, None),
        (None, Some(";;;=\"\\"), None),
    ];
    for (header, content_type, expected) in cases {
        assert_eq!(soap_action(header, content_type).as_deref(), expected, "{header:?} {content_type:?}");
    }
}
