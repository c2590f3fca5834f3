//! The text of a statement: one statement only, its parameters rewritten to what the database wants, and what kind it is.
//!
//! The text is never changed but for its placeholders, and values never become a part of it. What the tokenizer takes for a string, a
//! database must not take for code: each rule here is the database's own.

mod lexer;

use crate::error::{too_much, unfit};
use crate::value::{Params, Value};
use caisson_capability::Error;
use lexer::{Lexer, Token};
use std::collections::HashMap;
use std::sync::Arc;

/// Whose rules hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Postgres,
    MySql,
    Sqlite,
}

impl Kind {
    /// A placeholder in the database's own form.
    fn placeholder(self, number: usize) -> String {
        match self {
            Self::Postgres => format!("${number}"),
            Self::MySql => "?".to_owned(),
            Self::Sqlite => format!("?{number}"),
        }
    }
}

/// A statement that is ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ready {
    /// Shared by all sets of values of a batch.
    pub(crate) text: Arc<str>,
    pub(crate) values: Vec<Value>,
    /// It may leave the session other than it found it: the session is closed after it.
    pub(crate) marks: bool,
    /// It does not change anything, so that it may be repeated.
    pub(crate) reads: bool,
}

/// What may be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Reading only.
    Read,
    /// Anything but what ends or begins transactions.
    Write,
}

/// The longest text of a statement.
const LONGEST: usize = 4 * 1024 * 1024;

/// The most values of a statement: no database takes more.
const MOST_VALUES: usize = 65_535;

/// The most bytes of the values of a statement or of a batch, those that are sent twice counted twice.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// The most bytes of a batch's statement, counted for each set of values: each is put together with it before any is sent.
const MOST_WORK: usize = 256 * 1024 * 1024;

/// Statements that leave a session as it was.
const PLAIN: [&str; 12] = [
    "select", "with", "values", "table", "insert", "update", "delete", "merge", "replace", "show", "explain",
    "analyze",
];

/// What reading begins with.
const READING: [&str; 8] = ["select", "with", "values", "table", "show", "explain", "describe", "desc"];

/// Words that set something for the session from within a plain statement.
const MARKING: [&str; 6] = ["set_config", "get_lock", "into", "setseed", "lastval", "dblink_connect"];

/// Makes a statement ready for a database.
///
/// # Errors
///
/// `invalid-input`: there is none, or there are several; it is about transactions; a value is missing or has no place.
pub(crate) fn ready(kind: Kind, scope: Scope, text: &str, params: &Params) -> Result<Ready, Error> {
    Taken::apart(kind, scope, text)?.with(params)
}

/// Makes a statement ready with each of many sets of values.
///
/// # Errors
///
/// As [`ready`]; `quota-exceeded`: the sets are too many for so long a statement.
pub(crate) fn all_ready(kind: Kind, scope: Scope, text: &str, sets: &[Params]) -> Result<Vec<Ready>, Error> {
    if text.len().saturating_mul(sets.len()) > MOST_WORK {
        return Err(too_much(format!(
            "{} sets of values for a statement of {} bytes are too many at once: make several batches",
            sets.len(),
            text.len()
        )));
    }
    let taken = Taken::apart(kind, scope, text)?;
    let mut all: Vec<Ready> = Vec::with_capacity(sets.len());
    let mut bytes = 0_usize;
    for params in sets {
        let mut one = taken.with(params)?;
        bytes = bytes.saturating_add(one.values.iter().map(Value::size).sum());
        if bytes > MOST_BYTES {
            return Err(too_many());
        }
        if let Some(before) = all.last().filter(|before| before.text == one.text) {
            one.text = Arc::clone(&before.text);
        }
        all.push(one);
    }
    Ok(all)
}

/// A statement that was taken apart and may be sent; its values are still to come.
struct Taken<'a> {
    kind: Kind,
    text: &'a str,
    tokens: Vec<Token>,
    marks: bool,
    reads: bool,
}

impl<'a> Taken<'a> {
    fn apart(kind: Kind, scope: Scope, text: &'a str) -> Result<Self, Error> {
        fit(text)?;
        let tokens = Lexer::new(kind, text).all()?;
        let words: Vec<String> = tokens.iter().filter_map(|token| token.word(text)).collect();
        let first = words.first().map(String::as_str).unwrap_or_default();
        one_statement(&tokens)?;
        check(kind, scope, first, &words)?;
        // `WITH` may be the beginning of a change, unless the session is one that cannot write.
        let reads = scope == Scope::Read || (READING.contains(&first) && first != "with");
        Ok(Self { kind, text, marks: marks(first, &words, &tokens), tokens, reads })
    }

