//! What a client gets: answers of services, and errors as faults.

use super::{SOAP_XML, TEXT_XML, V11, V12, ask, envelope, post, serving};
use crate::harness::{Answer, Server, soon};
use caisson_capability::{Error, ErrorKind, Fault, Response};
use serde_json::json;

const OPERATION: &str = "<o:Get xmlns:o='urn:o'/>";

async fn raw(more: serde_json::Value) -> Server {
    let mut options = json!({"service": "raw"});
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serving(json!([]), options).await
}

async fn answering(server: &Server, content_type: &str, status: u16, body: &str, version: &str) -> Answer {
    let headers =
        vec![("Content-Type".to_owned(), content_type.to_owned()), ("x-own".to_owned(), "1".to_owned())];
    let headers = if content_type.is_empty() { Vec::new() } else { headers };
    *server.fake.raw.lock().unwrap() =
        Some(Ok(Response { status, headers, body: body.to_owned().into(), ..Response::default() }));
    let sent = if version == V11 { TEXT_XML } else { SOAP_XML };
    server.ask(&post(sent, &[], &envelope(version, "", OPERATION))).await
}

#[tokio::test]
async fn values_are_answered_as_the_response_of_the_operation() {
    let server = raw(json!({})).await;
    let wrapped = |inner: &str| format!("<ns1:GetResponse>{inner}</ns1:GetResponse>");
    let cases = [
        ("application/json", r#"{"a": 1, "b": ["x", "y"], "@c": "q", "d": null}"#, "c=\"q\""),
        ("application/json", r#"{"b": ["x", "y"]}"#, "<ns1:b>x</ns1:b><ns1:b>y</ns1:b>"),
        ("application/json", "[1, 2]", "<ns1:item>1</ns1:item><ns1:item>2</ns1:item>"),
        ("application/vnd.x+json", "true", &wrapped("true")),
        ("text/plain", "less < more", &wrapped("less &lt; more")),
        ("", "", "GetResponse"),
    ];
    for version in [V11, V12] {
        for (content_type, body, expected) in cases {
            let answer = answering(&server, content_type, 200, body, version).await;
            answer.expect(200);
            let sent = if version == V11 { TEXT_XML } else { SOAP_XML };
            assert_eq!(answer.header("content-type"), Some(sent));
            let text = answer.body.replace("xmlns:ns1=\"urn:o\"", "");
            assert!(text.contains(expected), "{expected}: {text}");
            assert!(answer.body.contains("\"urn:o\"") && answer.body.contains(version), "{}", answer.body);
            assert_eq!(answer.header("x-own").is_some(), !content_type.is_empty());
        }
    }
    let server = raw(json!({"namespace": "urn:o"})).await;
    assert!(answering(&server, "", 200, "", V11).await.expect(200).body.contains("\"urn:o\""));
}

#[tokio::test]
async fn ready_made_xml_is_the_content_or_the_whole_message() {
    let server = raw(json!({})).await;
    let own = envelope(V11, "", "<mine/>");
    let declared = format!("<?xml version='1.0'?>\n{own}");
    for (body, has) in [("<mine a='1'/>", "Body><mine a='1'/></"), (&own, &*own), (&declared, &*own)] {
        let answer = answering(&server, "text/plain", 200, body, V11).await;
        assert!(answer.expect(200).body.contains(has), "{}", answer.body);
        assert_eq!(answer.body.matches("Envelope").count(), 2, "{}", answer.body);
    }
    let fault = "<s:Fault xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><faultcode>s:Client</faultcode><faultstring>no</faultstring></s:Fault>";
    answering(&server, "text/xml", 200, fault, V11).await.expect(500);
    answering(&server, "text/xml", 418, fault, V11).await.expect(418);
    answering(&server, "", 202, "", V11).await.expect(202);
}

#[tokio::test]
async fn what_cannot_be_sent_is_the_services_fault_and_nothing_of_it_is_shown() {
    let server = raw(json!({})).await;
    let other = envelope(V12, "", "<mine/>");
    let deep = format!("{}1{}", r#"{"a":"#.repeat(100), "}".repeat(100));
    for (content_type, body) in [
        ("application/json", "{\"secret\": "),
        ("application/json", r#"{"secret key": 1}"#),
        ("application/json", r#"{"secret": "\u0000"}"#),
        ("application/json", &deep),
        ("text/xml", "<secret>"),
        ("text/xml", "<!DOCTYPE secret><secret/>"),
        ("text/xml", &other),
    ] {
        let answer = answering(&server, content_type, 200, body, V11).await;
        answer.expect_fault(V11, 500, "Server", "An error has occurred (correlation id ");
        assert!(!answer.body.contains("secret") && !answer.body.contains("mine"), "{}", answer.body);
    }
    answering(&server, "a\nb", 200, "1", V12).await.expect_fault(
        V12,
        500,
        "Receiver",
        "An error has occurred",
    );
    answering(&server, "", 42, "1", V12).await.expect_fault(V12, 500, "Receiver", "An error has occurred");
}

#[tokio::test]
async fn errors_are_faults_of_the_callers_version_with_a_status() {
    let server = raw(json!({})).await;
    let error = |kind, status: Option<u16>| {
        let mut error = Error::new(kind, "said to you").detail("Traceback: secret");
        error.status = status;
        error
    };
    let cases = [
        (error(ErrorKind::InvalidInput, None), 500, 400, true),
        (error(ErrorKind::InvalidInput, Some(422)), 500, 400, true),
        (error(ErrorKind::Conflict, None), 500, 400, true),
        (error(ErrorKind::Unauthenticated, None), 401, 401, true),
        (error(ErrorKind::AccessDenied, None), 403, 403, true),
        (error(ErrorKind::NotFound, None), 404, 404, true),
        (error(ErrorKind::QuotaExceeded, None).fault(Fault::Caller), 429, 429, true),
        (error(ErrorKind::QuotaExceeded, None), 500, 500, false),
        (error(ErrorKind::Timeout, None), 504, 504, false),
        (error(ErrorKind::Unavailable, None), 503, 503, false),
        (error(ErrorKind::Internal, None), 500, 500, false),
    ];
    for (error, status_11, status_12, is_callers) in cases {
        for (version, status, codes, sent) in [
            (V11, status_11, ["Client", "Server"], TEXT_XML),
            (V12, status_12, ["Sender", "Receiver"], SOAP_XML),
        ] {
            let mut told = Error::new(error.kind, error.message.as_str()).fault(error.fault);
            (told.status, told.detail) = (error.status, error.detail.clone());
            *server.fake.raw.lock().unwrap() = Some(Err(told));
            let answer = server.ask(&post(sent, &[], &envelope(version, "", OPERATION))).await;
            let says = if is_callers { "said to you" } else { "An error has occurred (correlation id " };
            answer.expect_fault(version, status, codes[usize::from(!is_callers)], says);
            assert!(!answer.body.contains("secret"), "{}", answer.body);
            let cid = answer.header("x-caisson-cid").unwrap();
            assert!(is_callers || answer.body.contains(cid), "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn layers_before_and_after_the_channel_say_faults_too() {
    let server = serving(json!([]), json!({"max_body_bytes": 300, "rate_limit": {"rate": "3/d"}})).await;
    let long = envelope(V11, "", &format!("<Get>{}</Get>", "x".repeat(300)));
    server.ask(&post(TEXT_XML, &[], &long)).await.expect_fault(V11, 413, "Client", "300 bytes");
    server.ask(&post(SOAP_XML, &[], &long)).await.expect_fault(V12, 413, "Sender", "300 bytes");
    ask(&server, "<Get/>").await.expect(200);
    let limited = ask(&server, "<Get/>").await;
    limited.expect_fault(V11, 429, "Client", "Too many requests");
    assert!(limited.header("retry-after").is_some());
    let server = serving(json!([]), json!({"allow_from": ["10.0.0.0/8"]})).await;
    ask(&server, "<Get/>").await.expect_fault(V11, 403, "Client", "Forbidden");
    let server = serving(json!([]), json!({"service": "panic"})).await;
    ask(&server, "<Get/>").await.expect_fault(V11, 500, "Server", "An error has occurred");
}

#[tokio::test]
async fn a_service_that_does_not_answer_in_time_is_a_fault_as_well() {
    let server = serving(json!([]), json!({"service": "hang", "timeout_secs": 1})).await;
    let answer = soon(ask(&server, "<Get/>")).await;
    answer.expect_fault(V11, 504, "Server", "An error has occurred");
}

#[tokio::test]
async fn a_channel_that_is_switched_off_is_not_there() {
    let server = serving(json!([]), json!({"enabled": false})).await;
    ask(&server, "<Get/>").await.expect_error(404, "URL not found");
}
