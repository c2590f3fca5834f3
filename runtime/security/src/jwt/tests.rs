//! Tokens that are right, and all the ways in which they are not.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header, get_current_timestamp};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PublicKeyData as _};
use serde_json::json;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const SECRET: &str = "a secret that has more than thirty-two bytes";

/// A token of the year 2026 that holds until 2100, made with a key that was thrown away.
const RSA_TOKEN: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbm5hIiwiZXhwIjo0MTAyNDQ0ODAwfQ.k5pQ6zv964Z7dhmEzTd5D6jxwBggEg8aAXF2bTnCeiK3Pskt8eoDSuWh723SRovEuFICt1fJ7_NpTVHLtadoDeM9pzbBg_Al9gKFpIaNsVuD-Uf1nqSwkdkgKgRqBbXmYSX3rDf1_ScZZjVpbKLn41Fzb_oV2x98EboDU7_CXW-dhdKI-dsjhhlKQfT8WIWvRISi9FOJIzxJ1FQhE_Z-WMJjodsth608UPUWp3WA9yplndK0A_tQPzPXok9Yy_0DwA-kOlJbxeSD4y4n0hYomvXEFcB3F5kwzhlAidEAZxWO0_ITTPmTWlAAc-DBgMYSksRObFZoghe9CpDBFYZuvw";
const RSA_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAx0BjMbhubcAqO1GpsjMp
VYiAAov0NmDIWr3p7Mib+o6eGJ+MKdRAs/dK8NlhMZrLCriLyglZSc02Hrrl7Vqb
CbW+92XSYnt/y1zfmDZ50JCP6eHA7guGT0JhD2rHyFqk4xwVp4m/A4x/90yULRMr
rfaSsHgvHJDa7+uwxzjZfu+04aK8gdCqra47/Ig5ITwFi0mCsD+6+oEx/Pu95Too
6Hv2vgVhp8aY5k+Su8IWRPd+UtecY+BC+5maVYXsBHDvGqMEG+rbfJDCJh6/0ZuF
kOt09OmE+v+FTAFJVb0ykipJMsW+S4XBIok/ECklb+TnhNsPefI3WGS2b1fG/guC
TQIDAQAB
-----END PUBLIC KEY-----";

fn made(definition: Value) -> Result<Jwt, String> {
    Jwt::new(&serde_json::from_value(definition).unwrap(), &Shared::new())
}

fn with_secret() -> Value {
    json!({"name": "j", "algorithms": ["HS256"], "secret": SECRET})
}

fn claims() -> Value {
    json!({"sub": "anna", "exp": get_current_timestamp() + 3_600})
}

fn signed(header: &Header, claims: &Value, secret: &[u8]) -> String {
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(secret)).unwrap()
}

fn hs256(claims: &Value) -> String {
    signed(&Header::new(Algorithm::HS256), claims, SECRET.as_bytes())
}

/// A token whose parts are written by hand.
fn forged(header: &str, claims: &Value, signature: &str) -> String {
    format!("{}.{}.{signature}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()))
}

async fn who(definition: Value, token: &str) -> Result<String, &'static str> {
    made(definition).unwrap().verify(&Shared::new(), token).await.map(|who| who.name.to_string())
}

fn changed(mut base: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        base[name] = value.clone();
    }
    base
}

#[tokio::test]
async fn a_right_token_names_the_caller_and_carries_its_claims() {
    let jwt = made(changed(with_secret(), &json!({"principal_claim": "email"}))).unwrap();
    let token = hs256(&changed(claims(), &json!({"email": "anna@a.example", "roles": ["x"]})));
    let who = jwt.verify(&Shared::new(), &token).await.unwrap();
    assert_eq!((&*who.name, &*who.definition, who.kind), ("anna@a.example", "j", "jwt"));
    let claims: Value = serde_json::from_str(who.claims.as_deref().unwrap()).unwrap();
    assert_eq!(claims["roles"], json!(["x"]));
}