    fn with(&self, params: &Params) -> Result<Ready, Error> {
        let (text, values) = rewrite(self.kind, self.text, &self.tokens, params)?;
        Ok(Ready { marks: self.marks, reads: self.reads, text: text.into(), values })
    }
}

fn fit(text: &str) -> Result<(), Error> {
    if text.len() > LONGEST {
        return Err(unfit(format!("the statement is longer than {LONGEST} bytes")));
    }
    if text.contains('\0') {
        return Err(unfit("the statement has a zero byte in it"));
    }
    Ok(())
}

fn one_statement(tokens: &[Token]) -> Result<(), Error> {
    let mut code = tokens.iter().skip_while(|token| !matches!(token, Token::End(_)));
    if code.any(|token| !matches!(token, Token::End(_))) {
        return Err(unfit("one statement at a time: there is something after the semicolon"));
    }
    if tokens.iter().all(|token| matches!(token, Token::End(_))) {
        return Err(unfit("there is no statement in the text"));
    }
    Ok(())
}

fn check(kind: Kind, scope: Scope, first: &str, words: &[String]) -> Result<(), Error> {
    let second = words.get(1).map(String::as_str).unwrap_or_default();
    let transaction = match first {
        "begin" | "start" | "commit" | "rollback" | "end" | "abort" | "savepoint" | "release" | "xa" => true,
        "prepare" => second == "transaction",
        "set" => words.iter().any(|word| {
            matches!(word.as_str(), "transaction" | "autocommit" | "characteristics" | "constraints")
        }),
        "lock" | "unlock" => kind == Kind::MySql,
        _ => false,
    };
    if transaction {
        let text = "statements that begin, end or set transactions are not sent: use `begin`, `commit` and `rollback` of this interface";
        return Err(unfit(text));
    }
    if kind == Kind::Sqlite && matches!(first, "attach" | "detach" | "vacuum" | "pragma") {
        return Err(unfit(format!(
            "`{first}` is not sent to SQLite, as it reaches beyond the connection's own file or changes the session; \
             to read a pragma, select from its function, e.g. `pragma_table_info('t')`"
        )));
    }
    if first == "copy" || (first == "load" && kind == Kind::MySql) {
        return Err(unfit(format!(
            "`{first}` needs a way for files that this interface does not have; use `batch`"
        )));
    }
    if scope == Scope::Read && !READING.contains(&first) && !first.is_empty() {
        return Err(unfit(format!(
            "a service that may only `query` begins statements with one of: {}",
            READING.join(", ")
        )));
    }
    Ok(())
}

fn marks(first: &str, words: &[String], tokens: &[Token]) -> bool {
    let reads = matches!(first, "select" | "with" | "table" | "values");
    !PLAIN.contains(&first)
        || words.iter().any(|word| {
            (MARKING.contains(&word.as_str()) && (word != "into" || reads))
                || word.starts_with("pg_advisory_")
                || word.starts_with("pg_try_adv")
        })
        || tokens.iter().any(|token| matches!(token, Token::Variable(_)))
}

/// Puts the database's placeholders in the place of ours.
fn rewrite(kind: Kind, text: &str, tokens: &[Token], params: &Params) -> Result<(String, Vec<Value>), Error> {
    let mut names = Names::new(kind, tokens, params)?;
    let mut out = String::with_capacity(text.len() + 16);
    let mut copied = 0;
    for token in tokens {
        let Some((from, to, number)) = names.place(token, text)? else { continue };
        out.push_str(text.get(copied..from).unwrap_or_default());
        out.push_str(&number);
        copied = to;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Ok((out, names.end()?))
}

/// The values in the order in which the database is given them.
struct Names<'a> {
    kind: Kind,
    params: &'a Params,
    /// Where the values of each name are.
    known: HashMap<&'a str, usize>,
    /// Of each value, the number of its placeholder; zero as long as there is none.
    numbers: Vec<usize>,
    values: Vec<Value>,
    /// What they take.
    bytes: usize,
    /// Placeholders are `$1`, so that `?` is an operator.
    dollars: bool,
    marks: usize,
}

