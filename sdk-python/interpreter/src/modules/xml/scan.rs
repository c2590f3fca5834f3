//! A cursor over an XML text: characters, names, references, tokens. Its errors are expat's: the same numbers, at the same places.

use rustpython_vm::builtins::PyBaseExceptionRef;

/// Expat's numbers of the errors that are told here.
pub mod code {
    pub const SYNTAX: u32 = 2;
    pub const NO_ELEMENTS: u32 = 3;
    pub const INVALID_TOKEN: u32 = 4;
    pub const UNCLOSED_TOKEN: u32 = 5;
    pub const TAG_MISMATCH: u32 = 7;
    pub const DUPLICATE_ATTRIBUTE: u32 = 8;
    pub const JUNK_AFTER_ELEMENT: u32 = 9;
    pub const UNDEFINED_ENTITY: u32 = 11;
    pub const BAD_CHARACTER_REFERENCE: u32 = 14;
    pub const UNCLOSED_CDATA: u32 = 20;
    pub const UNBOUND_PREFIX: u32 = 27;
    pub const MISPLACED_DECLARATION: u32 = 17;
}

/// Why reading stopped.
pub enum Stop {
    /// The text is wrong: expat's number, and the offset in bytes.
    Wrong(u32, usize),
    /// Something that only the standard library's parser reads, such as a document type.
    Unsupported,
    /// Python code has raised.
    Raised(PyBaseExceptionRef),
}

impl From<PyBaseExceptionRef> for Stop {
    fn from(exception: PyBaseExceptionRef) -> Self {
        Self::Raised(exception)
    }
}

/// What reading answers.
pub type Scan<T> = Result<T, Stop>;

/// A place in a text.
pub struct Cursor<'a> {
    /// The text, as far as it is UTF-8.
    pub text: &'a str,
    /// Offset of the next byte.
    pub at: usize,
    /// Bytes that are not UTF-8 follow after the text.
    pub broken: bool,
}

impl<'a> Cursor<'a> {
    /// The next byte, if there is one.
    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Whether the rest begins with this.
    #[inline]
    pub fn begins(&self, with: &str) -> bool {
        self.text.as_bytes()[self.at..].starts_with(with.as_bytes())
    }

    /// The error for a text that ends within a token which began at `start`.
    pub fn ended(&self, start: usize) -> Stop {
        if self.broken { self.invalid() } else { Stop::Wrong(code::UNCLOSED_TOKEN, start) }
    }

    /// The error for a character that must not be here.
    pub fn invalid(&self) -> Stop {
        Stop::Wrong(code::INVALID_TOKEN, self.at)
    }

    /// The next byte of a token that began at `start`.
    #[inline]
    pub fn need(&self, start: usize) -> Scan<u8> {
        self.peek().ok_or_else(|| self.ended(start))
    }

    /// Takes this byte, which has to come.
    pub fn expect(&mut self, byte: u8, start: usize) -> Scan<()> {
        if self.need(start)? != byte {
            return Err(self.invalid());
        }
        self.at += 1;
        Ok(())
    }

    /// Passes white space; whether there was any.
    pub fn space(&mut self) -> bool {
        let start = self.at;
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
        self.at > start
    }

    /// Passes one character, which has to be one that XML allows.
    pub fn character(&mut self) -> Scan<()> {
        let Some(found) = self.text[self.at..].chars().next().filter(|found| is_allowed(*found)) else {
            return Err(self.invalid());
        };
        self.at += found.len_utf8();
        Ok(())
    }

