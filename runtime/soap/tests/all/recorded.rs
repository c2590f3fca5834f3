//! What clients have really sent (zeep 4) and what SoapUI and .NET would send; and the WSDL that zeep has read.

use std::time::Duration;

use caisson_soap::wsdl::{self, Field, Kind, Operation, Service};
use caisson_soap::wsse::{self, PasswordType};
use caisson_soap::{Version, message, to_value};

use crate::parse;

const SECURITY: &str =
    "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}Security";

#[test]
fn reads_what_zeep_sends() {
    let cases = [
        (include_bytes!("../recorded/zeep-11.xml").as_slice(), "text/xml; charset=utf-8", Version::V11),
        (
            include_bytes!("../recorded/zeep-12.xml").as_slice(),
            "application/soap+xml; charset=utf-8; action=\"urn:orders/PlaceOrder\"",
            Version::V12,
        ),
    ];
    for (bytes, content_type, version) in cases {
        let read = parse(bytes, Some(content_type)).unwrap();
        assert_eq!(read.version, version);
        assert_eq!(read.operation.full_name(), "{urn:orders}PlaceOrder");
        let json = serde_json::to_string(&to_value(&read.operation)).unwrap();
        assert_eq!(
            json,
            "{\"customer\":\"Ada & Söhne <GmbH>\",\"day\":\"2026-01-31\",\"at\":\"2026-01-31T12:00:00\",\
             \"express\":\"true\",\"blob\":\"AAEC\",\"line\":[{\"sku\":\"A\",\"count\":\"1\",\"price\":\"1.50\"},\
             {\"sku\":\"B\",\"count\":\"2\",\"price\":\"2\"}]}"
        );
    }
}

#[test]
fn accepts_the_passwords_that_clients_send_and_no_others() {
    let cases = [
        (include_bytes!("../recorded/zeep-text-11.xml").as_slice(), PasswordType::Text),
        (include_bytes!("../recorded/zeep-text-12.xml").as_slice(), PasswordType::Text),
        (include_bytes!("../recorded/zeep-digest-11.xml").as_slice(), PasswordType::Digest),
        (include_bytes!("../recorded/zeep-digest-12.xml").as_slice(), PasswordType::Digest),
        (include_bytes!("../recorded/dotnet-11.xml").as_slice(), PasswordType::Text),
    ];
    for (bytes, kind) in cases {
        let token = wsse::find(&parse(bytes, None).unwrap()).unwrap().unwrap().username_token.unwrap();
        assert_eq!(token.password_type, kind);
        assert!(token.matches("alice", "s3cret <&>"));
        for (name, password) in [("alice", "s3cret"), ("bob", "s3cret <&>"), ("alice", ""), ("", "")] {
            assert!(!token.matches(name, password), "{name} {password}");
        }
        assert!(!format!("{token:?}").contains("s3cret"));
    }
}

#[test]
fn reads_what_soapui_sends() {
    let read = parse(include_bytes!("../recorded/soapui-11.xml"), Some("text/xml;charset=UTF-8")).unwrap();
    let json = serde_json::to_string(&message::to_object(&read.operation)).unwrap();
    assert_eq!(
        json,
        "{\"customer\":\"Grace\",\"note\":\"<b>soon</b> & well\",\"line\":[{\"sku\":\"A\"},{\"sku\":\"B\"}]}"
    );
}

#[test]
fn reads_what_dotnet_sends() {
    let read = parse(include_bytes!("../recorded/dotnet-11.xml"), Some("text/xml; charset=utf-8")).unwrap();
    let json = serde_json::to_string(&to_value(&read.operation)).unwrap();
    assert_eq!(json, "{\"customer\":\"Grace\",\"note\":null,\"line\":{\"sku\":\"A\"}}");
    let action = "{http://schemas.microsoft.com/ws/2005/05/addressing/none}Action";
    assert!(read.require_understood(&[SECURITY]).unwrap_err().reason.contains(action));
    assert!(read.require_understood(&[SECURITY, action]).is_ok());
    let security = wsse::find(&read).unwrap().unwrap();
    let minute = Duration::from_secs(60);
    let at = |text: &str| security.check_timestamp(text.parse().unwrap(), 5 * minute, minute);
    assert_eq!(at("2026-01-31T12:04:00Z"), Ok(()));
    assert_eq!(at("2026-01-31T12:07:00Z"), Err(wsse::Error::Expired));
}

fn field(name: &str, kind: Kind) -> Field {
    Field { name: name.to_owned(), optional: false, list: false, kind }
}

fn orders() -> Service {
    let line = vec![field("sku", Kind::String), field("count", Kind::Int), field("price", Kind::Decimal)];
    let input = vec![
        field("customer", Kind::String),
        Field { optional: true, ..field("note", Kind::String) },
        field("day", Kind::Date),
        field("at", Kind::DateTime),
        field("express", Kind::Boolean),
        field("blob", Kind::Base64),
        Field { list: true, ..field("line", Kind::Nested(line)) },
    ];
    let output = vec![
        field("number", Kind::Int),
        Field { list: true, ..field("warning", Kind::String) },
        Field { optional: true, ..field("gone", Kind::String) },
    ];
    let place = Operation {
        name: "PlaceOrder".to_owned(),
        soap_action: "urn:orders/PlaceOrder".to_owned(),
        input: Some(input),
        output: Some(output),
    };
    let ping = Operation { name: "Ping".to_owned(), soap_action: String::new(), input: None, output: None };
    Service {
        name: "Orders".to_owned(),
        namespace: "urn:orders".to_owned(),
        endpoint: "http://localhost:1/orders".to_owned(),
        versions: vec![Version::V11, Version::V12],
        operations: vec![place, ping],
    }
}

#[test]
fn describes_a_service_as_zeep_has_read_it() {
    assert_eq!(wsdl::write(&orders()).unwrap(), include_str!("../recorded/orders.wsdl"));
}

#[test]
fn describes_no_service_whose_names_are_none() {
    let mut service = orders();
    service.operations[0].name = "Place Order".to_owned();
    assert!(wsdl::write(&service).is_err());
    let mut service = orders();
    service.operations[0].output = Some(vec![field("1st", Kind::Int)]);
    assert!(wsdl::write(&service).is_err());
    let mut service = orders();
    service.name = "a:b".to_owned();
    assert!(wsdl::write(&service).is_err());
}