#[tokio::test]
async fn claims_decide() {
    let now = get_current_timestamp();
    let strict = json!({"issuer": "me", "audience": ["a", "b"]});
    let fit = json!({"iss": "me", "aud": "a"});
    let cases = [
        (json!({}), json!({"exp": now - 30}), true),
        (json!({"leeway_secs": 0}), json!({"exp": now - 30}), false),
        (json!({}), json!({"exp": now - 600}), false),
        (json!({}), json!({"exp": null}), false),
        (json!({}), json!({"exp": "tomorrow"}), false),
        (json!({}), json!({"exp": -1}), false),
        (json!({}), json!({"nbf": now + 30}), true),
        (json!({}), json!({"nbf": now + 600}), false),
        (json!({}), json!({"nbf": "tomorrow"}), false),
        (json!({}), json!({"nbf": u64::MAX}), false),
        (json!({"leeway_secs": u32::MAX}), json!({}), true),
        (json!({}), json!({"aud": "anybody", "iss": "anybody"}), true),
        (json!({}), json!({"sub": ""}), false),
        (json!({}), json!({"sub": 7}), false),
        (json!({"principal_claim": "email"}), json!({}), false),
        (strict.clone(), fit.clone(), true),
        (strict.clone(), json!({"iss": "me", "aud": ["x", "b"]}), true),
        (strict.clone(), json!({"iss": "me", "aud": "c"}), false),
        (strict.clone(), json!({"iss": "me", "aud": []}), false),
        (strict.clone(), json!({"iss": "me"}), false),
        (strict.clone(), json!({"iss": "you", "aud": "a"}), false),
        (strict.clone(), json!({"iss": ["me", "you"], "aud": "a"}), false),
        (strict, json!({"aud": "a"}), false),
    ];
    for (definition, change, right) in cases {
        let answer = who(changed(with_secret(), &definition), &hs256(&changed(claims(), &change))).await;
        assert_eq!(answer.is_ok(), right, "{definition} {change}: {answer:?}");
    }
}

