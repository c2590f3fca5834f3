//! Detours: other spellings of a path, which must not lead around its guard, and heads that are too much.

use super::{CHANNELS, KEY, SECRET, exchange, server};
use crate::harness::assert_problem;
use http::Method;

#[tokio::test]
async fn no_spelling_of_a_path_leads_around_its_guard() {
    let server = server(CHANNELS).await;
    let targets = [
        "/secret",
        "//secret",
        "///secret",
        "/./secret",
        "/secret/",
        "/secret/.",
        "/secret//",
        "/public/../secret",
        "/public/x/../../secret",
        "/public/%2e%2e/secret",
        "/public/.%2E/secret",
        "/public/..%2fsecret",
        "/public/..%5csecret",
        "/public/..\\secret",
        "/%73ecret",
        "/secre%74",
        "/%2fsecret",
        "/%2e/secret",
        "/secret%00",
        "/secret%20",
        "/secret%0d%0a",
        "/secret;x=y",
        "/secret?",
        "/secret?x=/public/",
        "/SECRET",
        "/Secret",
        "/secret%23",
        "/secret%3f",
        "/public%2f..%2fsecret",
        "/public/%252e%252e/secret",
        "/public/%c0%ae%c0%ae/secret",
        "/secret/../secret",
        "/services/abused.secret",
        "/services/../secret",
        "/api/v1/services/abused.secret/invoke",
        "http://x/secret",
        "http://x//secret",
        "http://x/public/../secret",
        "http://evil@x/secret",
        "*",
        "secret",
        "../secret",
        "/public/../../../../secret",
        "/public/..;/secret",
        "/public/.../secret",
    ];
    for target in targets {
        for more in
            ["", "x-original-url: /public/a\r\nx-rewrite-url: /public/a\r\nx-forwarded-for: 127.0.0.1\r\n"]
        {
            let bytes = format!("GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}\r\n");
            let (statuses, said) = exchange(&server, bytes).await;
            assert!(!said.contains(SECRET), "{target}: {said}");
            assert!(statuses.len() == 1 && !statuses[0].starts_with('5'), "{target}: {said}");
        }
    }
    assert!(!server.log().contains("the secret service was called"));
    let key = [("x-api-key", KEY)];
    assert_eq!(
        server.path_with(Method::GET, "/secret", &key).await.good(),
        SECRET,
        "with the key it answers"
    );
}

#[tokio::test]
async fn other_methods_do_not_lead_around_a_guard() {
    let server = server(CHANNELS).await;
    for method in
        ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "PROPFIND", "GETX"]
    {
        for more in ["", "x-http-method-override: GET\r\nx-http-method: GET\r\nx-method-override: GET\r\n"] {
            let bytes = format!("{method} /secret HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}\r\n");
            let (statuses, said) = exchange(&server, bytes).await;
            let good = statuses.len() == 1 && statuses[0].starts_with('4')
                || statuses == ["204"] && method == "OPTIONS";
            assert!(good && !said.contains(SECRET), "{method}: {said}");
        }
    }
    assert!(!server.log().contains("the secret service was called"));
}

#[tokio::test]
async fn paths_that_are_too_long_or_badly_encoded_are_the_callers_fault() {
    let server = server(CHANNELS).await;
    for (path, status) in [
        (format!("/public/{}", "a".repeat(9_000)), 414),
        (format!("/public/{}", "%61".repeat(3_000)), 414),
        (format!("/public/{}", "/..".repeat(2_900)), 414),
        ("/public/%".to_owned(), 400),
        ("/public/%1".to_owned(), 400),
        ("/public/%zz".to_owned(), 400),
        ("/public/%ff".to_owned(), 400),
        ("/public/%c0%af".to_owned(), 400),
        ("/public/%ed%a0%80".to_owned(), 400),
        ("/public/%00".to_owned(), 400),
        ("/public/a%0d%0ax".to_owned(), 400),
    ] {
        let shown: String = path.chars().take(40).collect();
        let answer = server.path_with(Method::GET, &path, &[]).await;
        assert_eq!(answer.status.as_u16(), status, "{shown}: {}", answer.text());
        assert_problem(&answer, status, "");
    }
    let longest = format!("/public/{}", "a".repeat(8_000));
    assert_eq!(server.path_with(Method::GET, &longest, &[]).await.status, 200);
}
