//! Correlation ids: one for everything that one inbound message sets in motion.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Crockford's base 32 without look-alikes: safe in URLs, headers and file names, easy to read aloud.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Length of an id in characters: 24 x 5 bits = 120 random bits, so that ids made on different nodes never meet.
const LENGTH: usize = 24;

/// Between an id and what tells the calls in the background apart that it has set in motion.
const BRANCH: char = '~';

/// Length of what tells them apart: 60 random bits.
const BRANCH_LENGTH: usize = 12;

/// The longest id that calls in the background have as their beginning; a service may have made one up that is longer.
const MAX_ROOT: usize = 100;

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

    /// An id for a call in the background that something of this id sets in motion. It begins as this one does up to the `~`, so that
    /// all that one message leads to can be found by its id, however far the calls lead; what follows tells the calls apart.
    #[must_use]
    pub fn branch(&self) -> Self {
        let new = Self::new();
        let root = self.0.split(BRANCH).next().unwrap_or_default();
        if root.is_empty() || root.len() > MAX_ROOT {
            return new;
        }
        let own = new.0.get(..BRANCH_LENGTH).unwrap_or_default();
        Self(format!("{root}{BRANCH}{own}").into())
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
    fn branches_begin_as_their_root_does_and_grow_no_longer() {
        let root = Cid::from("order");
        let (one, two) = (root.branch(), root.branch());
        assert_ne!(one, two);
        for branch in [&one, &two, &one.branch(), &one.branch().branch()] {
            let own = branch.as_str().strip_prefix("order~").unwrap();
            assert!(own.len() == BRANCH_LENGTH && own.bytes().all(|b| ALPHABET.contains(&b)), "{branch}");
        }
        for no_root in ["", "~a", &"x".repeat(MAX_ROOT + 1)] {
            assert_eq!(Cid::from(no_root).branch().as_str().len(), LENGTH, "{no_root}");
        }
    }

    #[test]
    fn ids_are_of_one_length_and_do_not_repeat() {
        let ids: std::collections::HashSet<String> =
            (0..10_000).map(|_| Cid::new().as_str().to_owned()).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.len() == LENGTH && id.bytes().all(|b| ALPHABET.contains(&b))));
    }
}
