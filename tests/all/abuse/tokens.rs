//! Tokens that are forged, stolen, stale, or meant for somebody else.

use super::{KEY, SECRET, exchange, server};
use crate::harness::{Answer, Server, assert_problem};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use serde_json::{Value, json};

/// The public half of a key whose other half was thrown away, and a token that was signed with it before.
const PUBLIC: &str = "\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAx0BjMbhubcAqO1GpsjMp
VYiAAov0NmDIWr3p7Mib+o6eGJ+MKdRAs/dK8NlhMZrLCriLyglZSc02Hrrl7Vqb
CbW+92XSYnt/y1zfmDZ50JCP6eHA7guGT0JhD2rHyFqk4xwVp4m/A4x/90yULRMr
rfaSsHgvHJDa7+uwxzjZfu+04aK8gdCqra47/Ig5ITwFi0mCsD+6+oEx/Pu95Too
6Hv2vgVhp8aY5k+Su8IWRPd+UtecY+BC+5maVYXsBHDvGqMEG+rbfJDCJh6/0ZuF
kOt09OmE+v+FTAFJVb0ykipJMsW+S4XBIok/ECklb+TnhNsPefI3WGS2b1fG/guC
TQIDAQAB
-----END PUBLIC KEY-----";
const SIGNED: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbm5hIiwiZXhwIjo0MTAyNDQ0ODAwfQ.k5pQ6zv964Z7dhmEzTd5D6jxwBggEg8aAXF2bTnCeiK3Pskt8eoDSuWh723SRovEuFICt1fJ7_NpTVHLtadoDeM9pzbBg_Al9gKFpIaNsVuD-Uf1nqSwkdkgKgRqBbXmYSX3rDf1_ScZZjVpbKLn41Fzb_oV2x98EboDU7_CXW-dhdKI-dsjhhlKQfT8WIWvRISi9FOJIzxJ1FQhE_Z-WMJjodsth608UPUWp3WA9yplndK0A_tQPzPXok9Yy_0DwA-kOlJbxeSD4y4n0hYomvXEFcB3F5kwzhlAidEAZxWO0_ITTPmTWlAAc-DBgMYSksRObFZoghe9CpDBFYZuvw";

/// A channel for tokens of a shared secret, and one for tokens of that key.
async fn started() -> Server {
    let key = PUBLIC.replace('\n', "\n      ");
    server(&format!(
        "security:\n  - {{name: shared, type: jwt, algorithms: [HS256], secret: \"${{env:KEY}}\", issuer: me, \
         audience: [orders], leeway_secs: 0}}\n  - name: pair\n    type: jwt\n    algorithms: [RS256]\n    \
         public_key: |\n      {key}\nchannels:\n  \
         - {{name: shared, type: rest, path: /shared, service: abused.secret, security: [shared]}}\n  \
         - {{name: pair, type: rest, path: /pair, service: abused.secret, security: [pair]}}\n"
    ))
    .await
}

