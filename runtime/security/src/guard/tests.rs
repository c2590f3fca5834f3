//! Guards from outside: definitions in, requests at the door.

use super::*;
use crate::attempt::ClientCertificate;
use crate::guards::Guards;
use crate::password;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisson_definition::model::Security;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Header fields.
type Fields<'a> = &'a [(&'a str, &'a str)];

/// A door with a clock and a counter of its own.
struct Door {
    shared: Arc<Shared>,
    now: Arc<Mutex<Instant>>,
    verified: Arc<AtomicUsize>,
}

impl Door {
    fn new() -> Self {
        let now = Arc::new(Mutex::new(Instant::now()));
        let verified = Arc::new(AtomicUsize::new(0));
        let (clock, counter) = (Arc::clone(&now), Arc::clone(&verified));
        let verify = move |plain: &str, phc: &str| {
            counter.fetch_add(1, Ordering::SeqCst);
            password::verify(plain, phc)
        };
        Self {
            shared: Shared::with(Arc::new(move || *clock.lock().unwrap()), Arc::new(verify)),
            now,
            verified,
        }
    }

    fn guards(&self, definitions: Value) -> Guards {
        let definitions: Vec<Security> = serde_json::from_value(definitions).unwrap();
        Guards::new(&definitions, &self.shared).unwrap()
    }

    fn guard(&self, definitions: Value, names: &[&str]) -> Guard {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        self.guards(definitions).guard(&names)
    }

    fn pass(&self, seconds: u64) {
        *self.now.lock().unwrap() += Duration::from_secs(seconds);
    }

    fn verified(&self) -> usize {
        self.verified.load(Ordering::SeqCst)
    }
}

fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn login(username: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{username}:{password}")))
}

async fn ask(guard: &Guard, fields: &[(&str, &str)], peer: Option<&str>) -> Result<String, Error> {
    let headers = headers(fields);
    let peer = peer.map(|peer| peer.parse().unwrap());
    let attempt = Attempt { headers: &headers, peer, certificate: None };
    guard.check(&attempt).await.map(|who| who.map_or_else(|| "nobody".to_owned(), |who| who.name.to_string()))
}

async fn log_in(guard: &Guard, username: &str, password: &str) -> Result<String, Error> {
    ask(guard, &[("authorization", &login(username, password))], Some("1.2.3.4")).await
}

fn challenges(error: &Error) -> Vec<&str> {
    error
        .headers
        .iter()
        .filter(|(name, _)| name == "WWW-Authenticate")
        .map(|(_, value)| value.as_str())
        .collect()
}

fn basic(name: &str, username: &str, password: &str) -> Value {
    json!({"type": "basic-auth", "name": name, "username": username, "password": password})
}

fn api_key(name: &str, key: &str) -> Value {
    json!({"type": "api-key", "name": name, "key": key})
}

#[tokio::test]
async fn an_open_guard_lets_everybody_pass() {
    let guard = Door::new().guard(json!([]), &[]);
    assert!(guard.is_open());
    assert_eq!(ask(&guard, &[("authorization", "Basic !")], None).await.unwrap(), "nobody");
}

#[tokio::test]
async fn a_name_that_is_unknown_closes_the_guard() {
    let door = Door::new();
    let nested = json!([basic("b", "anna", "pw"), {"type": "group", "name": "g", "members": ["h"]},
        {"type": "group", "name": "h", "members": ["b"]}, {"type": "group", "name": "i", "members": []}]);
    for names in [&["gone"][..], &["b", "gone"], &["g"], &["i"]] {
        let guard = door.guard(nested.clone(), names);
        assert!(!guard.is_open());
        let error = log_in(&guard, "anna", "pw").await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::AccessDenied, "{names:?}");
    }
}

#[tokio::test]
async fn passwords_are_checked_whether_they_are_hashed_or_not() {
    let door = Door::new();
    let guard = door.guard(
        json!([
            basic("hashed", "anna", &password::hash("pässword").unwrap()),
            basic("plain", "bert", "pw:2")
        ]),
        &["hashed", "plain"],
    );
    let cases = [
        ("anna", "pässword", true),
        ("bert", "pw:2", true),
        ("anna", "pw:2", false),
        ("bert", "pässword", false),
        ("anna", "", false),
        ("", "", false),
        ("carl", "pässword", false),
    ];
    for (username, password, right) in cases {
        let answer = log_in(&guard, username, password).await;
        assert_eq!(answer.as_deref().ok(), right.then_some(username), "{username}");
        if let Err(error) = answer {
            assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Unauthenticated, "Unauthorized"));
        }
    }
}

