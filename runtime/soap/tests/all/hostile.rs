//! Messages that want to cost more than they are long, and messages that are simply wrong.

use caisson_soap::{Code, Limits, Version, xml};

use crate::{envelope, parse};

const SAMPLE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- a --><s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'>\
    <s:Header><h xmlns='urn:h' a=\"&amp;&#x41;\">ü</h></s:Header><!-- b --><s:Body><o:Op xmlns:o='urn:o'><![CDATA[<x>]]>&lt;</o:Op></s:Body></s:Envelope>";

fn reason(text: impl AsRef<[u8]>) -> String {
    let fault = parse(text, None).expect_err("it has to be refused");
    assert!(matches!(fault.code, Code::Client | Code::VersionMismatch), "{fault:?}");
    fault.reason
}

#[test]
fn reads_comments_and_cdata_and_references() {
    let read = parse(SAMPLE, Some("text/xml; charset=\"UTF-8\"")).unwrap();
    assert_eq!(read.version, Version::V11);
    assert_eq!(read.operation.full_name(), "{urn:o}Op");
    assert_eq!(read.operation.text(), "<x><");
    assert_eq!(read.headers[0].attribute("a", None), Some("&A"));
    let split = parse(envelope("", "<a>o<!-- c -->n<!-- d -->e</a>"), None).unwrap();
    assert_eq!(split.operation.text(), "one");
}

#[test]
fn refuses_a_message_that_is_cut_anywhere() {
    for end in 0..SAMPLE.len() {
        let cut = SAMPLE.as_bytes().get(..end).unwrap();
        assert!(parse(cut, Some("text/xml")).is_err(), "cut at {end}: {:?}", SAMPLE.get(..end));
    }
}

#[test]
fn never_panics_when_any_byte_is_another() {
    for at in 0..SAMPLE.len() {
        for byte in [0, b'<', b'>', b'&', b'"', b':', b'/', 0x80, 0xFF] {
            let mut bytes = SAMPLE.as_bytes().to_vec();
            bytes[at] = byte;
            let _either = parse(bytes, None);
        }
    }
}

#[test]
fn refuses_what_is_not_a_plain_document() {
    let laughs = "<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]>";
    let external = "<!DOCTYPE l [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>";
    let utf16: Vec<u8> = SAMPLE.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let body = |inner: &str| envelope("", inner).into_bytes();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (format!("{laughs}{}", envelope("", "<a>&b;</a>")).into_bytes(), "DOCTYPE"),
        (format!("{external}{}", envelope("", "<a>&x;</a>")).into_bytes(), "DOCTYPE"),
        (
            format!("<?xml version='1.0'?><!DOCTYPE a SYSTEM 'http://x/'>{}", envelope("", "<a/>"))
                .into_bytes(),
            "DOCTYPE",
        ),
        (body("<a>&b;</a>"), "`&b;` is not known"),
        (body("<a x='&b;'/>"), "well-formed"),
        (body("<a>a & b</a>"), "well-formed"),
        (body("<a>&#0;</a>"), "well-formed"),
        (body("<a>&#x1F;</a>"), "U+001F"),
        (body("<a>&#xFFFFFFFF;</a>"), "well-formed"),
        (body("<a x='&#8;'/>"), "U+0008"),
        (body("<a>\u{1}</a>"), "U+0001"),
        (body("<a>\u{FFFF}</a>"), "U+FFFF"),
        (body("<a x='<'/>"), "well-formed"),
        (body("<a x='1' x='2'/>"), "well-formed"),
        (body("<a xmlns:p='u' xmlns:q='u' p:x='1' q:x='2'/>"), "twice"),
        (body("<a></b>"), "well-formed"),
        (body("<p:a/>"), "prefix `p`"),
        (body("<a p:x='1'/>"), "prefix `p`"),
        (body("<a xmlns:p=''/>"), "xmlns:p"),
        (body("<1a/>"), "not a name"),
        (body("<a:b:c xmlns:a='u'/>"), "well-formed"),
        (body("<?php echo?><a/>"), "processing instruction"),
        (format!("{SAMPLE}<?pi x?>").into_bytes(), "processing instruction"),
        (format!(" {SAMPLE}").into_bytes(), "processing instruction"),
        (format!("{SAMPLE}<a/>").into_bytes(), "second element"),
        (format!("{SAMPLE}text").into_bytes(), "outside"),
        (SAMPLE.replace("UTF-8", "ISO-8859-1").into_bytes(), "ISO-8859-1"),
        (utf16, "UTF-16"),
        ([0xFF, 0xFE, b'<', 0].to_vec(), "UTF-16"),
        ([b"<a>".as_slice(), &[0xC3, 0x28], b"</a>"].concat(), "not valid UTF-8"),
        (Vec::new(), "ends before"),
        (b"{\"json\": 1}".to_vec(), "outside"),
    ];
    for (bytes, expected) in cases {
        let reason = reason(&bytes);
        assert!(reason.contains(expected), "{}: {reason}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn accepts_a_byte_order_mark_of_utf_8() {
    assert!(parse(format!("\u{FEFF}{SAMPLE}"), None).is_ok());
}

#[test]
fn refuses_what_is_beyond_a_limit() {
    let attributes: String = (0..65).map(|n| format!(" a{n}='1'")).collect();
    let bindings: String = (0..6)
        .map(|n| {
            let all: String = (0..60).map(|m| format!(" xmlns:p{n}x{m}='u'")).collect();
            format!("<a{all}>")
        })
        .collect();
    let cases = [
        (
            envelope("", &format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000))),
            "elements within each other",
        ),
        (envelope("", &"<a>".repeat(2_000_000)), "elements within each other"),
        (envelope("", &format!("<a>{}</a>", "<b/>".repeat(100_000))), "100000 elements"),
        (envelope("", &format!("<a{attributes}/>")), "64 attributes"),
        (envelope("", &format!("<a{}/>", " a='1'".repeat(100_000))), "XML"),
        (envelope("", &format!("<a xmlns='{}'/>", "u".repeat(5000))), "2048 characters of a namespace"),
        (envelope("", &bindings), "XML"),
        (envelope("", &format!("<{}/>", "n".repeat(5000))), "1024 characters of a name"),
        (
            envelope("", &format!("<a>{}</a>", "<b a='' b='' c='' d='' e='' f=''/>".repeat(90_000))),
            "attributes altogether",
        ),
        (envelope("", &"x".repeat(10 * 1024 * 1024)), "10485760 are allowed"),
    ];
    for (text, expected) in cases {
        let reason = reason(&text);
        assert!(reason.contains(expected), "{expected}: {reason}");
    }
}

