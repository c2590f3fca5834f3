//! How entries are chosen.

use crate::{MAX_ENTRIES, MAX_KEY, MAX_TEXTS, Refused};
use regex::{Regex, RegexBuilder};

/// Bytes that a compiled regular expression may take, and its cache while it is matched.
const REGEX_BYTES: usize = 1 << 20;

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
    /// Those in whose keys this regular expression is found.
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
                let regex = compile(pattern)?;
                Box::new(move |key| regex.is_match(key))
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

fn compile(pattern: &str) -> Result<Regex, Refused> {
    short(pattern)?;
    let mut builder = RegexBuilder::new(pattern);
    builder.size_limit(REGEX_BYTES).dfa_size_limit(REGEX_BYTES);
    builder.build().map_err(|error| {
        let text = format!(
            "the regular expression cannot be used: {error}; look-around and back-references are not known here, as \
             matching has to end in linear time"
        );
        Refused::Unfit(text)
    })
}
