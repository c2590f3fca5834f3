//! Takes a text apart as far as it matters: what is code, what is a string, a quoted name or a comment, and where placeholders are.

use super::Kind;
use crate::error::unfit;
use caisson_capability::Error;
use std::ops::Range;

/// A piece of code. Strings, quoted names and comments are no code; a string counts as [`Token::Other`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A word without quotes.
    Word(Range<usize>),
    /// `:name`
    Name(Range<usize>),
    /// `?`
    Question(Range<usize>),
    /// `$1`
    Dollar(Range<usize>, usize),
    /// A variable of the session: `@name`.
    Variable(Range<usize>),
    /// `;`
    End(Range<usize>),
    /// Whatever else.
    Other(Range<usize>),
}

impl Token {
    pub(super) fn word(&self, text: &str) -> Option<String> {
        match self {
            Self::Word(range) => text.get(range.clone()).map(str::to_ascii_lowercase),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(super) struct Lexer<'a> {
    kind: Kind,
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(kind: Kind, text: &'a str) -> Self {
        Self { kind, text, bytes: text.as_bytes(), at: 0 }
    }

    /// All pieces.
    ///
    /// # Errors
    ///
    /// `invalid-input`: a string or a comment has no end, or a comment is code for MySQL.
    pub(super) fn all(mut self) -> Result<Vec<Token>, Error> {
        let mut tokens = Vec::new();
        while let Some(byte) = self.peek(0) {
            if let Some(token) = self.next(byte)? {
                tokens.push(token);
            }
        }
        Ok(tokens)
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn next(&mut self, byte: u8) -> Result<Option<Token>, Error> {
        let start = self.at;
        match byte {
            byte if byte.is_ascii_whitespace() || byte == 0x0b => {
                self.at += 1;
                return Ok(None);
            }
            b'-' if self.peek(1) == Some(b'-') && self.dashes_comment() => return Ok(self.line()),
            b'#' if self.kind == Kind::MySql => return Ok(self.line()),
            b'/' if self.peek(1) == Some(b'*') => {
                self.block()?;
                return Ok(None);
            }
            b'\'' | b'"' => self.quoted(byte, self.escapes(byte, start))?,
            b'`' if self.kind != Kind::Postgres => self.quoted(byte, false)?,
            b'[' if self.kind == Kind::Sqlite => self.quoted(b']', false)?,
            b'$' => return self.dollar().map(Some),
            b'?' => return self.question().map(Some),
            b':' => return Ok(Some(self.colon())),
            b'@' => {
                self.at += 1;
                self.run();
                return Ok(Some(Token::Variable(start..self.at)));
            }
            b';' => {
                self.at += 1;
                return Ok(Some(Token::End(start..self.at)));
            }
            byte if begins_word(byte) => {
                self.run();
                return Ok(Some(Token::Word(start..self.at)));
            }
            byte if byte.is_ascii_digit() => self.run(),
            _ => self.at += 1,
        }
        Ok(Some(Token::Other(start..self.at)))
    }

    /// MySQL takes `--` for a comment only with a blank after it: `1--1` is a subtraction.
    fn dashes_comment(&self) -> bool {
        self.kind != Kind::MySql
            || self.peek(2).is_none_or(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
    }

    fn line(&mut self) -> Option<Token> {
        while self.peek(0).is_some_and(|byte| byte != b'\n' && (byte != b'\r' || self.kind != Kind::Postgres))
        {
            self.at += 1;
        }
        None
    }

    fn block(&mut self) -> Result<(), Error> {
        let code = self.peek(2) == Some(b'!') || (self.peek(2) == Some(b'M') && self.peek(3) == Some(b'!'));
        if self.kind == Kind::MySql && code {
            return Err(unfit("comments that are code for MySQL (`/*! ... */`) are not sent"));
        }
        self.at += 2;
        let mut depth = 1;
        while depth > 0 {
            match (self.peek(0), self.peek(1)) {
                (None, _) => return Err(unfit("a comment has no end")),
                (Some(b'*'), Some(b'/')) => {
                    depth -= 1;
                    self.at += 2;
                }
                // Only PostgreSQL nests them.
                (Some(b'/'), Some(b'*')) if self.kind == Kind::Postgres => {
                    depth += 1;
                    self.at += 2;
                }
                _ => self.at += 1,
            }
        }
        Ok(())
    }

    /// Whether a backslash takes the next character with it.
    fn escapes(&self, quote: u8, start: usize) -> bool {
        match self.kind {
            Kind::MySql => true,
            Kind::Sqlite => false,
            // E'...': the letter is a word of its own.
            Kind::Postgres => {
                let before = |back: usize| start.checked_sub(back).and_then(|at| self.bytes.get(at)).copied();
                quote == b'\'' && matches!(before(1), Some(b'e' | b'E')) && !before(2).is_some_and(in_word)
            }
        }
    }

    fn quoted(&mut self, end: u8, escapes: bool) -> Result<(), Error> {
        self.at += 1;
        loop {
            match self.peek(0) {
                None => return Err(unfit("a string or a quoted name has no end")),
                Some(b'\\') if escapes => self.at += 2,
                Some(byte) if byte == end => {
                    self.at += 1;
                    // Twice is once, but for `]`.
                    if end == b']' || self.peek(0) != Some(end) {
                        return Ok(());
                    }
                    self.at += 1;
                }
                Some(_) => self.at += 1,
            }
        }
    }

    /// `$1`, or `$tag$ ... $tag$`.
    fn dollar(&mut self) -> Result<Token, Error> {
        let start = self.at;
        self.at += 1;
        let digits = self.digits();
        if let Some(number) = digits {
            return Ok(Token::Dollar(start..self.at, number));
        }
        if self.kind != Kind::Postgres {
            if self.kind == Kind::Sqlite {
                return Err(unfit("a placeholder is `?`, `$1` or `:name`"));
            }
            return Ok(Token::Other(start..self.at));
        }
        let tag_from = self.at;
        while self.peek(0).is_some_and(|byte| in_word(byte) && byte != b'$') {
            self.at += 1;
        }
        if self.peek(0) != Some(b'$') {
            return Ok(Token::Other(start..self.at));
        }
        let tag = self.text.get(tag_from - 1..=self.at).unwrap_or_default();
        self.at += 1;
        let rest = self.text.get(self.at..).unwrap_or_default();
        let Some(end) = rest.find(tag) else { return Err(unfit("a string between dollars has no end")) };
        self.at += end + tag.len();
        Ok(Token::Other(start..self.at))
    }

    fn question(&mut self) -> Result<Token, Error> {
        let start = self.at;
        self.at += 1;
        if let Some(number) = self.digits() {
            // SQLite's `?1` is our `$1`.
            return Ok(Token::Dollar(start..self.at, number));
        }
        // PostgreSQL's operators `?|` and `?&`.
        if self.kind == Kind::Postgres
            && matches!(self.peek(0), Some(b'|' | b'&'))
            && self.peek(1) != Some(b'|')
        {
            self.at += 1;
            return Ok(Token::Other(start..self.at));
        }
        Ok(Token::Question(start..self.at))
    }

    fn digits(&mut self) -> Option<usize> {
        let start = self.at;
        while self.peek(0).is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if start == self.at {
            return None;
        }
        // A number that is too large for us is one that no list of values has.
        Some(self.text.get(start..self.at).and_then(|digits| digits.parse().ok()).unwrap_or(usize::MAX))
    }

    /// `:name`, `::type`, `:=`, or the colon of a slice.
    fn colon(&mut self) -> Token {
        let start = self.at;
        self.at += 1;
        match self.peek(0) {
            Some(b':' | b'=') => {
                self.at += 1;
                Token::Other(start..self.at)
            }
            Some(byte) if begins_word(byte) => {
                while self.peek(0).is_some_and(|byte| in_word(byte) && byte != b'$') {
                    self.at += 1;
                }
                Token::Name(start..self.at)
            }
            _ => Token::Other(start..self.at),
        }
    }

    fn run(&mut self) {
        while self.peek(0).is_some_and(in_word) {
            self.at += 1;
        }
    }
}

fn begins_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn in_word(byte: u8) -> bool {
    begins_word(byte) || byte.is_ascii_digit() || byte == b'$'
}