fn claims(changes: &Value) -> Value {
    let mut claims =
        json!({"sub": "anna", "iss": "me", "aud": "orders", "exp": get_current_timestamp() + 3_600});
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn signed(header: &Header, claims: &Value, secret: &[u8]) -> String {
    encode(header, claims, &EncodingKey::from_secret(secret)).unwrap()
}

/// A token whose parts are written by hand.
fn forged(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

async fn with_token(server: &Server, path: &str, token: &str) -> Answer {
    server.path_with(Method::GET, path, &[("authorization", &format!("Bearer {token}"))]).await
}

/// Each of the tokens is refused, and not why: that is for the operator's log.
async fn assert_all_refused(server: &Server, cases: &[(&str, &str, String)]) {
    let mut wrong = Vec::new();
    for (what, path, token) in cases {
        let answer = with_token(server, path, token).await;
        let refused = crate::harness::check_problem(&answer, 401, "");
        let challenge = answer.header("www-authenticate");
        let alike =
            answer.json()["details"] == "Unauthorized" && challenge.contains("error=\"invalid_token\"");
        if refused.is_err() || !alike {
            wrong.push(format!("{what}: {refused:?} {challenge} {}", answer.text()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(!server.log().contains("the secret service was called"));
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let server = started().await;
    let good = signed(&Header::new(Algorithm::HS256), &claims(&json!({})), KEY.as_bytes());
    let (head, rest) = good.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let unsigned = |name: &str| forged(&json!({"alg": name, "typ": "JWT"}), &claims(&json!({})), "");
    let confused = |algorithm| signed(&Header::new(algorithm), &claims(&json!({})), PUBLIC.as_bytes());
    let other = |header: Header| {
        signed(&header, &claims(&json!({})), b"another secret of more than thirty-two bytes")
    };
    let mut cases: Vec<(&str, &str, String)> = Vec::new();
    for path in ["/shared", "/pair"] {
        for name in ["none", "None", "NONE", "nOnE", "", "HS257"] {
            cases.push(("no signature", path, unsigned(name)));
        }
        cases.push(("the public key as a secret", path, confused(Algorithm::HS256)));
        cases.push(("the public key as a longer secret", path, confused(Algorithm::HS512)));
        cases.push(("another secret", path, other(Header::new(Algorithm::HS256))));
        cases.push((
            "an empty secret",
            path,
            signed(&Header::new(Algorithm::HS256), &claims(&json!({})), b""),
        ));
        let kid = Header { kid: Some("../../../../dev/null".to_owned()), ..Header::new(Algorithm::HS256) };
        cases.push(("a key's name that is a path", path, other(kid)));
        let brought =
            json!({"alg": "HS256", "jwk": {"kty": "oct", "k": "AAAA"}, "jku": "http://127.0.0.1:1/"});
        cases.push(("a key that it brings along", path, forged(&brought, &claims(&json!({})), "AAAA")));
        cases.push(("two dots", path, "..".to_owned()));
        cases.push(("one part", path, head.to_owned()));
    }
    cases.push(("no signature left", "/shared", good.rsplit_once('.').unwrap().0.to_owned()));
    cases.push(("an empty signature", "/shared", format!("{}.", good.rsplit_once('.').unwrap().0)));
    let admin = URL_SAFE_NO_PAD.encode(claims(&json!({"sub": "admin"})).to_string());
    cases.push(("other claims below the signature", "/shared", format!("{head}.{admin}.{signature}")));
    cases.push(("a fourth part", "/shared", format!("{good}.{signature}")));
    cases.push(("that of the other channel", "/pair", good.clone()));
    cases.push(("that of the other key", "/shared", SIGNED.to_owned()));
    let crit = json!({"alg": "HS256", "crit": ["exp"]});
    cases.push(("an extension that nobody knows", "/shared", forged(&crit, &claims(&json!({})), signature)));
    assert_all_refused(&server, &cases).await;
    assert_eq!(with_token(&server, "/shared", &good).await.good(), SECRET);
    assert_eq!(with_token(&server, "/pair", SIGNED).await.good(), SECRET);
}

#[tokio::test]
async fn tokens_of_another_time_or_for_others_are_refused() {
    let server = started().await;
    let now = get_current_timestamp();
    let cases: Vec<(&str, &str, String)> = [
        ("expired", json!({"exp": now - 5})),
        ("without an end", json!({"exp": null})),
        ("an end in words", json!({"exp": "tomorrow"})),
        ("not yet", json!({"nbf": now + 600})),
        ("for others", json!({"aud": "invoices"})),
        ("for nobody", json!({"aud": null})),
        ("from others", json!({"iss": "you"})),
        ("from nobody", json!({"iss": null})),
        ("from several", json!({"iss": ["me", "you"]})),
        ("of nobody", json!({"sub": null})),
        ("of an empty name", json!({"sub": ""})),
    ]
    .into_iter()
    .map(|(what, changes)| {
        (what, "/shared", signed(&Header::new(Algorithm::HS256), &claims(&changes), KEY.as_bytes()))
    })
    .collect();
    assert_all_refused(&server, &cases).await;
    // However many: a signature cannot be guessed, and a client that has slept is no attacker.
    let good = signed(&Header::new(Algorithm::HS256), &claims(&json!({"nbf": now - 5})), KEY.as_bytes());
    for _ in 0..3 {
        assert_eq!(with_token(&server, "/shared", &good).await.good(), SECRET, "a token may be used again");
    }
}

#[tokio::test]
async fn tokens_are_read_from_one_header_of_a_sane_size_only() {
    let server = started().await;
    let good = signed(&Header::new(Algorithm::HS256), &claims(&json!({})), KEY.as_bytes());
    let bearer = format!("Bearer {good}");
    for (what, headers) in [
        ("twice", vec![("authorization", bearer.as_str()), ("authorization", bearer.as_str())]),
        ("as a cookie", vec![("cookie", bearer.as_str())]),
        ("in another header", vec![("x-authorization", bearer.as_str())]),
        ("without a scheme", vec![("authorization", good.as_str())]),
    ] {
        let answer = server.path_with(Method::GET, "/shared", &headers).await;
        assert_eq!(crate::harness::check_problem(&answer, 401, ""), Ok(()), "{what}");
    }
    let path = format!("/shared?access_token={good}");
    assert_problem(&server.path_with(Method::GET, &path, &[]).await, 401, "");
    let large =
        signed(&Header::new(Algorithm::HS256), &claims(&json!({"x": "y".repeat(20_000)})), KEY.as_bytes());
    assert_problem(&with_token(&server, "/shared", &large).await, 401, "");
    let huge = "x".repeat(1 << 20);
    let bytes = format!("GET /shared HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {huge}\r\n\r\n");
    let (statuses, said) = exchange(&server, bytes).await;
    assert!(statuses == ["431"] || statuses.is_empty(), "{said}");
    assert_eq!(with_token(&server, "/shared", &good).await.good(), SECRET);
}
