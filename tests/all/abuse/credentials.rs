//! Passwords and keys that are wrong, empty, huge, doubled, or of yesterday.

use super::{CHANNELS, KEY, PASSWORD, SECRET, exchange, server};
use crate::harness::{Answer, Command, Server, assert_problem};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;

/// The header of a user name and a password.
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Calls the guarded channel.
pub(super) async fn secret(server: &Server, headers: &[(&str, &str)]) -> Answer {
    server.path_with(Method::GET, "/secret", headers).await
}

/// All of an answer but what is another one for each: id and time.
pub(super) fn likeness(answer: &Answer) -> String {
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "x-caisson-cid" && *name != "date" && *name != "retry-after")
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    headers.sort();
    format!("{} {headers:?} {}", answer.status, answer.text().replace(answer.cid(), "CID"))
}

#[tokio::test]
async fn wrong_credentials_are_all_refused_alike() {
    let server = server(CHANNELS).await;
    let plain = |text: &str| format!("Basic {}", STANDARD.encode(text));
    let long = "x".repeat(40_000);
    let cases: Vec<(&str, Vec<(&str, String)>)> = vec![
        ("nothing", vec![]),
        ("an empty header", vec![("authorization", String::new())]),
        ("a scheme only", vec![("authorization", "Basic".to_owned())]),
        ("an empty name and password", vec![("authorization", basic("", ""))]),
        ("an empty password", vec![("authorization", basic("bob", ""))]),
        ("an empty name", vec![("authorization", basic("", PASSWORD))]),
        ("no colon", vec![("authorization", plain("bob"))]),
        ("no base64", vec![("authorization", "Basic !!!".to_owned())]),
        ("the name in capitals", vec![("authorization", basic("BOB", PASSWORD))]),
        ("a space behind the name", vec![("authorization", basic("bob ", PASSWORD))]),
        ("a null behind the password", vec![("authorization", basic("bob", &format!("{PASSWORD}\0")))]),
        ("a longer password", vec![("authorization", basic("bob", &format!("{PASSWORD}x")))]),
        ("the start of the password", vec![("authorization", basic("bob", &PASSWORD[..8]))]),
        ("the key as a password", vec![("authorization", basic("bob", KEY))]),
        (
            "two right ones",
            vec![("authorization", basic("bob", PASSWORD)), ("authorization", basic("bob", PASSWORD))],
        ),
        (
            "a right one and a wrong one",
            vec![("authorization", basic("bob", PASSWORD)), ("authorization", basic("a", "b"))],
        ),
        ("a token", vec![("authorization", "Bearer abc.def.ghi".to_owned())]),
        ("the key as a token", vec![("authorization", format!("Bearer {KEY}"))]),
        ("long ones", vec![("authorization", plain(&format!("bob:{long}")))]),
        ("an empty key", vec![("x-api-key", String::new())]),
        ("a longer key", vec![("x-api-key", format!("{KEY}x"))]),
        ("the start of the key", vec![("x-api-key", KEY[..8].to_owned())]),
        ("the key in capitals", vec![("x-api-key", KEY.to_uppercase())]),
        ("two keys", vec![("x-api-key", KEY.to_owned()), ("x-api-key", KEY.to_owned())]),
        ("two keys in one", vec![("x-api-key", format!("{KEY}, {KEY}"))]),
        ("the key in another header", vec![("x-api-key-2", KEY.to_owned())]),
        ("the key with underscores", vec![("x_api_key", KEY.to_owned())]),
        ("a long key", vec![("x-api-key", long.clone())]),
    ];
    let usual = likeness(&secret(&server, &[]).await);
    let mut wrong = Vec::new();
    for (what, headers) in &cases {
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = secret(&server, &headers).await;
        if answer.status != 401 || likeness(&answer) != usual {
            wrong.push(format!("{what}: {}", likeness(&answer)));
        }
    }
    assert!(wrong.is_empty(), "not {usual}: {wrong:#?}");
    assert!(!server.log().contains("the secret service was called"));
    assert_eq!(secret(&server, &[("x-api-key", KEY)]).await.good(), SECRET);
    assert_eq!(secret(&server, &[("authorization", &basic("bob", PASSWORD))]).await.good(), SECRET);
}

#[tokio::test]
async fn headers_of_a_megabyte_are_refused_before_they_are_read() {
    let server = server(CHANNELS).await;
    let huge = "x".repeat(1 << 20);
    for name in ["authorization: Basic ", "authorization: Bearer ", "x-api-key: ", "cookie: "] {
        let (statuses, said) =
            exchange(&server, format!("GET /secret HTTP/1.1\r\nhost: x\r\n{name}{huge}\r\n\r\n")).await;
        // What was not read may be answered by a reset, which takes the answer along.
        assert!(statuses == ["431"] || statuses.is_empty(), "{name}: {said}");
    }
    assert_eq!(secret(&server, &[("x-api-key", KEY)]).await.good(), SECRET);
}

#[tokio::test]
async fn an_unknown_user_is_told_what_a_wrong_password_is_told_up_to_the_lock() {
    let server = server(CHANNELS).await;
    for _ in 0..12 {
        let known = secret(&server, &[("authorization", &basic("bob", "wrong"))]).await;
        let unknown = secret(&server, &[("authorization", &basic("eve", "wrong"))]).await;
        assert_eq!(likeness(&known), likeness(&unknown));
    }
    let last = secret(&server, &[("authorization", &basic("eve", "wrong"))]).await;
    assert_problem(&last, 429, "");
}

#[tokio::test]
async fn credentials_count_where_they_are_for_and_as_long_as_they_hold() {
    let only_key = CHANNELS.replace("security: [key, partner]", "security: [key]");
    let server = server(&only_key).await;
    let bob = basic("bob", PASSWORD);
    let bobs = [("authorization", bob.as_str())];
    assert_problem(&secret(&server, &bobs).await, 401, "");
    let token = std::fs::read_to_string(server.data().join("admin.token")).unwrap();
    let apply = async |password: &str| {
        let file = server.write("caisson.yaml", format!("version: 1\n{CHANNELS}"));
        let apply = Command::to(&server, ["apply", "-f", &file, "--yes"]).env("CAISSON_TOKEN", token.trim());
        apply.env("KEY", KEY).env("PASSWORD", password).run().await.good();
    };
    apply(PASSWORD).await;
    // Twice: the second time, the password need not be hashed any more.
    for _ in 0..2 {
        assert_eq!(secret(&server, &bobs).await.good(), SECRET);
    }
    apply("another-password").await;
    assert_problem(&secret(&server, &bobs).await, 401, "");
    let new = basic("bob", "another-password");
    assert_eq!(secret(&server, &[("authorization", &new)]).await.good(), SECRET);
}