impl<'a> Names<'a> {
    fn new(kind: Kind, tokens: &[Token], params: &'a Params) -> Result<Self, Error> {
        let mut known = HashMap::new();
        let count = match params {
            Params::None => 0,
            Params::Positional(values) => values.len(),
            Params::Named(values) => values.len(),
        };
        if count > MOST_VALUES {
            return Err(too_many());
        }
        if let Params::Named(values) = params {
            for (index, (name, _)) in values.iter().enumerate() {
                known.entry(name.as_str()).or_insert(index);
            }
        }
        let dollars = tokens.iter().any(|token| matches!(token, Token::Dollar(..)));
        let (numbers, values) = (vec![0; count], Vec::new());
        Ok(Self { kind, params, known, numbers, values, bytes: 0, dollars, marks: 0 })
    }

    /// The placeholder for a token, with the range of text that it takes; nothing if the token is none.
    fn place(&mut self, token: &Token, text: &str) -> Result<Option<(usize, usize, String)>, Error> {
        let found = match (self.params, token) {
            (Params::Positional(values), Token::Dollar(range, number)) => {
                let index = number.checked_sub(1).filter(|index| *index < values.len());
                Some((
                    range,
                    index.ok_or_else(|| {
                        unfit(format!("there is no value for `${number}`: {} are given", values.len()))
                    })?,
                ))
            }
            (Params::Positional(values), Token::Question(range)) if !self.dollars => {
                let index = self.marks;
                self.marks += 1;
                if index >= values.len() {
                    return Err(unfit(format!(
                        "there are more placeholders `?` than values: {} are given",
                        values.len()
                    )));
                }
                Some((range, index))
            }
            (Params::Named(_), Token::Name(range)) => {
                let name = text.get(range.start + 1..range.end).unwrap_or_default();
                let index = self.known.get(name).copied();
                Some((range, index.ok_or_else(|| unfit(format!("there is no value for `:{name}`")))?))
            }
            (Params::None | Params::Named(_), Token::Dollar(range, _)) => {
                let shown = text.get(range.clone()).unwrap_or_default();
                return Err(unfit(format!("there is no value for `{shown}`")));
            }
            // Without values SQLite would take these for NULL, and MySQL would wait for what never comes.
            (Params::None | Params::Named(_), Token::Question(_)) if self.kind != Kind::Postgres => {
                return Err(unfit("there is no value for `?`"));
            }
            (Params::None | Params::Positional(_), Token::Name(range)) if self.kind == Kind::Sqlite => {
                let shown = text.get(range.clone()).unwrap_or_default();
                return Err(unfit(format!("there is no value for `{shown}`")));
            }
            _ => None,
        };
        found.map(|(range, index)| Ok((range.start, range.end, self.number(index)?))).transpose()
    }

    fn number(&mut self, index: usize) -> Result<String, Error> {
        let known = self.numbers.get(index).copied().unwrap_or_default();
        // MySQL's placeholders have no numbers: a value that is used twice is sent twice.
        if known > 0 && self.kind != Kind::MySql {
            return Ok(self.kind.placeholder(known));
        }
        let value = self.value(index);
        self.bytes = self.bytes.saturating_add(value.map_or(0, Value::size));
        if self.values.len() >= MOST_VALUES || self.bytes > MOST_BYTES {
            return Err(too_many());
        }
        let value = value.cloned().unwrap_or(Value::NULL);
        self.values.push(value);
        let number = self.values.len();
        if let Some(slot) = self.numbers.get_mut(index) {
            *slot = number;
        }
        Ok(self.kind.placeholder(number))
    }

    fn value(&self, index: usize) -> Option<&'a Value> {
        match self.params {
            Params::None => None,
            Params::Positional(values) => values.get(index),
            Params::Named(values) => values.get(index).map(|(_, value)| value),
        }
    }

    fn end(self) -> Result<Vec<Value>, Error> {
        let Some(unused) = self.numbers.iter().position(|number| *number == 0) else {
            return Ok(self.values);
        };
        Err(match self.params {
            Params::Named(values) => {
                let name = values.get(unused).map(|(name, _)| name.as_str()).unwrap_or_default();
                unfit(format!("the statement has no place `:{name}` for the value of that name"))
            }
            _ => unfit(format!(
                "the statement has no place for value {}: write `?` or `${}`",
                unused + 1,
                unused + 1
            )),
        })
    }
}

fn too_many() -> Error {
    too_much(format!(
        "the statement has more than {MOST_VALUES} values, or {MOST_BYTES} bytes of them: use `batch`, or several statements"
    ))
}

#[cfg(test)]
mod tests;