#[test]
fn holds_limits_that_are_set() {
    let limits = Limits { max_bytes: 20, ..Limits::default() };
    assert!(xml::parse(b"<a>12345678901234</a>", &limits).is_err());
    let limits = Limits { max_depth: 2, ..Limits::default() };
    assert!(xml::parse(b"<a><b/></a>", &limits).is_ok());
    assert!(xml::parse(b"<a><b><c/></b></a>", &limits).is_err());
}

#[test]
fn refuses_envelopes_of_another_shape() {
    let s = "xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'";
    let cases = [
        (format!("<s:Envelope {s}/>"), "no Body"),
        (format!("<s:Envelope {s}><s:Body/></s:Envelope>"), "Body is empty"),
        (format!("<s:Envelope {s}><Body><a/></Body></s:Envelope>"), "`Body`"),
        (
            format!("<s:Envelope {s}><s:Body><a/></s:Body><s:Body><a/></s:Body></s:Envelope>"),
            "more than one Body",
        ),
        (
            format!("<s:Envelope {s}><s:Header/><s:Header/><s:Body><a/></s:Body></s:Envelope>"),
            "more than one Header",
        ),
        (format!("<s:Envelope {s}><s:Body><a/></s:Body><s:Header/></s:Envelope>"), "after the Body"),
        (format!("<s:Envelope {s}><s:Body><a/></s:Body><x/></s:Envelope>"), "`x`"),
        (format!("<s:Envelope {s}>text<s:Body><a/></s:Body></s:Envelope>"), "text within Envelope"),
        (format!("<s:Envelope {s}><s:Body>text<a/></s:Body></s:Envelope>"), "text within Body"),
        (format!("<s:Message {s}><s:Body><a/></s:Body></s:Message>"), "is an Envelope"),
    ];
    for (text, expected) in cases {
        let fault = parse(&text, None).expect_err(&text);
        assert_eq!(fault.code, Code::Client);
        assert!(fault.reason.contains(expected), "{text}: {}", fault.reason);
    }
}

#[test]
fn says_which_version_was_meant() {
    let v11 = envelope("", "<a/>");
    let v12 =
        v11.replace("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope");
    let other = v11.replace("http://schemas.xmlsoap.org/soap/envelope/", "urn:future");
    let soap12 = "application/soap+xml; charset=utf-8; action=\"a;b\"";
    assert_eq!(parse(&v12, Some(soap12)).unwrap().version, Version::V12);
    let cases = [
        (&v11, Some(soap12), Code::VersionMismatch, Some(Version::V11)),
        (&v12, Some("text/xml"), Code::VersionMismatch, Some(Version::V12)),
        (&other, Some("text/xml"), Code::VersionMismatch, Some(Version::V11)),
        (&other, None, Code::VersionMismatch, Some(Version::V11)),
        (&v11, Some("application/json"), Code::Client, None),
        (&v11, Some("multipart/related; boundary=x"), Code::Client, None),
        (&v11, Some("text/xml; charset=iso-8859-1"), Code::Client, Some(Version::V11)),
    ];
    for (text, content_type, code, version) in cases {
        let fault = parse(text, content_type).expect_err(text);
        assert_eq!((fault.code, fault.version), (code, version), "{content_type:?}");
    }
}

#[test]
fn errors_are_short_however_long_the_message_is() {
    let long = "n".repeat(1_000_000);
    let blocks: String = (0..5000).map(|n| format!("<x:h{n} s:mustUnderstand='1'/>")).collect();
    let header = format!("<s:Header xmlns:x='{}'>{blocks}</s:Header>", "u".repeat(2000));
    let fault = parse(envelope(&header, "<a/>"), None).unwrap().require_understood(&["x"]).unwrap_err();
    assert!(fault.reason.len() < 30_000 && fault.not_understood.len() == 10);
    for text in
        [format!("<a></{long}>"), format!("<a>&{long};</a>"), format!("<{long}:a/>"), format!("<a {long}/>")]
    {
        assert!(reason(envelope("", &text)).len() < 1000);
    }
}
