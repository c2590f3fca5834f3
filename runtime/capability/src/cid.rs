//! Correlation ids: one for everything that one inbound message sets in motion.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Crockford's base 32 without look-alikes: safe in URLs, headers and file names, easy to read aloud.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Length of an id in characters: 24 x 5 bits = 120 random bits, so that ids made on different nodes never meet.
const LENGTH: usize = 24;

/// Ids that one call to the operating system provides for: the call costs more than all else about an id.
const IDS_AT_ONCE: usize = 64;

thread_local! {
    static STOCK: RefCell<Stock> = const { RefCell::new(Stock { bytes: [0; LENGTH * IDS_AT_ONCE], used: LENGTH * IDS_AT_ONCE }) };
}

/// Random bytes of one thread, each used once.
struct Stock {
    bytes: [u8; LENGTH * IDS_AT_ONCE],
    used: usize,
}

impl Stock {
    fn take(&mut self) -> [u8; LENGTH] {
        if self.used >= self.bytes.len() {
            self.fill();
        }
        let mut taken = [0; LENGTH];
        if let Some(fresh) = self.bytes.get(self.used..self.used + LENGTH) {
            taken.copy_from_slice(fresh);
        }
        self.used += LENGTH;
        taken
    }

    fn fill(&mut self) {
        self.used = 0;
        if getrandom::fill(&mut self.bytes).is_ok() {
            return;
        }
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_nanos());
        for (position, id) in self.bytes.chunks_mut(LENGTH).enumerate() {
            let seed = nanos.wrapping_add(position as u128).to_le_bytes();
            for (byte, part) in id.iter_mut().zip(seed.iter().cycle()) {
                *byte = *part;
            }
        }
    }
}

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
        let bytes = STOCK.with_borrow_mut(Stock::take);
        let mut text = [b'0'; LENGTH];
        for (letter, byte) in text.iter_mut().zip(bytes) {
            *letter = ALPHABET.get(usize::from(byte & 31)).copied().unwrap_or(b'0');
        }
        Self(str::from_utf8(&text).unwrap_or_default().into())
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