#[tokio::test]
async fn a_hash_is_not_itself_the_password() {
    let phc = password::hash("pw").unwrap();
    let guard = Door::new().guard(json!([basic("b", "anna", &phc)]), &["b"]);
    assert!(log_in(&guard, "anna", &phc).await.is_err());
}

#[tokio::test]
async fn argon2_runs_once_for_the_same_login_until_ten_minutes_are_over() {
    let door = Door::new();
    let guard = door.guard(json!([basic("b", "anna", &password::hash("pw").unwrap())]), &["b"]);
    for _ in 0..5 {
        log_in(&guard, "anna", "pw").await.unwrap();
    }
    assert_eq!(door.verified(), 1);
    log_in(&guard, "anna", "wrong").await.unwrap_err();
    log_in(&guard, "anna", "wrong").await.unwrap_err();
    assert_eq!(door.verified(), 3, "failures are not remembered");
    door.pass(601);
    log_in(&guard, "anna", "pw").await.unwrap();
    assert_eq!(door.verified(), 4);
}

#[tokio::test]
async fn a_changed_password_is_not_found_in_the_cache() {
    let door = Door::new();
    let before = door.guard(json!([basic("b", "anna", &password::hash("old").unwrap())]), &["b"]);
    log_in(&before, "anna", "old").await.unwrap();
    let after = door.guard(json!([basic("b", "anna", &password::hash("new").unwrap())]), &["b"]);
    log_in(&after, "anna", "old").await.unwrap_err();
    log_in(&after, "anna", "new").await.unwrap();
}

#[tokio::test]
async fn an_unknown_user_costs_as_much_as_a_known_one() {
    let door = Door::new();
    let guard = door.guard(
        json!([basic("p", "bert", "plain"), basic("b", "anna", &password::hash("pw").unwrap())]),
        &["p", "b"],
    );
    log_in(&guard, "anna", "wrong").await.unwrap_err();
    assert_eq!(door.verified(), 1);
    for (expected, password) in [(2, "wrong"), (3, "pw"), (4, "pw")] {
        log_in(&guard, "nobody", password).await.unwrap_err();
        assert_eq!(door.verified(), expected);
    }
}

#[tokio::test]
async fn ten_failures_lock_the_user_out_even_with_the_right_password() {
    let door = Door::new();
    let definitions = json!([basic("b", "anna", "pw")]);
    let guard = door.guard(definitions.clone(), &["b"]);
    for _ in 0..10 {
        assert_eq!(log_in(&guard, "anna", "wrong").await.unwrap_err().kind, ErrorKind::Unauthenticated);
    }
    // An operator who applies something does not end the lock.
    let guard = door.guard(definitions, &["b"]);
    let error = log_in(&guard, "anna", "pw").await.unwrap_err();
    assert_eq!((error.kind, error.retry_after), (ErrorKind::QuotaExceeded, Some(Duration::from_secs(60))));
    assert_eq!(error.fault, caisson_capability::Fault::Caller);
    let elsewhere = ask(&guard, &[("authorization", &login("anna", "pw"))], Some("1.2.3.5")).await;
    assert_eq!(elsewhere.unwrap(), "anna");
    door.pass(60);
    log_in(&guard, "anna", "pw").await.unwrap();
}

#[tokio::test]
async fn unknown_users_are_locked_out_like_known_ones() {
    let door = Door::new();
    let guard = door.guard(json!([basic("b", "anna", "pw")]), &["b"]);
    for _ in 0..10 {
        log_in(&guard, "nobody", "wrong").await.unwrap_err();
    }
    assert_eq!(log_in(&guard, "nobody", "wrong").await.unwrap_err().kind, ErrorKind::QuotaExceeded);
}