#[tokio::test]
async fn refuses_forged_and_mangled_tokens() {
    let right = hs256(&claims());
    let (head, signature) = right.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let other = URL_SAFE_NO_PAD.encode(changed(claims(), &json!({"sub": "root"})).to_string());
    let mut critical = Header::new(Algorithm::HS256);
    critical.crit = Some(vec!["exp".to_owned()]);
    let cases = [
        forged(r#"{"alg":"none"}"#, &claims(), ""),
        forged(r#"{"alg":"None","typ":"JWT"}"#, &claims(), signature),
        forged(r#"{"alg":"HS256"}"#, &claims(), ""),
        forged(r"{}", &claims(), signature),
        forged("not json", &claims(), signature),
        signed(&Header::new(Algorithm::HS384), &claims(), SECRET.as_bytes()),
        signed(&Header::new(Algorithm::HS256), &claims(), b"another secret"),
        signed(&Header::new(Algorithm::HS256), &claims(), b""),
        signed(&critical, &claims(), SECRET.as_bytes()),
        format!("{header}.{other}.{signature}"),
        format!("{head}."),
        head.to_owned(),
        format!("{right}.{signature}"),
        format!("{right}x"),
        hs256(&json!([1, 2])),
        hs256(&json!("text")),
        String::new(),
        "..".to_owned(),
    ];
    for token in cases {
        assert!(who(with_secret(), &token).await.is_err(), "{token}");
    }
    assert!(who(with_secret(), &right).await.is_ok());
}

#[tokio::test]
async fn a_public_key_is_never_the_secret_of_an_hmac() {
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let pem = pair.public_key_pem();
    let definition = json!({"name": "j", "algorithms": ["ES256"], "public_key": pem});
    let ec = EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap();
    let right = jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims(), &ec).unwrap();
    assert_eq!(who(definition.clone(), &right).await.as_deref(), Ok("anna"));
    for secret in [pem.as_bytes(), pair.der_bytes(), pem.trim().as_bytes()] {
        let token = signed(&Header::new(Algorithm::HS256), &claims(), secret);
        assert!(who(definition.clone(), &token).await.is_err());
    }
}

#[tokio::test]
async fn verifies_rsa_and_ed25519() {
    let definition =
        |algorithm: &str, pem: &str| json!({"name": "j", "algorithms": [algorithm], "public_key": pem});
    assert_eq!(who(definition("RS256", RSA_PUBLIC), RSA_TOKEN).await.as_deref(), Ok("anna"));
    assert!(
        who(definition("PS256", RSA_PUBLIC), RSA_TOKEN).await.is_err(),
        "another algorithm of the same family"
    );
    let pair = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let key = EncodingKey::from_ed_pem(pair.serialize_pem().as_bytes()).unwrap();
    let token = jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims(), &key).unwrap();
    assert_eq!(who(definition("EdDSA", &pair.public_key_pem()), &token).await.as_deref(), Ok("anna"));
}

#[test]
fn definitions_that_cannot_work_are_refused() {
    let ec = KeyPair::generate().unwrap();
    let cases = [
        (json!({"algorithms": []}), "algorithm"),
        (json!({"secret": null}), "exactly one"),
        (json!({"public_key": RSA_PUBLIC}), "exactly one"),
        (json!({"secret": ""}), "empty"),
        (json!({"secret": RSA_PUBLIC}), "PEM"),
        (json!({"principal_claim": ""}), "principal_claim"),
        (json!({"algorithms": ["HS256", "RS256"]}), "RS256"),
        (json!({"secret": null, "public_key": RSA_PUBLIC}), "HS256"),
        (json!({"secret": null, "public_key": "nonsense"}), "public_key"),
        (json!({"secret": null, "public_key": ec.serialize_pem()}), "private"),
        (json!({"secret": null, "jwks": "nonsense"}), "JSON"),
        (json!({"secret": null, "jwks": "{}"}), "keys"),
        (json!({"secret": null, "jwks": "{\"keys\": [{\"kty\": \"new\"}]}"}), "none of the 1"),
        (json!({"secret": null, "jwks_url": "file:///etc/passwd"}), "no URL"),
        (json!({"secret": null, "jwks_url": "ftp://a.example/keys"}), "no https address"),
        (json!({"secret": null, "jwks_url": "a b"}), "no URL"),
    ];
    for (change, expected) in cases {
        let problem = made(changed(with_secret(), &change)).err().unwrap_or_default();
        assert!(problem.contains(expected), "{change}: {problem}");
        assert!(!problem.contains(SECRET));
    }
}

/// A key, and its public half for a set.
fn key(kid: &str) -> (EncodingKey, Value) {
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let point = pair.der_bytes();
    let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
    let jwk = json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid, "x": x, "y": y});
    (EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap(), jwk)
}

fn es256(kid: Option<&str>, key: &EncodingKey) -> String {
    let mut header = Header::new(Algorithm::ES256);
    header.kid = kid.map(str::to_owned);
    jsonwebtoken::encode(&header, &claims(), key).unwrap()
}

#[tokio::test]
async fn a_key_is_chosen_by_its_name() {
    let ((one, jwk_one), (two, jwk_two), (three, jwk_three)) = (key("one"), key("two"), key("three"));
    let other_use = changed(jwk_three, &json!({"use": "enc"}));
    let set = json!({"keys": [{"kty": "new"}, jwk_one, jwk_two, other_use]}).to_string();
    let definition = json!({"name": "j", "algorithms": ["ES256"], "jwks": set});
    let cases = [
        (es256(Some("one"), &one), true),
        (es256(Some("two"), &two), true),
        (es256(None, &two), true),
        (es256(Some("one"), &two), false),
        (es256(Some("gone"), &one), false),
        (es256(Some("three"), &three), false),
        (es256(None, &three), false),
    ];
    for (token, right) in cases {
        assert_eq!(who(definition.clone(), &token).await.is_ok(), right);
    }
}

/// A server of key sets: what it answers can be changed, and it counts.
struct Source {
    url: String,
    answer: Arc<Mutex<(u16, String)>>,
    asked: Arc<AtomicUsize>,
}

