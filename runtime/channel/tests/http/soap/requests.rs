//! What a service sees, and which messages never come to one.

use super::{SOAP_XML, TEXT_XML, V11, V12, ask, envelope, post, serving};
use serde_json::{Value, json};

const GET: &str =
    "<o:Get xmlns:o='urn:o'><o:id kind='a'>7</o:id><o:tag>x</o:tag><o:tag>y</o:tag><o:none/></o:Get>";

#[tokio::test]
async fn a_service_sees_values_and_facts_of_either_version() {
    let server = serving(json!([]), json!({})).await;
    for (namespace, content_type, more, version) in [
        (V11, "text/xml", vec!["SOAPAction: \"urn:o/Get\""], "1.1"),
        (V12, "application/soap+xml; charset=utf-8; action=\"urn:o/Get\"", vec![], "1.2"),
    ] {
        let text = envelope(namespace, "<t:Trace xmlns:t='urn:t'>9</t:Trace>", GET);
        server.ask(&post(content_type, &more, &text)).await.expect(200);
        let seen = server.fake.last();
        assert_eq!((&*seen.service, &*seen.channel.name, seen.channel.kind), ("echo", "s", "soap"));
        assert_eq!(seen.request.content_type.as_deref(), Some("application/json"));
        let body: Value = serde_json::from_slice(&seen.request.body).unwrap();
        assert_eq!(body, json!({"id": {"@kind": "a", "#text": "7"}, "tag": ["x", "y"], "none": ""}));
        let soap = seen.request.soap.unwrap();
        assert_eq!((&*soap.version, soap.action.as_deref()), (version, Some("urn:o/Get")));
        assert_eq!((&*soap.operation, soap.namespace.as_deref()), ("Get", Some("urn:o")));
        assert_eq!((&*soap.headers[0].name, &*soap.headers[0].content), ("Trace", "\"9\""));
        assert_eq!(seen.request.http.unwrap().method, "POST");
    }
}

#[tokio::test]
async fn operations_lead_to_their_services_and_others_to_the_common_one() {
    let server = serving(json!([]), json!({"operations": {"Get": "a.get", "Put": "a.put"}})).await;
    for (operation, service) in
        [("<Get/>", "a.get"), ("<p:Put xmlns:p='urn:p'/>", "a.put"), ("<List/>", "echo")]
    {
        ask(&server, operation).await.expect(200);
        assert_eq!(&*server.fake.last().service, service);
    }
    let server = serving(json!([]), json!({"service": null, "operations": {"Get": "a.get"}})).await;
    ask(&server, "<Drop/>").await.expect_fault(
        V11,
        500,
        "Client",
        "there is no operation `Drop`; there is: Get",
    );
    assert_eq!(server.fake.count(), 0);
}

#[tokio::test]
async fn versions_and_namespaces_have_to_be_those_of_the_channel() {
    let any = serving(json!([]), json!({"namespace": "urn:o"})).await;
    let old = serving(json!([]), json!({"versions": "1.1"})).await;
    let new = serving(json!([]), json!({"versions": "1.2"})).await;
    let v11 = envelope(V11, "", "<Get/>");
    let v12 = envelope(V12, "", "<Get/>");
    let odd = envelope("urn:soap-2", "", "<Get/>");
    let cases = [
        (&any, TEXT_XML, &v12, V12, 500, "VersionMismatch", "of SOAP 1.2 and the Content-Type of SOAP 1.1"),
        (&any, SOAP_XML, &v11, V11, 500, "VersionMismatch", "of SOAP 1.1 and the Content-Type of SOAP 1.2"),
        (&any, TEXT_XML, &odd, V11, 500, "VersionMismatch", "urn:soap-2"),
        (&any, TEXT_XML, &v11, V11, 500, "Client", "operations of this channel are in urn:o"),
        (&any, SOAP_XML, &v12, V12, 400, "Sender", "operations of this channel are in urn:o"),
        (&old, SOAP_XML, &v12, V11, 500, "VersionMismatch", "SOAP 1.1 is answered here"),
        (&new, TEXT_XML, &v11, V12, 500, "VersionMismatch", "SOAP 1.2 is answered here"),
        (&new, TEXT_XML, &"no XML".to_owned(), V11, 500, "Client", "the XML is refused"),
        (&any, "application/json", &"{}".to_owned(), V11, 500, "Client", "send text/xml for SOAP 1.1"),
        (&any, "multipart/related", &v11, V11, 500, "Client", "attachments are not read"),
        (&any, "text/xml; charset=utf-16", &v11, V11, 500, "Client", "send UTF-8"),
    ];
    for (server, content_type, text, version, status, code, says) in cases {
        let answer = server.ask(&post(content_type, &[], text)).await;
        answer.expect_fault(version, status, code, says);
        assert_eq!(server.fake.count(), 0);
    }
    let answer = old.ask(&post(SOAP_XML, &[], &v12)).await;
    assert!(
        answer.body.contains("qname=\"soap:Envelope\"") && !answer.body.contains("qname=\"soap12:"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn headers_that_must_be_understood_are_or_the_message_is_refused() {
    let server = serving(json!([]), json!({"understands": ["{urn:t}Trace"]})).await;
    let block = |name: &str, attributes: &str| format!("<t:{name} xmlns:t='urn:t' {attributes}/>");
    let wsse = "<w:Security s:mustUnderstand='1' xmlns:w='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd'/>";
    for (header, understood) in [
        (block("Trace", "s:mustUnderstand='1'"), true),
        (block("Other", ""), true),
        (block("Other", "s:mustUnderstand='0'"), true),
        (block("Other", "s:mustUnderstand='1' s:actor='urn:somebody-else'"), true),
        (block("Other", "s:mustUnderstand='1'"), false),
        (block("Other", "s:mustUnderstand='1' s:actor='http://schemas.xmlsoap.org/soap/actor/next'"), false),
        // The channel has no definition that reads it.
        (wsse.to_owned(), false),
    ] {
        let before = server.fake.count();
        let answer = server.ask(&post(TEXT_XML, &[], &envelope(V11, &header, "<Get/>"))).await;
        if understood {
            answer.expect(200);
        } else {
            answer.expect_fault(V11, 500, "MustUnderstand", "must be understood and is not");
            assert_eq!(server.fake.count(), before, "{header}");
        }
    }
    let text = envelope(V12, &block("Other", "s:mustUnderstand='true'"), "<Get/>");
    let answer = server.ask(&post(SOAP_XML, &[], &text)).await;
    answer.expect_fault(V12, 500, "MustUnderstand", "{urn:t}Other");
    assert!(answer.body.contains("NotUnderstood qname="), "{}", answer.body);
}
