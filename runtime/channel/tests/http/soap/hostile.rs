//! Messages that are made to do harm.

use super::{TEXT_XML, V11, envelope, post, serving};
use serde_json::json;

#[tokio::test]
async fn hostile_messages_are_refused_and_never_come_to_a_service() {
    let server = serving(json!([]), json!({})).await;
    let whole = envelope(V11, "", "<Get/>");
    let laughs = format!(
        "<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'><!ENTITY c '&b;&b;'>]>{}",
        envelope(V11, "", "<Get>&c;</Get>")
    );
    let file = format!(
        "<!DOCTYPE l [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>{}",
        envelope(V11, "", "<Get>&f;</Get>")
    );
    let remote = format!("<!DOCTYPE l SYSTEM 'http://127.0.0.1:1/evil.dtd'>{whole}");
    let deep = envelope(V11, "", &format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000)));
    let many = envelope(V11, "", &format!("<Get>{}</Get>", "<a/>".repeat(150_000)));
    let attributes: String = (0..1_000).map(|n| format!(" a{n}='1'")).collect();
    let attributes = envelope(V11, "", &format!("<Get{attributes}/>"));
    let cases = [
        (laughs, "there is a DOCTYPE"),
        (file, "there is a DOCTYPE"),
        (remote, "there is a DOCTYPE"),
        (envelope(V11, "", "<Get>&f;</Get>"), "is not known here"),
        (deep, "elements within each other"),
        (many, "elements; send a simpler document"),
        (attributes, "attributes"),
        (whole[..whole.len() - 5].to_owned(), "tag not closed"),
        (whole.replace("</s:Body></s:Envelope>", ""), "the document ends before"),
        (whole[..whole.len() / 2].to_owned(), "the XML is refused"),
        (String::new(), "the document ends before"),
        ("<Get/>".to_owned(), "a SOAP message is an Envelope"),
        (format!("<?evil do?>{whole}"), "processing instruction"),
        (envelope(V11, "", ""), "the Body is empty"),
        (envelope(V11, "", "text"), "text within Body"),
        (format!("<s:Envelope xmlns:s='{V11}'/>"), "has no Body"),
        (
            format!(
                "<s:Envelope xmlns:s='{V11}'><s:Body><Get/></s:Body><s:Body><Put/></s:Body></s:Envelope>"
            ),
            "more than one Body",
        ),
        (
            format!("<s:Envelope xmlns:s='{V11}'><Body xmlns='urn:x'><Get/></Body></s:Envelope>"),
            "only a Header and a Body",
        ),
        (whole.replace("<Get/>", "<p:Get/>"), "the prefix `p` is not declared"),
        (whole.replace("<Get/>", "<Get>\u{1}</Get>"), "cannot be in XML"),
        (format!("{whole}{whole}"), "second element"),
    ];
    for (body, says) in cases {
        let answer = server.ask(&post(TEXT_XML, &[], &body)).await;
        answer.expect_fault(V11, 500, "Client", says);
        assert!(!answer.body.contains("root:"), "{}", answer.body);
        assert!(answer.body.len() < 4_000, "{}", answer.body.len());
    }
    assert_eq!(server.fake.count(), 0);
    let mut client = server.connect().await;
    let head =
        format!("POST /soap HTTP/1.1\r\nHost: h\r\nContent-Type: {TEXT_XML}\r\nContent-Length: 4\r\n\r\n");
    client.send([head.as_bytes(), b"<\xff\xfe>"].concat()).await;
    client.answer().await.expect_fault(V11, 500, "Client", "not valid UTF-8");
}

#[tokio::test]
async fn a_long_message_is_read_to_its_end() {
    let server = serving(json!([]), json!({})).await;
    let body = envelope(V11, "", &format!("<Get>{}</Get>", "<row>1</row>".repeat(50_000)));
    server.ask(&post(TEXT_XML, &[], &body)).await.expect(200);
    let seen: serde_json::Value = serde_json::from_slice(&server.fake.last().request.body).unwrap();
    assert_eq!(seen["row"].as_array().map(Vec::len), Some(50_000));
}