    /// A name.
    pub fn name(&mut self, token: usize) -> Scan<&'a str> {
        let start = self.at;
        if !self.name_character(true) {
            self.need(token)?;
            return Err(self.invalid());
        }
        while self.name_character(false) {}
        // A name at the very end may go on in what is missing.
        self.need(token)?;
        Ok(&self.text[start..self.at])
    }

    /// The error for text outside of the root, which begins here: `wrong` if it begins with a name that stands by itself.
    pub fn outside(&mut self, wrong: u32) -> Stop {
        let token = self.at;
        if !self.name_character(true) {
            return Stop::Unsupported;
        }
        while self.name_character(false) {}
        match self.peek() {
            Some(b' ' | b'\t' | b'\n' | b'\r') => Stop::Wrong(wrong, token),
            None if !self.broken => Stop::Wrong(wrong, token),
            Some(b'<' | b'&') => self.invalid(),
            _ => Stop::Unsupported,
        }
    }

    #[inline]
    fn name_character(&mut self, first: bool) -> bool {
        match self.peek() {
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'_' | b':') => self.at += 1,
            Some(b'0'..=b'9' | b'-' | b'.') if !first => self.at += 1,
            Some(0x80..) => {
                let Some(found) = self.text[self.at..].chars().next() else { return false };
                if !is_name(found, first) {
                    return false;
                }
                self.at += found.len_utf8();
            }
            _ => return false,
        }
        true
    }

    /// Passes a reference, `&` first, without asking what it stands for.
    pub fn reference(&mut self, token: usize) -> Scan<()> {
        self.at += 1;
        if self.need(token)? != b'#' {
            self.name(token)?;
            return self.expect(b';', token);
        }
        self.at += 1;
        let hex = self.need(token)? == b'x';
        self.at += usize::from(hex);
        let digit = |byte: u8| if hex { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() };
        if !digit(self.need(token)?) {
            return Err(self.invalid());
        }
        while digit(self.need(token)?) {
            self.at += 1;
        }
        self.expect(b';', token)
    }

    /// Passes a comment; `<!-` lies behind.
    pub fn comment(&mut self, token: usize) -> Scan<()> {
        self.expect(b'-', token)?;
        loop {
            if self.need(token)? != b'-' {
                self.character()?;
                continue;
            }
            self.at += 1;
            if self.need(token)? == b'-' {
                self.at += 1;
                return self.expect(b'>', token);
            }
        }
    }

    /// Passes a processing instruction; `<?` lies behind.
    pub fn instruction(&mut self, token: usize) -> Scan<()> {
        let target = self.name(token)?;
        // At the very start it is a declaration that is not well-formed, which has errors of its own.
        if target == "xml" && token > 0 {
            return Err(Stop::Wrong(code::MISPLACED_DECLARATION, token));
        }
        if target.eq_ignore_ascii_case("xml") || target.contains(':') {
            return Err(Stop::Unsupported);
        }
        if !self.space() {
            self.expect(b'?', token)?;
            return self.expect(b'>', token);
        }
        loop {
            self.need(token)?;
            if self.begins("?>") {
                self.at += 2;
                return Ok(());
            }
            self.character()?;
        }
    }
}

/// What a reference stands for; it is well-formed and begins at `at`. `token` is where an unknown name is told to be.
pub fn meaning(reference: &str, at: usize, token: usize) -> Scan<char> {
    let name = &reference[1..reference.len() - 1];
    let Some(number) = name.strip_prefix('#') else {
        return match name {
            "amp" => Ok('&'),
            "lt" => Ok('<'),
            "gt" => Ok('>'),
            "quot" => Ok('"'),
            "apos" => Ok('\''),
            _ => Err(Stop::Wrong(code::UNDEFINED_ENTITY, token)),
        };
    };
    let number = match number.strip_prefix('x') {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => number.parse(),
    };
    let found = number.ok().and_then(char::from_u32).filter(|found| is_allowed(*found));
    found.ok_or(Stop::Wrong(code::BAD_CHARACTER_REFERENCE, at))
}

fn is_allowed(found: char) -> bool {
    matches!(found, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// The characters of names beyond ASCII.
fn is_name(found: char, first: bool) -> bool {
    let starts = matches!(found,
        '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}'
        | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}'
        | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}');
    starts || (!first && matches!(found, '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}'))
}
