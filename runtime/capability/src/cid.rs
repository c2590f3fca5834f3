//! Correlation ids: one for everything that one inbound message sets in motion.

use std::fmt;
use std::sync::Arc;

/// Crockford's base 32 without look-alikes: safe in URLs, headers and file names, easy to read aloud.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Length of an id in characters: 24 x 5 bits = 120 random bits, so that ids made on different nodes never meet.
const LENGTH: usize = 24;

/// A correlation id. Cheap to clone: it travels with every log record and every nested call.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cid(Arc<str>);

impl Cid {
    /// Makes a new id from the operating system's random source.
    ///
    /// A machine whose random source fails cannot run TLS either; the id then degrades to the clock rather than
    /// failing the request.
    #[must_use]
    pub fn new() -> Self {
        let mut bytes = [0_u8; LENGTH];
        if getrandom::fill(&mut bytes).is_err() {
            let nanos = std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |elapsed| elapsed.as_nanos());
            for (byte, part) in bytes.iter_mut().zip(nanos.to_le_bytes().iter().cycle()) {
                *byte = *part;
            }
        }
        let text: String = bytes
            .iter()
            .filter_map(|byte| ALPHABET.get(usize::from(byte & 31)).map(|letter| char::from(*letter)))
            .collect();
        Self(text.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Cid {
    fn default() -> Self {
        Self::new()
    }
}

impl From<&str> for Cid {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_one_length_and_do_not_repeat() {
        let ids: std::collections::HashSet<String> =
            (0..10_000).map(|_| Cid::new().as_str().to_owned()).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.len() == LENGTH && id.bytes().all(|b| ALPHABET.contains(&b))));
    }
}
