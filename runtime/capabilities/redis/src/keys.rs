//! Which keys a command touches, and which of them grants allow.
//!
//! **Architecture Invariant:** what is not understood for certain counts as a command whose keys are unknown. It is never guessed that
//! Redis reads a word as we do.

use crate::client::wire::Command;
use crate::commands::{Keys, Op, known};
use caisson_capability::{Grant, Granted};

/// The keys of a command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// These and no others.
    All(Vec<&'a [u8]>),
    /// These, and others that nobody knows.
    Some(Vec<&'a [u8]>),
    /// All that fit each of these patterns of Redis.
    Pattern(Vec<&'a [u8]>),
}

/// Finds the keys.
pub(crate) fn of(command: &Command, place: Keys) -> Found<'_> {
    let words: Vec<&[u8]> = command.iter().map(Vec::as_slice).collect();
    let at = |index: usize| words.get(index).copied().into_iter().collect::<Vec<_>>();
    match place {
        Keys::None => Found::All(Vec::new()),
        Keys::Unknown => Found::Some(Vec::new()),
        Keys::At(index) => Found::All(at(index)),
        Keys::Two(one, two) => Found::All([at(one), at(two)].concat()),
        Keys::From(first, step) => Found::All(words.iter().skip(first).step_by(step).copied().collect()),
        Keys::Counted(index) => counted(&words, index).map_or(Found::Some(Vec::new()), Found::All),
        Keys::Stored => match counted(&words, 2) {
            Some(keys) => Found::All([at(1), keys].concat()),
            None => Found::Some(at(1)),
        },
        Keys::Streams => streams(&words).map_or(Found::Some(Vec::new()), |(keys, _)| Found::All(keys)),
        Keys::Sort => sort(&words),
        Keys::Radius => radius(&words),
        // COPY a b DB 3 writes into another database, where the patterns of a grant mean nothing.
        Keys::Copied if words.iter().skip(3).any(|word| word.eq_ignore_ascii_case(b"DB")) => {
            Found::Some(at(1))
        }
        Keys::Copied => Found::All([at(1), at(2)].concat()),
        Keys::Pattern => Found::Pattern(at(1)),
        Keys::Scan => scan(&words),
    }
}

/// Whether a command that reads streams would block.
pub(crate) fn blocks(command: &Command) -> bool {
    let words: Vec<&[u8]> = command.iter().map(Vec::as_slice).collect();
    // What cannot be understood and has the word is taken for one that does.
    streams(&words)
        .map_or_else(|| words.iter().any(|word| word.eq_ignore_ascii_case(b"BLOCK")), |(_, blocks)| blocks)
}

/// A number as Redis reads it, and no other.
fn number(word: &[u8]) -> Option<usize> {
    let plain = word.iter().all(u8::is_ascii_digit) && (word.len() == 1 || word.first() != Some(&b'0'));
    std::str::from_utf8(word).ok().filter(|_| plain)?.parse().ok()
}

fn counted<'a>(words: &[&'a [u8]], index: usize) -> Option<Vec<&'a [u8]>> {
    let count = number(words.get(index)?)?;
    let after = words.get(index + 1..)?;
    after.get(..count).map(<[&[u8]]>::to_vec)
}

/// The keys of XREAD and XREADGROUP, and whether they block.
fn streams<'a>(words: &[&'a [u8]]) -> Option<(Vec<&'a [u8]>, bool)> {
    let mut at = 1;
    let mut blocks = false;
    loop {
        let option = words.get(at)?.to_ascii_uppercase();
        at += match option.as_slice() {
            b"STREAMS" => break,
            b"COUNT" => 2,
            b"BLOCK" => {
                blocks = true;
                2
            }
            b"GROUP" => 3,
            b"NOACK" => 1,
            _ => return None,
        };
    }
    let rest = words.get(at + 1..)?;
    if rest.is_empty() || rest.len() % 2 != 0 {
        return None;
    }
    rest.get(..rest.len() / 2).map(|keys| (keys.to_vec(), blocks))
}

/// SORT key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC|DESC] [ALPHA] [STORE target].
fn sort<'a>(words: &[&'a [u8]]) -> Found<'a> {
    let mut keys: Vec<&[u8]> = words.get(1).copied().into_iter().collect();
    let mut at = 2;
    while let Some(option) = words.get(at) {
        let value = words.get(at + 1).copied();
        at += match option.to_ascii_uppercase().as_slice() {
            b"ASC" | b"DESC" | b"ALPHA" => 1,
            b"LIMIT" => 3,
            b"STORE" => {
                keys.extend(value);
                2
            }
            // A pattern without a star is no key: it means "do not sort".
            b"BY" if value.is_some_and(|pattern| !pattern.contains(&b'*')) => 2,
            b"GET" if value == Some(b"#") => 2,
            _ => return Found::Some(keys),
        };
    }
    Found::All(keys)
}