impl Source {
    async fn new(answer: String) -> Self {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let (answer, asked) = (Arc::new(Mutex::new((200, answer))), Arc::new(AtomicUsize::new(0)));
        let (answers, counter) = (Arc::clone(&answer), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let (status, body) = answers.lock().unwrap().clone();
                let mut request = [0; 4096];
                let _read = stream.read(&mut request).await;
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _head = stream.write_all(head.as_bytes()).await;
                let _body = stream.write_all(body.as_bytes()).await;
            }
        });
        Self { url, answer, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn set(&self, status: u16, answer: &Value) {
        *self.answer.lock().unwrap() = (status, answer.to_string());
    }

    /// The definition, in a process whose clock is moved by hand.
    fn jwt(&self) -> (Jwt, Arc<Shared>, Arc<Mutex<Instant>>) {
        let now = Arc::new(Mutex::new(Instant::now()));
        let clock = Arc::clone(&now);
        let shared =
            Shared::with(Arc::new(move || *clock.lock().unwrap()), Arc::new(|_: &str, _: &str| false));
        let definition = json!({"name": "j", "algorithms": ["ES256"], "jwks_url": self.url});
        (Jwt::new(&serde_json::from_value(definition).unwrap(), &shared).unwrap(), shared, now)
    }
}

#[tokio::test]
async fn a_set_is_fetched_once_and_again_for_an_unknown_key_but_not_too_often() {
    let ((one, jwk_one), (two, jwk_two)) = (key("one"), key("two"));
    let source = Source::new(json!({"keys": [jwk_one.clone()]}).to_string()).await;
    let (jwt, shared, now) = source.jwt();
    for _ in 0..3 {
        jwt.verify(&shared, &es256(Some("one"), &one)).await.unwrap();
    }
    assert_eq!(source.asked(), 1);
    source.set(200, &json!({"keys": [jwk_one, jwk_two]}));
    for _ in 0..3 {
        jwt.verify(&shared, &es256(Some("two"), &two)).await.unwrap_err();
    }
    assert_eq!(source.asked(), 1, "not within 30 s");
    *now.lock().unwrap() += Duration::from_secs(31);
    jwt.verify(&shared, &es256(Some("two"), &two)).await.unwrap();
    assert_eq!(source.asked(), 2);
}

#[tokio::test]
async fn the_last_set_stays_in_use_while_the_source_is_away() {
    let ((one, jwk_one), (two, _)) = (key("one"), key("two"));
    let large = json!({"keys": [jwk_one.clone()], "filler": "x".repeat(1024 * 1024)});
    for (status, answer) in [(500, json!({})), (200, json!("nonsense")), (200, large)] {
        let source = Source::new(json!({"keys": [jwk_one.clone()]}).to_string()).await;
        let (jwt, shared, now) = source.jwt();
        jwt.verify(&shared, &es256(Some("one"), &one)).await.unwrap();
        source.set(status, &answer);
        *now.lock().unwrap() += Duration::from_secs(31);
        jwt.verify(&shared, &es256(Some("two"), &two)).await.unwrap_err();
        assert_eq!(source.asked(), 2);
        jwt.verify(&shared, &es256(Some("one"), &one)).await.unwrap();
    }
}

#[tokio::test]
async fn nobody_passes_before_a_set_could_be_fetched() {
    let (one, jwk_one) = key("one");
    let source = Source::new("nonsense".to_owned()).await;
    let (jwt, shared, now) = source.jwt();
    jwt.verify(&shared, &es256(Some("one"), &one)).await.unwrap_err();
    source.set(200, &json!({"keys": [jwk_one]}));
    *now.lock().unwrap() += Duration::from_secs(31);
    jwt.verify(&shared, &es256(Some("one"), &one)).await.unwrap();
}

#[tokio::test]
async fn a_fetched_set_has_no_secrets() {
    let secret = json!({"kty": "oct", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode(SECRET)});
    assert!(KeySet::parse(&json!({"keys": [secret.clone()]}).to_string(), true).is_ok());
    assert!(KeySet::parse(&json!({"keys": [secret]}).to_string(), false).is_err());
}
