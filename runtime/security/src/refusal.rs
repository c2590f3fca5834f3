//! How attempts are refused. Callers learn as little as possible, operators the reason.

use caisson_capability::{Error, ErrorKind, Fault, Field};
use std::time::Duration;

/// 401. `challenges` say how to do better, one for each header `WWW-Authenticate`.
pub(crate) fn unauthorized(challenges: Vec<String>, detail: String) -> Error {
    let mut error = Error::new(ErrorKind::Unauthenticated, "Unauthorized").detail(detail);
    error.headers = challenges.into_iter().map(challenge).collect();
    error
}

fn challenge(text: String) -> Field {
    ("WWW-Authenticate".to_owned(), text)
}

/// 403.
pub(crate) fn forbidden(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::AccessDenied, "Forbidden").detail(detail)
}

/// 429, because too many attempts failed.
pub(crate) fn locked(left: Duration) -> Error {
    Error::new(ErrorKind::QuotaExceeded, "Too many failed attempts; wait as long as Retry-After says")
        .fault(Fault::Caller)
        .detail("locked out after failed attempts, whether the credentials are right now or not")
        .retry_after(left)
}

/// 503, because passwords of too many others are being checked.
pub(crate) fn busy() -> Error {
    Error::new(ErrorKind::Unavailable, "Too many logins at once; try again")
        .detail("the queue for checking passwords is full: a flood of logins, or of wrong passwords")
        .retry_after(Duration::from_secs(1))
}

/// A `quoted-string` (RFC 9110, 5.6.4).
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            ' '..='~' => quoted.push(character),
            // Nothing else can be in a header without being misread by someone.
            _ => quoted.push('?'),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_realm_cannot_leave_its_quotes() {
        for (text, expected) in [
            ("plain", r#""plain""#),
            (r#"a"b\c"#, r#""a\"b\\c""#),
            ("line\r\nbreak", r#""line??break""#),
            ("ümlaut", r#""?mlaut""#),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }
}
