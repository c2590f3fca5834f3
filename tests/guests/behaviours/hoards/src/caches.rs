//! Caches that are filled without end, and whatever does not fit into one.

use crate::bindings::caisson::capability::types::Error;
use crate::bindings::caisson::service::cache::{self, Condition, Entry, Parts, Which};
use crate::tally::Tally;

/// The cache that most goes into.
const HOARD: &str = "hoard";

/// Keys of one call.
const TOGETHER: u32 = 1_000;

fn put(name: &str, keys: Vec<String>, value: &[u8]) -> Result<Vec<Entry>, Error> {
    cache::put(name, &Which::Keys(keys), 0, value, 0, Condition::Always, Parts::Keys)
}

fn put_one(name: &str, key: &str, value: &[u8]) -> Result<Vec<Entry>, Error> {
    put(name, vec![key.to_owned()], value)
}

/// Puts so many entries into one cache; how many it has then.
pub(crate) fn entries(count: u32, tally: &mut Tally) {
    for begin in (0..count).step_by(TOGETHER as usize) {
        let keys = (begin..count.min(begin + TOGETHER)).map(|number| format!("entry-{number}"));
        tally.note("put", put(HOARD, keys.collect(), b"x"));
    }
    told_count(tally);
}

/// Puts so many values into one cache, as large as they may be; how many it has then.
pub(crate) fn values(count: u32, tally: &mut Tally) {
    let value = vec![b'x'; 1 << 20];
    for number in 0..count {
        tally.note("put", put_one(HOARD, &format!("value-{number}"), &value));
    }
    told_count(tally);
    tally.note("all", cache::get(HOARD, &Which::All, 0, Parts::Values));
}

fn told_count(tally: &mut Tally) {
    if let Some(count) = tally.note("count", cache::count(HOARD)) {
        tally.add("entries", count);
    }
}

/// Makes so many caches.
pub(crate) fn names(count: u32, tally: &mut Tally) {
    for number in 0..count {
        tally.note("make", put_one(&format!("cache-{number}"), "key", b"x"));
    }
}

/// Puts a value of so many bytes.
pub(crate) fn large(bytes: u32, tally: &mut Tally) {
    tally.note("large", put_one(HOARD, "large", &vec![b'x'; bytes as usize]));
}

/// Whatever is too long, too large, or too much.
pub(crate) fn unfit(tally: &mut Tally) {
    for bytes in [(1 << 20) + 1, 16 << 20] {
        tally.note("value", put_one(HOARD, "key", &vec![b'x'; bytes]));
    }
    for bytes in [0, 1_025, 1 << 20] {
        tally.note("key", put_one(HOARD, &"k".repeat(bytes), b"x"));
    }
    for bytes in [0, 129, 1 << 20] {
        tally.note("name", put_one(&"n".repeat(bytes), "key", b"x"));
        tally.note("name", cache::count(&"n".repeat(bytes)));
    }
    for keys in [10_001, 100_000] {
        tally.note("keys", put(HOARD, vec!["k".to_owned(); keys], b"x"));
    }
    let texts = vec!["k".to_owned(); 65];
    let long = "k".repeat(1 << 20);
    for which in [
        Which::ContainsAll(texts.clone()),
        Which::ContainsAny(texts),
        Which::Prefix(long.clone()),
        Which::Regex(long),
        Which::Regex("((a{1000}){1000}){1000}".to_owned()),
        Which::Regex("(?<=a)b".to_owned()),
        Which::Regex("(".repeat(1_000)),
    ] {
        tally.note("which", cache::get(HOARD, &which, 0, Parts::Keys));
        tally.note("which", cache::delete(HOARD, &which, 0, Parts::Keys));
        tally.note("which", cache::expire(HOARD, &which, 0, u64::MAX, Parts::Keys));
    }
    // A time beyond all clocks.
    let far = cache::put(
        HOARD,
        &Which::Keys(vec!["far".to_owned()]),
        0,
        b"x",
        u64::MAX,
        Condition::Always,
        Parts::Keys,
    );
    tally.note("far", far);
}

/// Keeps a text where [`recall`] finds it.
pub(crate) fn remember(text: &str, tally: &mut Tally) {
    tally.note("remember", put_one("memory", "text", text.as_bytes()));
}

/// Tells what was kept.
pub(crate) fn recall(tally: &mut Tally) {
    let found = tally.note("recall", cache::get("memory", &Which::All, 0, Parts::Values));
    for entry in found.unwrap_or_default() {
        tally.add("known", String::from_utf8_lossy(&entry.value));
    }
}

/// A regular expression that is never found in noise of `a` and `c`, and has so many states that each byte of a key costs the time of
/// thousands.
fn slow() -> String {
    let branches: Vec<String> =
        (1..=12).map(|number| format!("a[ac]{{{}}}[d-z]", 240 + 60 * number)).collect();
    branches.join("|")
}

/// Fills a cache with keys as long as they may be, and searches in them for what takes long to be not found.
pub(crate) fn search(tally: &mut Tally) {
    let mut noise = 1_u64;
    for begin in (0..10_000).step_by(500) {
        let keys = (begin..begin + 500).map(|number| {
            let mut key = number.to_string();
            while key.len() < 1_024 {
                // A shift register: no part of it comes again.
                noise ^= noise << 13;
                noise ^= noise >> 7;
                noise ^= noise << 17;
                key.push(if noise & 1 == 0 { 'a' } else { 'c' });
            }
            key
        });
        tally.note("put", put(HOARD, keys.collect(), b"x"));
    }
    tally.note("search", cache::get(HOARD, &Which::Regex(slow()), 0, Parts::Keys));
}