#[tokio::test]
async fn api_keys_are_compared_whole_and_may_come_once() {
    let door = Door::new();
    let other = json!({"type": "api-key", "name": "other", "header": "X-Other", "key": "two"});
    let guard =
        door.guard(json!([api_key("one", "k1"), other, api_key("three", "k3")]), &["one", "other", "three"]);
    let cases: &[(Fields<'_>, Option<&str>)] = &[
        (&[("x-api-key", "k1")], Some("one")),
        (&[("x-api-key", "k3")], Some("three")),
        (&[("x-other", "two")], Some("other")),
        (&[("x-api-key", "wrong"), ("x-other", "two")], Some("other")),
        (&[("x-other", "k1")], None),
        (&[("x-api-key", "k")], None),
        (&[("x-api-key", "K1")], None),
        (&[("x-api-key", "")], None),
        (&[("x-api-key", "k1"), ("x-api-key", "k1")], None),
        (&[], None),
    ];
    for (fields, expected) in cases {
        let answer = ask(&guard, fields, Some("1.2.3.4")).await;
        assert_eq!(answer.as_deref().ok(), *expected, "{fields:?}");
        if let Err(error) = answer {
            assert_eq!((error.kind, challenges(&error).len()), (ErrorKind::Unauthenticated, 0));
        }
    }
}

#[tokio::test]
async fn ten_wrong_keys_lock_the_sender_out() {
    let door = Door::new();
    let guard = door.guard(json!([api_key("one", "k1")]), &["one"]);
    for _ in 0..10 {
        ask(&guard, &[("x-api-key", "wrong")], Some("2001:db8::1")).await.unwrap_err();
    }
    let error = ask(&guard, &[("x-api-key", "k1")], Some("2001:db8::2")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::QuotaExceeded);
    ask(&guard, &[("x-api-key", "k1")], Some("2001:db8:0:1::2")).await.unwrap();
}

#[tokio::test]
async fn right_credentials_from_the_wrong_address_are_forbidden() {
    let door = Door::new();
    let mut one = api_key("one", "k1");
    one["allow_from"] = json!(["10.0.0.0/8"]);
    let guard = door.guard(json!([one, basic("b", "anna", "pw")]), &["one", "b"]);
    let cases = [
        ("k1", Some("10.1.1.1"), None),
        ("k1", Some("::ffff:10.1.1.1"), None),
        ("k1", Some("11.1.1.1"), Some(ErrorKind::AccessDenied)),
        ("k1", None, Some(ErrorKind::AccessDenied)),
        ("k2", Some("10.1.1.1"), Some(ErrorKind::Unauthenticated)),
        ("k2", Some("11.1.1.1"), Some(ErrorKind::Unauthenticated)),
    ];
    for (key, peer, expected) in cases {
        let answer = ask(&guard, &[("x-api-key", key)], peer).await;
        assert_eq!(answer.err().map(|error| error.kind), expected, "{key} {peer:?}");
    }
}

#[tokio::test]
async fn a_group_answers_403_when_nothing_fits_and_400_to_two_kinds_at_once() {
    let door = Door::new();
    let guard = door.guard(
        json!([basic("b", "anna", "pw"), api_key("k", "k1"),
        {"type": "group", "name": "g", "members": ["b", "k"]}]),
        &["g"],
    );
    let (right, wrong) = (login("anna", "pw"), login("anna", "wrong"));
    let cases: &[(Fields<'_>, Option<ErrorKind>)] = &[
        (&[("authorization", &right)], None),
        (&[("x-api-key", "k1")], None),
        (&[], Some(ErrorKind::AccessDenied)),
        (&[("authorization", &wrong)], Some(ErrorKind::AccessDenied)),
        (&[("authorization", "Basic !")], Some(ErrorKind::AccessDenied)),
        (&[("x-api-key", "wrong")], Some(ErrorKind::AccessDenied)),
        (&[("authorization", &right), ("x-api-key", "k1")], Some(ErrorKind::InvalidInput)),
        (&[("authorization", &wrong), ("x-api-key", "wrong")], Some(ErrorKind::InvalidInput)),
        (&[("authorization", "Bearer a"), ("x-api-key", "k1")], None),
    ];
    for (fields, expected) in cases {
        let answer = ask(&guard, fields, Some("1.2.3.4")).await;
        assert_eq!(answer.err().map(|error| error.kind), *expected, "{fields:?}");
    }
}

#[tokio::test]
async fn challenges_name_every_way_that_has_one_and_blame_only_bad_tokens() {
    let door = Door::new();
    let mut named = basic("b2", "bert", "pw");
    named["realm"] = json!("a \"realm\"");
    let jwt = json!({"type": "jwt", "name": "j", "algorithms": ["HS256"], "secret": "s"});
    let definitions = json!([basic("b", "anna", "pw"), named, jwt, api_key("k", "k1")]);
    let basic_b = r#"Basic realm="b", charset="UTF-8""#;
    let cases: &[(&[&str], &str, &[&str])] = &[
        (&["b"], "", &[basic_b]),
        (&["b2"], "", &[r#"Basic realm="a \"realm\"", charset="UTF-8""#]),
        (&["k"], "", &[]),
        (&["j"], "", &[r#"Bearer realm="j""#]),
        (&["j"], "Bearer bad", &[r#"Bearer realm="j", error="invalid_token""#]),
        (&["j"], "Basic YTpi", &[r#"Bearer realm="j""#]),
        (&["b", "j"], "Basic YTpi", &[basic_b, r#"Bearer realm="j""#]),
    ];
    for (names, authorization, expected) in cases {
        let guard = door.guard(definitions.clone(), names);
        let error = ask(&guard, &[("authorization", authorization)], Some("1.2.3.4")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unauthenticated);
        assert_eq!(challenges(&error), *expected, "{names:?} {authorization}");
    }
}

#[tokio::test]
async fn certificates_count_by_exact_name_or_fingerprint() {
    let door = Door::new();
    let guard = door.guard(
        json!([{"type": "mtls", "name": "m", "subjects": ["partner", "a.example"],
        "fingerprints": ["07".repeat(32)], "allow_from": ["10.0.0.0/8"]}]),
        &["m"],
    );
    let made = |common: &str, dns: &str, byte: u8| ClientCertificate {
        common_name: Some(common.to_owned()),
        dns_names: vec![dns.to_owned()],
        fingerprint: [byte; 32],
    };
    let cases = [
        (Some(made("partner", "x", 1)), "10.0.0.1", None),
        (Some(made("x", "a.example", 1)), "10.0.0.1", None),
        (Some(made("x", "x", 7)), "10.0.0.1", None),
        (Some(made("x", "x", 7)), "11.0.0.1", Some(ErrorKind::AccessDenied)),
        (Some(made("Partner", "A.example", 1)), "10.0.0.1", Some(ErrorKind::Unauthenticated)),
        (Some(made("partner.evil", "b.a.example", 1)), "10.0.0.1", Some(ErrorKind::Unauthenticated)),
        (None, "10.0.0.1", Some(ErrorKind::Unauthenticated)),
    ];
    let headers = HeaderMap::new();
    for (certificate, peer, expected) in cases {
        let attempt = Attempt {
            headers: &headers,
            peer: Some(peer.parse().unwrap()),
            certificate: certificate.as_ref(),
        };
        let answer = guard.check(&attempt).await;
        assert_eq!(answer.err().map(|error| error.kind), expected, "{certificate:?} {peer}");
    }
}

#[tokio::test]
async fn the_limit_of_a_definition_outlives_a_change() {
    let door = Door::new();
    let mut one = api_key("one", "k1");
    one["rate_limit"] = json!({"rate": "2/m", "by": "principal"});
    let fields: &[(&str, &str)] = &[("x-api-key", "k1")];
    let before = door.guard(json!([one.clone()]), &["one"]);
    ask(&before, fields, Some("1.2.3.4")).await.unwrap();
    ask(&before, fields, Some("1.2.3.5")).await.unwrap();
    drop(before);
    let after = door.guard(json!([one, api_key("new", "k2")]), &["one"]);
    let error = ask(&after, fields, Some("1.2.3.6")).await.unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::QuotaExceeded, "Too many requests"));
    door.pass(30);
    ask(&after, fields, Some("1.2.3.6")).await.unwrap();
}

#[tokio::test]
async fn a_usernametoken_definition_lets_nobody_pass_without_its_envelope() {
    let door = Door::new();
    let definitions = json!([{"type": "wss", "name": "w", "username": "anna", "password": "pw"}]);
    let guard = door.guard(definitions.clone(), &["w"]);
    assert_eq!(log_in(&guard, "anna", "pw").await.unwrap_err().kind, ErrorKind::Unauthenticated);
    assert_eq!(guard.wss().len(), 1);
    let guards = door.guards(definitions);
    assert!(guards.wss("w").is_some() && guards.wss("x").is_none());
}

#[tokio::test]
async fn what_the_head_leaves_open_the_message_may_settle_but_nothing_else() {
    let door = Door::new();
    let definitions =
        json!([{"type": "wss", "name": "w", "username": "anna", "password": "pw"}, api_key("k", "key")]);
    for (names, key, expected) in [
        (&["w"][..], "", "unsettled"),
        (&["w", "k"], "wrong", "unsettled"),
        (&["w", "k"], "key", "k"),
        (&["k"], "wrong", "refused"),
        (&["w", "missing"], "", "refused"),
        (&[], "", "nobody"),
    ] {
        let guard = door.guard(definitions.clone(), names);
        let headers = headers(&[("x-api-key", key)]);
        let standing = guard.check_head(&Attempt { headers: &headers, peer: None, certificate: None }).await;
        let found = match standing {
            Ok(Standing::Known(who)) => who.map_or_else(|| "nobody".to_owned(), |who| who.name.to_string()),
            Ok(Standing::Unsettled(_)) => "unsettled".to_owned(),
            Err(_) => "refused".to_owned(),
        };
        assert_eq!(found, expected, "{names:?} {key}");
    }
}

#[test]
fn definitions_that_cannot_work_are_refused_and_say_why_without_the_secret() {
    let costly = "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaA";
    let cases = [
        (basic("n", "anna", ""), "empty"),
        (basic("n", "", "s3cret"), "empty"),
        (basic("n", "anna", "$argon2id$s3cret"), "no argon2id hash"),
        (basic("n", "anna", costly), "more than"),
        (api_key("n", ""), "empty"),
        (json!({"type": "api-key", "name": "n", "key": "s3cret", "header": "a b"}), "a b"),
        (
            json!({"type": "api-key", "name": "n", "key": "s3cret", "header": "authorization"}),
            "Authorization",
        ),
        (json!({"type": "mtls", "name": "n"}), "no certificate"),
        (json!({"type": "mtls", "name": "n", "fingerprints": ["12"]}), "fingerprint"),
        (json!({"type": "mtls", "name": "n", "subjects": [""]}), "empty"),
        (json!({"type": "wss", "name": "n", "username": "anna", "password": ""}), "empty"),
    ];
    for (definition, expected) in cases {
        let definitions: Vec<Security> = vec![serde_json::from_value(definition).unwrap()];
        let problems = Guards::new(&definitions, &Shared::new()).unwrap_err().join("\n");
        assert!(problems.contains("`n`") && problems.contains(expected), "{problems}");
        assert!(!problems.contains("s3cret"), "{problems}");
    }
}

#[test]
fn two_definitions_of_one_name_are_refused() {
    let definitions: Vec<Security> =
        serde_json::from_value(json!([basic("n", "anna", "pw"), api_key("n", "k1")])).unwrap();
    assert!(Guards::new(&definitions, &Shared::new()).unwrap_err().join("").contains("twice"));
}

#[test]
fn debug_shows_no_secret() {
    let door = Door::new();
    let guards = door.guards(json!([basic("b", "anna", "s3cret"), api_key("k", "s3cret"),
        {"type": "wss", "name": "w", "username": "anna", "password": "s3cret"}]));
    let guard = guards.guard(&["b".to_owned(), "w".to_owned()]);
    let headers = headers(&[("x-api-key", "s3cret")]);
    let attempt = Attempt { headers: &headers, peer: None, certificate: None };
    let shown = format!("{guards:?} {guard:?} {:?} {attempt:?} {:?}", guard.wss(), door.shared);
    assert!(!shown.contains("s3cret"), "{shown}");
}