/// GEORADIUS key ... [STORE target] [STOREDIST target]: whatever follows one of these words is taken for a target.
fn radius<'a>(words: &[&'a [u8]]) -> Found<'a> {
    let mut keys: Vec<&[u8]> = words.get(1).copied().into_iter().collect();
    for pair in words.get(2..).unwrap_or_default().windows(2) {
        if let [word, target] = pair
            && (word.eq_ignore_ascii_case(b"STORE") || word.eq_ignore_ascii_case(b"STOREDIST"))
        {
            keys.push(target);
        }
    }
    Found::All(keys)
}

/// SCAN cursor [MATCH pattern] [COUNT count] [TYPE type].
fn scan<'a>(words: &[&'a [u8]]) -> Found<'a> {
    let mut patterns = Vec::new();
    for pair in words.get(2..).unwrap_or_default().chunks(2) {
        match pair {
            [word, pattern] if word.eq_ignore_ascii_case(b"MATCH") => patterns.push(*pattern),
            [word, _] if word.eq_ignore_ascii_case(b"COUNT") || word.eq_ignore_ascii_case(b"TYPE") => {}
            _ => return Found::Some(Vec::new()),
        }
    }
    if patterns.is_empty() { Found::Some(patterns) } else { Found::Pattern(patterns) }
}

/// What grants do not allow of a command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Beyond {
    /// What it is, for the refusal.
    pub(crate) detail: String,
    /// What to add to the grant.
    pub(crate) add: String,
}

/// Asks whether the grants that allow a command's operation allow its keys.
pub(crate) fn beyond(command: &Command, granted: &Granted) -> Option<Beyond> {
    let known = known(command);
    let grants: Vec<&Grant> = granted.allowing(known.op.name()).collect();
    // Without a grant, the operation itself is what is refused.
    if grants.is_empty() || grants.iter().any(|grant| grant.restrictions.get("keys").is_none()) {
        return None;
    }
    let is = |grant: &Grant, option: &str| {
        grant.restrictions.get(option).and_then(serde_json::Value::as_bool) == Some(true)
    };
    let name =
        || String::from_utf8_lossy(command.first().map(Vec::as_slice).unwrap_or_default()).to_uppercase();
    let scripts = known.op == Op::Script && known.keys != Keys::None;
    let grants: Vec<&Grant> = grants.into_iter().filter(|grant| !scripts || is(grant, "scripts")).collect();
    if grants.is_empty() {
        let detail = "a script, which may touch any key".to_owned();
        return Some(Beyond { detail, add: "scripts: true".to_owned() });
    }
    let patterns: Vec<&str> = grants
        .iter()
        .filter_map(|grant| grant.restrictions.get("keys")?.as_array())
        .flatten()
        .filter_map(serde_json::Value::as_str)
        .collect();
    let (which, first) = match of(command, known.keys) {
        Found::All(keys) => (
            "key",
            keys.into_iter().find(|key| !patterns.iter().any(|pattern| fits(pattern.as_bytes(), key)))?,
        ),
        Found::Pattern(all) => (
            "keys like",
            all.into_iter()
                .find(|wanted| !patterns.iter().any(|pattern| covers(pattern.as_bytes(), wanted)))?,
        ),
        Found::Some(_) => {
            let detail = format!("{}, whose keys are not known", name());
            return Some(Beyond { detail, add: "and no `keys`".to_owned() });
        }
    };
    let shown: String =
        String::from_utf8_lossy(first).chars().filter(|letter| !letter.is_control()).take(120).collect();
    Some(Beyond { detail: format!("{which} `{shown}`"), add: format!("keys: [{shown:?}]") })
}

/// Whether a key fits a pattern of a grant, in which `*` stands for any bytes.
fn fits(pattern: &[u8], key: &[u8]) -> bool {
    let mut parts = pattern.split(|byte| *byte == b'*').peekable();
    let Some(mut rest) = parts.next().and_then(|first| key.strip_prefix(first)) else { return false };
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let found = (0..=rest.len()).find(|at| rest.get(*at..).is_some_and(|tail| tail.starts_with(part)));
        let Some(after) = found.and_then(|at| rest.get(at + part.len()..)) else { return false };
        rest = after;
    }
    true
}

/// Whether whatever fits a pattern of Redis fits a pattern of a grant, for certain.
fn covers(grant: &[u8], wanted: &[u8]) -> bool {
    let special = |byte: &u8| matches!(byte, b'*' | b'?' | b'[' | b'\\');
    match wanted.iter().position(special) {
        None => fits(grant, wanted),
        Some(end) => {
            let literal = wanted.get(..end).unwrap_or_default();
            // Only of `prefix*` it is certain.
            grant.split_last().is_some_and(|(last, prefix)| {
                *last == b'*' && !prefix.contains(&b'*') && literal.starts_with(prefix)
            })
        }
    }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
