//! The header `Authorization` (RFC 9110, RFC 7617, RFC 6750), read strictly: what two readers could understand in two ways is
//! refused, because the other reader may be a proxy in front of us.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// More than any password or sane token needs.
const MAX_BYTES: usize = 8 * 1024;

/// What the header says.
#[derive(PartialEq, Eq)]
pub(crate) enum Authorization<'a> {
    /// There is no such header.
    Absent,
    /// A user name and a password.
    Basic { username: String, password: String },
    /// A token.
    Bearer(&'a str),
    /// A scheme that is not ours.
    Other,
    /// It cannot be read, for this reason.
    Malformed(Scheme, &'static str),
}

/// Which scheme a header that cannot be read was meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Basic,
    Bearer,
    Unknown,
}

impl Authorization<'_> {
    pub(crate) fn is_basic(&self) -> bool {
        matches!(self, Self::Basic { .. } | Self::Malformed(Scheme::Basic, _))
    }
}

impl std::fmt::Debug for Authorization<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Absent => f.write_str("Absent"),
            Self::Basic { .. } => f.write_str("Basic(..)"),
            Self::Bearer(_) => f.write_str("Bearer(..)"),
            Self::Other => f.write_str("Other"),
            Self::Malformed(scheme, why) => f.debug_tuple("Malformed").field(scheme).field(why).finish(),
        }
    }
}

/// Reads the header.
pub(crate) fn parse(headers: &HeaderMap) -> Authorization<'_> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Authorization::Absent };
    let unknown = |why| Authorization::Malformed(Scheme::Unknown, why);
    if values.next().is_some() {
        return unknown("there are several Authorization headers");
    }
    if value.len() > MAX_BYTES {
        return unknown("the Authorization header is longer than 8 KiB");
    }
    let Ok(text) = value.to_str() else { return unknown("the Authorization header is not ASCII") };
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = rest.trim_matches(' ');
    if scheme.eq_ignore_ascii_case("basic") {
        basic(rest)
    } else if scheme.eq_ignore_ascii_case("bearer") {
        bearer(rest)
    } else {
        Authorization::Other
    }
}

fn basic(encoded: &str) -> Authorization<'static> {
    let wrong = |why| Authorization::Malformed(Scheme::Basic, why);
    let Ok(decoded) = STANDARD.decode(encoded) else { return wrong("the credentials are not base64") };
    let Ok(text) = String::from_utf8(decoded) else { return wrong("the credentials are not UTF-8") };
    let Some((username, password)) = text.split_once(':') else {
        return wrong("there is no colon between user name and password");
    };
    // RFC 7617, section 2: neither may contain control characters.
    if text.chars().any(char::is_control) {
        return wrong("the credentials contain control characters");
    }
    Authorization::Basic { username: username.to_owned(), password: password.to_owned() }
}

fn bearer(token: &str) -> Authorization<'_> {
    // RFC 6750, section 2.1: b64token.
    let body = token.trim_end_matches('=');
    let sane = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    if body.is_empty() || !body.bytes().all(sane) {
        return Authorization::Malformed(Scheme::Bearer, "there is no token after Bearer");
    }
    Authorization::Bearer(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    fn encoded(text: impl AsRef<[u8]>) -> String {
        STANDARD.encode(text)
    }

    #[test]
    fn reads_user_name_and_password() {
        for (text, username, password) in [
            ("a:b", "a", "b"),
            (":", "", ""),
            ("a:b:c", "a", "b:c"),
            ("jürgen:pässword", "jürgen", "pässword"),
        ] {
            for scheme in ["Basic", "basic", "BASIC", "Basic  "] {
                let headers = headers(&[format!("{scheme} {}", encoded(text)).as_bytes()]);
                let expected =
                    Authorization::Basic { username: username.to_owned(), password: password.to_owned() };
                assert!(parse(&headers) == expected, "{scheme} {text}");
            }
        }
    }

    #[test]
    fn refuses_what_cannot_be_read() {
        let long = format!("Basic {}", encoded("a:".to_owned() + &"b".repeat(8 * 1024)));
        let cases: Vec<(Vec<u8>, Scheme)> = vec![
            (b"Basic".to_vec(), Scheme::Basic),
            (b"Basic ".to_vec(), Scheme::Basic),
            (b"Basic !!!!".to_vec(), Scheme::Basic),
            (b"Basic YTpi YTpi".to_vec(), Scheme::Basic),
            (b"Basic YTpi,YTpi".to_vec(), Scheme::Basic),
            (b"Basic YQ".to_vec(), Scheme::Basic),
            (format!("Basic {}", encoded("no colon")).into_bytes(), Scheme::Basic),
            (format!("Basic {}", encoded("a:b\0")).into_bytes(), Scheme::Basic),
            (format!("Basic {}", encoded("a\n:b")).into_bytes(), Scheme::Basic),
            (format!("Basic {}", encoded(b"a:\xff")).into_bytes(), Scheme::Basic),
            (long.into_bytes(), Scheme::Unknown),
            (b"Basic \xff".to_vec(), Scheme::Unknown),
            (b"Bearer".to_vec(), Scheme::Bearer),
            (b"Bearer  ".to_vec(), Scheme::Bearer),
            (b"Bearer a b".to_vec(), Scheme::Bearer),
            (b"Bearer a,b".to_vec(), Scheme::Bearer),
            (b"Bearer =".to_vec(), Scheme::Bearer),
        ];
        for (value, scheme) in cases {
            let headers = headers(&[&value]);
            let parsed = parse(&headers);
            assert!(matches!(parsed, Authorization::Malformed(of, _) if of == scheme), "{parsed:?}");
        }
    }

    #[test]
    fn refuses_several_headers_even_if_they_are_equal() {
        let headers = headers(&[b"Basic YTpi", b"Basic YTpi"]);
        assert!(matches!(parse(&headers), Authorization::Malformed(Scheme::Unknown, _)));
    }

    #[test]
    fn other_schemes_are_not_ours() {
        for value in ["Digest username=\"a\"", "Negotiate YTpi", "", "Basicly YTpi", "Basic\tYTpi"] {
            assert!(parse(&headers(&[value.as_bytes()])) == Authorization::Other, "{value}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let headers = headers(&[format!("Basic {}", encoded("anna:s3cret")).as_bytes()]);
        assert!(!format!("{:?}", parse(&headers)).contains("s3cret"));
    }

    proptest! {
        #[test]
        fn reads_back_what_a_client_writes(username in "[^:\\p{Cc}]{0,40}", password in "\\P{Cc}{0,40}") {
            let headers = headers(&[format!("Basic {}", encoded(format!("{username}:{password}"))).as_bytes()]);
            let expected = Authorization::Basic { username, password };
            prop_assert!(parse(&headers) == expected);
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), scheme in "(Basic |bearer |)") {
            let mut value = scheme.into_bytes();
            value.extend(bytes);
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                let mut headers = HeaderMap::new();
                headers.insert(AUTHORIZATION, value);
                let _parsed = parse(&headers);
            }
        }

        #[test]
        fn a_token_is_what_follows_bearer(token in "[A-Za-z0-9._~+/-]{1,80}={0,2}") {
            let headers = headers(&[format!("Bearer {token}").as_bytes()]);
            prop_assert!(parse(&headers) == Authorization::Bearer(&token));
        }
    }
}
