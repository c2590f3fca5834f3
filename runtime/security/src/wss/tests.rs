//! `UsernameToken`s, right and wrong.

use super::*;
use serde_json::{Value, json};

const NOW: &str = "2026-11-24T12:00:00Z";

fn guard(change: &Value) -> WssGuard {
    let mut definition = json!({"name": "w", "username": "anna", "password": "pw"});
    for (name, value) in change.as_object().unwrap() {
        definition[name] = value.clone();
    }
    WssGuard::new(&serde_json::from_value(definition).unwrap(), &Shared::new()).unwrap()
}

fn digest(nonce: &[u8], created: &str, password: &str) -> (String, String) {
    let digest = Sha1::new().chain_update(nonce).chain_update(created).chain_update(password).finalize();
    (STANDARD.encode(digest), STANDARD.encode(nonce))
}

/// Sends a digest that is right but for what the arguments say.
fn send(guard: &WssGuard, username: &str, nonce: &[u8], created: &str, password: &str) -> Result<(), Error> {
    let (digest, nonce) = digest(nonce, created, password);
    let password = WssPassword::Digest { digest_b64: &digest, nonce_b64: &nonce, created };
    guard.verify(username, password, Some([1, 2, 3, 4].into()), NOW.parse().unwrap()).map(drop)
}

#[test]
fn the_digest_is_that_of_the_standard() {
    // Computed apart from this code: printf 'nonce2026-11-24T12:00:00Zpw' | openssl dgst -sha1 -binary | base64
    assert_eq!(digest(b"nonce", NOW, "pw").0, "rXnaHxF1RMhLYlPIedlpZqd1jeA=");
}

#[test]
fn a_digest_proves_the_password() {
    let cases = [
        ("anna", &b"1"[..], NOW, "pw", true),
        ("anna", b"2", "2026-11-24T11:55:00Z", "pw", true),
        ("anna", b"3", "2026-11-24T13:00:30+01:00", "pw", true),
        ("anna", b"4", NOW, "wrong", false),
        ("bert", b"5", NOW, "pw", false),
        ("", b"6", NOW, "pw", false),
        ("anna", b"7", "2026-11-24T11:54:59Z", "pw", false),
        ("anna", b"8", "2026-11-24T12:01:01Z", "pw", false),
        ("anna", b"9", "yesterday", "pw", false),
        ("anna", b"", NOW, "pw", false),
        ("anna", &[7; 257], NOW, "pw", false),
    ];
    for (username, nonce, created, password, right) in cases {
        let answer = send(&guard(&json!({})), username, nonce, created, password);
        assert_eq!(
            answer.err().map(|error| error.kind),
            (!right).then_some(ErrorKind::Unauthenticated),
            "{nonce:?}"
        );
    }
}

#[test]
fn fields_that_are_no_base64_are_refused() {
    let (digest, nonce) = digest(b"nonce", NOW, "pw");
    for (digest_b64, nonce_b64) in [("!", nonce.as_str()), (&digest, "!"), ("", &nonce), (&digest, "")] {
        let password = WssPassword::Digest { digest_b64, nonce_b64, created: NOW };
        assert!(guard(&json!({})).verify("anna", password, None, NOW.parse().unwrap()).is_err());
    }
}

#[test]
fn a_message_counts_once() {
    let guard = guard(&json!({}));
    send(&guard, "anna", b"nonce", NOW, "pw").unwrap();
    assert_eq!(send(&guard, "anna", b"nonce", NOW, "pw").unwrap_err().kind, ErrorKind::Unauthenticated);
    send(&guard, "anna", b"another", NOW, "pw").unwrap();
}

#[test]
fn a_nonce_is_remembered_until_its_time_is_too_old_and_memory_has_an_end() {
    let nonces = Nonces::new();
    for number in 0..MAX_NONCES {
        nonces.once(*blake3::hash(&number.to_le_bytes()).as_bytes(), 100, 0).unwrap();
    }
    assert_eq!(nonces.once([1; 32], 100, 99).unwrap_err().kind, ErrorKind::Unavailable);
    nonces.once([1; 32], 200, 100).unwrap();
    assert_eq!(nonces.once([1; 32], 200, 199).unwrap_err().kind, ErrorKind::Unauthenticated);
}

#[test]
fn text_is_accepted_only_where_it_is_allowed() {
    let now = NOW.parse().unwrap();
    for (allow, password, right) in
        [(true, "pw", true), (true, "wrong", false), (true, "", false), (false, "pw", false)]
    {
        let answer =
            guard(&json!({"allow_text": allow})).verify("anna", WssPassword::Text(password), None, now);
        assert_eq!(answer.is_ok(), right, "{allow} {password}");
    }
}

#[test]
fn addresses_limits_and_locks_hold_here_as_well() {
    let elsewhere = guard(&json!({"allow_from": ["10.0.0.0/8"]}));
    assert_eq!(send(&elsewhere, "anna", b"1", NOW, "pw").unwrap_err().kind, ErrorKind::AccessDenied);
    let limited = guard(&json!({"rate_limit": {"rate": "1/d"}}));
    send(&limited, "anna", b"1", NOW, "pw").unwrap();
    assert_eq!(send(&limited, "anna", b"2", NOW, "pw").unwrap_err().kind, ErrorKind::QuotaExceeded);
    let attacked = guard(&json!({}));
    for _ in 0..10 {
        send(&attacked, "anna", b"1", NOW, "wrong").unwrap_err();
    }
    assert_eq!(send(&attacked, "anna", b"1", NOW, "pw").unwrap_err().kind, ErrorKind::QuotaExceeded);
}

#[test]
fn of_several_definitions_that_of_the_user_decides_and_counts() {
    let shared = Shared::new();
    let made = |name: &str, username: &str, password: &str| {
        let definition =
            json!({"name": name, "username": username, "password": password, "allow_text": true});
        Arc::new(WssGuard::new(&serde_json::from_value(definition).unwrap(), &shared).unwrap())
    };
    let guards = [made("a", "bert", "pb"), made("b", "anna", "p1"), made("c", "anna", "p2")];
    let ask = |username: &str, password: &str| {
        let verified =
            verify(&guards, username, WssPassword::Text(password), None, NOW.parse().unwrap()).unwrap();
        verified.map(|(principal, guard)| (principal.name.to_string(), guard.definition().to_owned()))
    };
    // More often than failures are allowed: those definitions that are of others, or of another password, are not asked.
    for _ in 0..20 {
        for (username, password, definition) in
            [("bert", "pb", "a"), ("anna", "p1", "b"), ("anna", "p2", "c")]
        {
            assert_eq!(ask(username, password).unwrap(), (username.to_owned(), definition.to_owned()));
        }
    }
    for (username, password) in [("anna", "pb"), ("bert", "p1"), ("eve", "pb"), ("", "")] {
        assert_eq!(ask(username, password).unwrap_err().kind, ErrorKind::Unauthenticated);
    }
    assert!(verify(&[], "anna", WssPassword::Text("p1"), None, NOW.parse().unwrap()).is_none());
}
