//! Client certificates, which the TLS side of the port has verified.

use crate::address::Allowed;
use crate::attempt::{Attempt, ClientCertificate};
use crate::guard::Found;
use crate::limit::Limiter;
use crate::shared::Shared;
use caisson_capability::Principal;
use caisson_definition::model;
use std::sync::Arc;

/// A definition, made ready.
pub(crate) struct Mtls {
    principal: Arc<Principal>,
    allowed: Allowed,
    limiter: Option<Arc<Limiter>>,
    subjects: Vec<String>,
    fingerprints: Vec<[u8; 32]>,
}

impl Mtls {
    pub(crate) fn new(one: &model::Mtls, shared: &Shared) -> Result<Self, String> {
        let name = &one.name;
        if one.subjects.is_empty() && one.fingerprints.is_empty() {
            return Err(format!(
                "security `{name}`: it accepts no certificate; list subjects or fingerprints"
            ));
        }
        if one.subjects.iter().any(String::is_empty) {
            return Err(format!(
                "security `{name}`: one of its subjects is empty; write a name or take it out"
            ));
        }
        let read = |text: &String| {
            fingerprint(text).ok_or_else(|| {
                format!("security `{name}`: `{text}` is no SHA-256 fingerprint; write 64 hexadecimal digits")
            })
        };
        let fingerprints = one.fingerprints.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self {
            principal: Arc::new(Principal::new(name.as_str(), name.as_str(), "mtls")),
            allowed: Allowed::new(&one.allow_from),
            limiter: one.rate_limit.as_ref().map(|limit| shared.limiter(&format!("security/{name}"), limit)),
            subjects: one.subjects.clone(),
            fingerprints,
        })
    }

    fn accepts(&self, certificate: &ClientCertificate) -> bool {
        let named = |subject: &String| {
            certificate.common_name.as_ref() == Some(subject) || certificate.dns_names.contains(subject)
        };
        self.fingerprints.contains(&certificate.fingerprint) || self.subjects.iter().any(named)
    }
}

/// Finds the first of `all` that accepts the client's certificate.
pub(crate) fn check(all: &[Arc<Mtls>], attempt: &Attempt<'_>) -> Found {
    let Some(certificate) = attempt.certificate else { return Found::Nothing };
    let mut found = Found::Wrong("no definition accepts the client's certificate");
    for one in all.iter().filter(|one| one.accepts(certificate)) {
        found = Found::one(&one.principal, &one.allowed, one.limiter.as_ref(), attempt.peer);
        if matches!(found, Found::Right(..)) {
            break;
        }
    }
    found
}

/// Reads 64 hexadecimal digits, with or without colons between.
fn fingerprint(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|character| *character != ':')
        .map(|character| character.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair.iter().fold(0, |value, digit| value << 4 | digit);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_fingerprints_with_and_without_colons() {
        let plain = "0f".repeat(32);
        let colons = vec!["0F"; 32].join(":");
        assert_eq!(fingerprint(&plain), Some([15; 32]));
        assert_eq!(fingerprint(&colons), Some([15; 32]));
        for wrong in ["", "0f", &"0g".repeat(32), &"0f".repeat(33), &"0f".repeat(31), "ü"] {
            assert_eq!(fingerprint(wrong), None, "{wrong}");
        }
    }
}
