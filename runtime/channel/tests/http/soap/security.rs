//! Who may call a SOAP channel: HTTP's credentials, those of the message, and both together.

use super::{SOAP_XML, TEXT_XML, V11, V12, envelope, post, serving};
use crate::harness::{Answer, Server};
use caisson_soap::wsse::{Outgoing, PasswordType, Secret, header};
use caisson_soap::{Version, xml};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

fn definitions() -> Value {
    json!([
        {"type": "wss", "name": "partner", "username": "ann", "password": "right"},
        {"type": "wss", "name": "plain", "username": "bob", "password": "right", "allow_text": true},
        {"type": "api-key", "name": "key", "key": "the-key"},
    ])
}

/// A header Security; each has a nonce of its own.
fn security(user: &str, password: &str, kind: PasswordType, age: SignedDuration) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nonce = [COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes(); 2].concat();
    let outgoing = Outgoing {
        user: Some((user, &Secret::new(password), kind)),
        nonce: &nonce,
        now: Timestamp::now().checked_sub(age).unwrap(),
        valid_for: Some(Duration::from_secs(60)),
    };
    xml::write(&header(Version::V11, &outgoing)).unwrap()
}

fn fresh(user: &str, password: &str, kind: PasswordType) -> String {
    security(user, password, kind, SignedDuration::ZERO)
}

async fn send(server: &Server, header: &str, more: &[&str]) -> Answer {
    server.ask(&post(TEXT_XML, more, &envelope(V11, header, "<Get/>"))).await
}

use PasswordType::{Digest, Text};

#[tokio::test]
async fn the_user_of_a_right_token_is_the_principal() {
    let server = serving(definitions(), json!({"security": ["partner", "plain", "key"]})).await;
    for (user, kind, definition) in
        [("ann", Digest, "partner"), ("bob", Digest, "plain"), ("bob", Text, "plain")]
    {
        send(&server, &fresh(user, "right", kind), &[]).await.expect(200);
        let principal = server.fake.last().principal.unwrap();
        assert_eq!((&*principal.name, &*principal.definition, principal.kind), (user, definition, "wss"));
    }
    send(&server, "", &["X-API-Key: the-key"]).await.expect(200);
    assert_eq!(&*server.fake.last().principal.unwrap().name, "key");
    // HTTP has said already who it is, and any of the definitions will do.
    send(&server, &fresh("ann", "wrong", Digest), &["X-API-Key: the-key"]).await.expect(200);
    send(&server, &fresh("ann", "right", Digest), &["X-API-Key: wrong"]).await.expect(200);
    assert_eq!(&*server.fake.last().principal.unwrap().name, "ann");
}

#[tokio::test]
async fn wrong_missing_and_repeated_tokens_are_refused() {
    let server = serving(definitions(), json!({"security": ["partner", "plain"]})).await;
    let twice = fresh("ann", "right", Digest);
    send(&server, &twice, &[]).await.expect(200);
    let unknown = twice.replace("UsernameToken", "OtherToken");
    let cases = [
        (twice, 401, "Unauthorized"),
        (String::new(), 401, "Unauthorized"),
        (unknown, 401, "Unauthorized"),
        (fresh("ann", "wrong", Digest), 401, "Unauthorized"),
        (fresh("eve", "right", Digest), 401, "Unauthorized"),
        (fresh("ann", "right", Text), 401, "Unauthorized"),
        (fresh("bob", "wrong", Text), 401, "Unauthorized"),
        (security("ann", "right", Digest, SignedDuration::from_hours(1)), 401, "Unauthorized"),
        (security("ann", "right", Digest, SignedDuration::from_hours(-1)), 401, "Unauthorized"),
        (security("bob", "right", Text, SignedDuration::from_hours(1)), 500, "too old"),
        (security("bob", "right", Text, SignedDuration::from_hours(-1)), 500, "in the future"),
        (fresh("ann", "right", Digest).repeat(2), 500, "more than one Security header"),
        (
            fresh("ann", "right", Digest)
                .replace("<wsse:Nonce", "<wsse:Other")
                .replace("</wsse:Nonce", "</wsse:Other"),
            500,
            "no Nonce",
        ),
    ];
    let before = server.fake.count();
    for (header, status, says) in cases {
        let answer = send(&server, &header, &[]).await;
        answer.expect_fault(V11, status, "Client", says);
        assert!(!answer.body.contains("right") && !answer.body.contains("wrong"), "{}", answer.body);
    }
    assert_eq!(server.fake.count(), before);
}

#[tokio::test]
async fn a_fault_of_soap_1_2_says_that_nobody_was_recognised() {
    let server = serving(definitions(), json!({"security": ["partner"]})).await;
    let answer = server.ask(&post(SOAP_XML, &[], &envelope(V12, "", "<Get/>"))).await;
    answer.expect_fault(V12, 401, "Sender", "FailedAuthentication");
}

#[tokio::test]
async fn credentials_of_http_are_looked_at_before_the_message() {
    let server = serving(definitions(), json!({"security": ["key"]})).await;
    let answer = server.ask(&post(TEXT_XML, &[], "this is no XML")).await;
    answer.expect_fault(V11, 401, "Client", "Unauthorized");
    let answer = server.ask(&post(TEXT_XML, &["X-API-Key: the-key"], "this is no XML")).await;
    answer.expect_fault(V11, 500, "Client", "the XML is refused");
}

#[tokio::test]
async fn a_limit_for_each_caller_counts_those_whom_the_message_names() {
    let more = json!({"security": ["partner", "plain"], "rate_limit": {"rate": "1/d", "by": "principal"}});
    let server = serving(definitions(), more).await;
    let first = send(&server, &fresh("ann", "right", Digest), &[]).await;
    assert_eq!(first.expect(200).header("ratelimit-remaining"), Some("0"));
    let second = send(&server, &fresh("ann", "right", Digest), &[]).await;
    second.expect_fault(V11, 429, "Client", "Too many requests");
    send(&server, &fresh("bob", "right", Digest), &[]).await.expect(200);
}

#[tokio::test]
async fn who_guesses_is_locked_out_and_others_are_not() {
    let server = serving(definitions(), json!({"security": ["partner", "plain"]})).await;
    for _ in 0..10 {
        send(&server, &fresh("ann", "wrong", Digest), &[]).await.expect(401);
    }
    send(&server, &fresh("ann", "right", Digest), &[]).await.expect_fault(
        V11,
        429,
        "Client",
        "failed attempts",
    );
    send(&server, &fresh("bob", "right", Digest), &[]).await.expect(200);
}
