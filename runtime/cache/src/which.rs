//! How entries are chosen.

use crate::{MAX_ENTRIES, MAX_KEY, MAX_TEXTS, Refused};
use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::{Anchored, Input};
use std::error::Error as _;

/// Bytes that a compiled regular expression may take, and what it is made of.
const REGEX_BYTES: usize = 4 << 20;

/// Which entries are meant.
#[derive(Clone, Debug)]
pub enum Which {
    /// All.
    All,
    /// Those of these keys.
    Keys(Vec<String>),
    /// Those whose keys begin so.
    Prefix(String),
    /// Those whose keys end so.
    Suffix(String),
    /// Those whose keys have this within them.
    Contains(String),
    /// Those whose keys have not.
    NotContains(String),
    /// Those whose keys have all of these within them.
    ContainsAll(Vec<String>),
    /// Those whose keys have any of these within them.
    ContainsAny(Vec<String>),
    /// Those whose keys this regular expression matches, from their beginning on.
    Regex(String),
}

/// Whether a key is meant.
type Test<'a> = Box<dyn Fn(&str) -> bool + 'a>;

/// A choice that can be made: everything about it has been checked.
pub(crate) enum Choice<'a> {
    Keys(&'a [String]),
    Matching(Test<'a>),
}

impl Which {
    /// Checks the texts, and compiles a regular expression.
    pub(crate) fn choice(&self) -> Result<Choice<'_>, Refused> {
        let test: Test<'_> = match self {
            Self::All => Box::new(|_| true),
            Self::Keys(keys) => {
                bounded(keys, MAX_ENTRIES, "keys")?;
                return Ok(Choice::Keys(keys));
            }
            Self::Prefix(text) => one(text, |key, text| key.starts_with(text))?,
            Self::Suffix(text) => one(text, |key, text| key.ends_with(text))?,
            Self::Contains(text) => one(text, |key, text| key.contains(text))?,
            Self::NotContains(text) => one(text, |key, text| !key.contains(text))?,
            Self::ContainsAll(texts) => {
                bounded(texts, MAX_TEXTS, "texts")?;
                Box::new(|key| texts.iter().all(|text| key.contains(text)))
            }
            Self::ContainsAny(texts) => {
                bounded(texts, MAX_TEXTS, "texts")?;
                Box::new(|key| texts.iter().any(|text| key.contains(text)))
            }
            Self::Regex(pattern) => {
                let table = compile(pattern)?;
                // A search in such a table fails only for what it was not made for, as one from elsewhere than the beginning.
                Box::new(move |key| {
                    let key = Input::new(key).anchored(Anchored::Yes).earliest(true);
                    matches!(table.try_search_fwd(&key), Ok(Some(_)))
                })
            }
        };
        Ok(Choice::Matching(test))
    }
}

fn one<'a>(text: &'a str, test: impl Fn(&str, &str) -> bool + 'a) -> Result<Test<'a>, Refused> {
    short(text)?;
    Ok(Box::new(move |key| test(key, text)))
}

fn bounded(texts: &[String], most: usize, what: &str) -> Result<(), Refused> {
    if texts.len() > most {
        let given = texts.len();
        return Err(Refused::TooMuch(format!("{given} {what} at once: give at most {most}")));
    }
    texts.iter().try_for_each(|text| short(text))
}

fn short(text: &str) -> Result<(), Refused> {
    if text.len() > MAX_KEY {
        let given = text.len();
        return Err(Refused::Unfit(format!(
            "a key, or a text to find keys by, has {given} bytes: at most {MAX_KEY}"
        )));
    }
    Ok(())
}

/// A table that costs the same for each byte of a key, whatever the pattern is: the caller waits, and so does its package.
fn compile(pattern: &str) -> Result<dense::DFA<Vec<u32>>, Refused> {
    short(pattern)?;
    let table = dense::Config::new()
        .start_kind(StartKind::Anchored)
        .determinize_size_limit(Some(REGEX_BYTES))
        .dfa_size_limit(Some(REGEX_BYTES));
    let states = thompson::Config::new().nfa_size_limit(Some(REGEX_BYTES));
    dense::Builder::new().configure(table).thompson(states).build(pattern).map_err(|error| {
        let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        let text = format!(
            "the regular expression cannot be used: {reason}; look-around and back-references are not known here, and \\b only as \
             (?-u:\\b), as matching has to end in linear time"
        );
        Refused::Unfit(text)
    })
}
