//! WS-Security headers: good ones, ambiguous ones, old ones.

use std::time::Duration;

use caisson_soap::names::{WSSE, WSU};
use caisson_soap::wsse::{self, Error, Outgoing, PasswordType, Secret};
use caisson_soap::{Value, Version, answer};

use crate::{envelope, parse};

fn find(inner: &str) -> Result<Option<wsse::Security>, Error> {
    let header = format!("<s:Header xmlns:w='{WSSE}' xmlns:u='{WSU}'>{inner}</s:Header>");
    wsse::find(&parse(envelope(&header, "<a/>"), None).unwrap())
}

#[test]
fn the_digest_is_that_of_other_implementations() {
    // printf 'nonce2026-01-31T12:00:00Zpassword' | openssl dgst -sha1 -binary | base64
    assert_eq!(wsse::digest(b"nonce", "2026-01-31T12:00:00Z", "password"), "BvkjrcJsiEjUSd8PekxNCvmdlxE=");
}

#[test]
fn refuses_headers_that_are_ambiguous_or_incomplete() {
    let token = "<w:UsernameToken><w:Username>a</w:Username></w:UsernameToken>";
    let digest = "<w:Password Type='x#PasswordDigest'>x</w:Password>";
    let created = "<u:Created>2026-01-31T12:00:00Z</u:Created>";
    let within = |inner: &str| format!("<w:Security><w:UsernameToken>{inner}</w:UsernameToken></w:Security>");
    let cases = [
        (format!("<w:Security>{token}</w:Security><w:Security/>"), "more than one Security"),
        (format!("<w:Security>{token}{token}</w:Security>"), "more than one UsernameToken"),
        ("<w:Security><u:Timestamp/><u:Timestamp/></w:Security>".to_owned(), "more than one Timestamp"),
        (within(""), "no Username"),
        (within("<w:Username> </w:Username>"), "no Username"),
        (within("<w:Username>a</w:Username><w:Username>b</w:Username>"), "more than one Username"),
        (
            within("<w:Username>a</w:Username><w:Password>b</w:Password><w:Password>c</w:Password>"),
            "more than one Password",
        ),
        (
            within("<w:Username>a</w:Username><w:Password Type='x#Other'>b</w:Password>"),
            "Type of the Password",
        ),
        (within(&format!("<w:Username>a</w:Username>{digest}")), "no Nonce"),
        (within(&format!("<w:Username>a</w:Username>{digest}<w:Nonce>AAAA</w:Nonce>")), "no Created"),
        (within(&format!("<w:Username>a</w:Username>{digest}<w:Nonce>!</w:Nonce>{created}")), "Nonce"),
        (within(&format!("<w:Username>a</w:Username>{digest}<w:Nonce></w:Nonce>{created}")), "Nonce"),
        (
            within(&format!(
                "<w:Username>a</w:Username>{digest}<w:Nonce EncodingType='x#Hex'>AAAA</w:Nonce>{created}"
            )),
            "Nonce",
        ),
        (within(&format!("<w:Username>a</w:Username>{created}{created}")), "more than one Created"),
        (within("<w:Username>a</w:Username><u:Created>now</u:Created>"), "Created"),
        (
            format!("<w:Security><u:Timestamp>{created}{created}</u:Timestamp></w:Security>"),
            "more than one Created",
        ),
        (
            "<w:Security><u:Timestamp><u:Expires>soon</u:Expires></u:Timestamp></w:Security>".to_owned(),
            "Expires",
        ),
    ];
    for (inner, expected) in cases {
        let error = find(&inner).expect_err(&inner).to_string();
        assert!(error.contains(expected), "{inner}: {error}");
    }
    assert_eq!(find("<w:Other/>"), Ok(None));
}

#[test]
fn a_token_without_a_password_matches_nobody() {
    let inner = "<w:Security><w:UsernameToken><w:Username>a</w:Username></w:UsernameToken></w:Security>";
    let token = find(inner).unwrap().unwrap().username_token.unwrap();
    assert!(!token.matches("a", ""));
}

#[test]
fn accepts_messages_of_the_right_age_only() {
    let stamp = |created: &str, expires: &str| {
        let part = |name: &str, text: &str| match text {
            "" => String::new(),
            text => format!("<u:{name}>2026-01-31T{text}</u:{name}>"),
        };
        let parts = format!("{}{}", part("Created", created), part("Expires", expires));
        find(&format!("<w:Security><u:Timestamp>{parts}</u:Timestamp></w:Security>")).unwrap().unwrap()
    };
    // It is noon; five minutes are accepted, and clocks may differ by one.
    let cases = [
        ("12:00:00Z", "", Ok(())),
        ("11:54:00Z", "", Ok(())),
        ("11:53:59Z", "", Err(Error::Expired)),
        ("12:01:00Z", "", Ok(())),
        ("12:01:01Z", "", Err(Error::Future)),
        ("13:00:00+01:00", "", Ok(())),
        ("11:59:00Z", "11:59:00Z", Ok(())),
        ("11:58:00Z", "11:58:59Z", Err(Error::Expired)),
        ("12:00:30Z", "12:00:20Z", Err(Error::Expired)),
        ("", "11:00:00Z", Err(Error::Expired)),
        ("", "", Ok(())),
    ];
    let now = "2026-01-31T12:00:00Z".parse().unwrap();
    for (created, expires, expected) in cases {
        let found =
            stamp(created, expires).check_timestamp(now, Duration::from_secs(300), Duration::from_secs(60));
        assert_eq!(found, expected, "{created} {expires}");
    }
    let huge = stamp("11:00:00Z", "").check_timestamp(now, Duration::MAX, Duration::MAX);
    assert_eq!(huge, Ok(()));
}

#[test]
fn what_is_sent_is_accepted_again() {
    let password = Secret::new("pa<ss> word");
    let now = "2026-01-31T12:00:00.123Z".parse().unwrap();
    for version in [Version::V11, Version::V12] {
        for kind in [PasswordType::Text, PasswordType::Digest] {
            let outgoing = Outgoing {
                user: Some(("alice", &password, kind)),
                nonce: b"0123456789abcdef",
                now,
                valid_for: Some(Duration::from_secs(300)),
            };
            assert!(!format!("{outgoing:?}").contains("pa<ss>"));
            let headers = vec![wsse::header(version, &outgoing)];
            let sent = answer::request(version, "Op", Some("urn:o"), &Value::Null, headers).unwrap();
            let read = parse(&sent.bytes, Some(sent.content_type)).unwrap();
            assert!(read.require_understood(&[format!("{{{WSSE}}}Security")]).is_ok());
            let security = wsse::find(&read).unwrap().unwrap();
            assert!(security.check_timestamp(now, Duration::from_secs(10), Duration::ZERO).is_ok());
            let token = security.username_token.unwrap();
            assert_eq!(token.password_type, kind);
            assert!(token.matches("alice", "pa<ss> word") && !token.matches("alice", "pa<ss>"));
        }
    }
}

#[test]
fn a_refusal_becomes_a_fault_of_the_client() {
    let fault = Error::Expired.fault();
    assert_eq!(fault.subcode.as_ref().map(|(_, name)| &**name), Some("MessageExpired"));
    assert_eq!(fault.respond(Version::V12).status, 400);
}
