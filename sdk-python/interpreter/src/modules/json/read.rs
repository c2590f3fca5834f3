//! Reads JSON into Python objects.

use super::options::Reading;
use rustpython_vm::{
    PyObjectRef, PyRef, PyResult, VirtualMachine,
    builtins::{PyBaseExceptionRef, PyDictRef, PyStr},
};

/// Keys that were met recently. Rows of a table repeat the same keys, and a key that is the same object need not be made,
/// nor hashed, again.
const KEYS: usize = 64;

/// A cursor over the text.
pub struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    options: &'a Reading,
    /// What a function for numbers has raised.
    raised: Option<PyBaseExceptionRef>,
    vm: &'a VirtualMachine,
    keys: [Option<(&'a str, PyRef<PyStr>)>; KEYS],
}

impl<'a> Reader<'a> {
    /// A cursor at the start.
    pub fn new(text: &'a str, options: &'a Reading, vm: &'a VirtualMachine) -> Self {
        let keys = [const { None }; KEYS];
        Self { text, bytes: text.as_bytes(), at: 0, depth: 0, options, raised: None, vm, keys }
    }

    /// The whole text as one value; `None` when it is not one. An error is what a function for numbers has raised.
    pub fn document(mut self) -> PyResult<Option<PyObjectRef>> {
        let value = self.whole();
        match self.raised.take() {
            Some(exception) => Err(exception),
            None => Ok(value),
        }
    }

    fn whole(&mut self) -> Option<PyObjectRef> {
        self.space();
        let value = self.value()?;
        self.space();
        if self.at == self.bytes.len() { Some(value) } else { None }
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        if self.bytes.get(self.at) == Some(&byte) {
            self.at += 1;
            return Some(());
        }
        None
    }

    fn value(&mut self) -> Option<PyObjectRef> {
        match *self.bytes.get(self.at)? {
            b'"' => self.string().map(Into::into),
            b'{' => self.nested(Self::object),
            b'[' => self.nested(Self::array),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true", self.vm.ctx.true_value.clone().into()),
            b'f' => self.word("false", self.vm.ctx.false_value.clone().into()),
            b'n' => self.word("null", self.vm.ctx.none()),
            _ => None,
        }
    }

    fn word(&mut self, word: &str, value: PyObjectRef) -> Option<PyObjectRef> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            return Some(value);
        }
        None
    }

    fn nested(&mut self, read: fn(&mut Self) -> Option<PyObjectRef>) -> Option<PyObjectRef> {
        if self.depth == super::DEEPEST {
            return None;
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn array(&mut self) -> Option<PyObjectRef> {
        let mut items = Vec::new();
        self.space();
        if self.take(b']').is_none() {
            loop {
                self.space();
                items.push(self.value()?);
                self.space();
                if self.take(b',').is_none() {
                    self.take(b']')?;
                    break;
                }
            }
        }
        Some(self.vm.ctx.new_list(items).into())
    }

    fn object(&mut self) -> Option<PyObjectRef> {
        let dict: PyDictRef = self.vm.ctx.new_dict();
        self.space();
        if self.take(b'}').is_none() {
            loop {
                self.space();
                let key = self.key()?;
                self.space();
                self.take(b':')?;
                self.space();
                let value = self.value()?;
                dict.set_item(&*key, value, self.vm).ok()?;
                self.space();
                if self.take(b',').is_none() {
                    self.take(b'}')?;
                    break;
                }
            }
        }
        Some(dict.into())
    }

    fn key(&mut self) -> Option<PyRef<PyStr>> {
        let start = self.at;
        let Some(text) = self.plain() else {
            self.at = start;
            return self.string();
        };
        let slot =
            text.len().wrapping_mul(31).wrapping_add(text.bytes().next_back().map_or(0, usize::from)) % KEYS;
        if let Some((known, key)) = &self.keys[slot]
            && *known == text
        {
            return Some(key.clone());
        }
        let key = self.vm.ctx.new_str(text);
        self.keys[slot] = Some((text, key.clone()));
        Some(key)
    }

    fn string(&mut self) -> Option<PyRef<PyStr>> {
        let start = self.at;
        if let Some(text) = self.plain() {
            return Some(self.vm.ctx.new_str(text));
        }
        self.at = start;
        self.escaped()
    }

    /// A string without escapes, as it stands in the text; `None` with the cursor anywhere when there are some.
    fn plain(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let start = self.at;
        loop {
            match *self.bytes.get(self.at)? {
                b'"' => break,
                b'\\' | 0..0x20 => return None,
                _ => self.at += 1,
            }
        }
        let text = &self.text[start..self.at];
        self.at += 1;
        Some(text)
    }

    fn escaped(&mut self) -> Option<PyRef<PyStr>> {
        self.take(b'"')?;
        let mut out = String::new();
        loop {
            let start = self.at;
            while !matches!(*self.bytes.get(self.at)?, b'"' | b'\\' | 0..0x20) {
                self.at += 1;
            }
            out.push_str(&self.text[start..self.at]);
            match self.bytes[self.at] {
                b'"' => break,
                b'\\' => out.push(self.escape()?),
                _ => return None,
            }
        }
        self.at += 1;
        Some(self.vm.ctx.new_str(out))
    }

    fn escape(&mut self) -> Option<char> {
        let kind = *self.bytes.get(self.at + 1)?;
        self.at += 2;
        Some(match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return None,
        })
    }

    /// A surrogate without its other half has no `char`; such text is left to the standard library.
    fn unicode(&mut self) -> Option<char> {
        let unit = self.unit()?;
        if !(0xd800..0xdc00).contains(&unit) {
            return char::from_u32(unit);
        }
        self.take(b'\\')?;
        self.take(b'u')?;
        let low = self.unit()?;
        if !(0xdc00..0xe000).contains(&low) {
            return None;
        }
        char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
    }

    fn unit(&mut self) -> Option<u32> {
        let digits = self.bytes.get(self.at..self.at + 4)?;
        self.at += 4;
        digits.iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
    }

    fn number(&mut self) -> Option<PyObjectRef> {
        let start = self.at;
        let _ = self.take(b'-');
        let first = self.at;
        self.digits();
        // A number is at least one digit, and none but 0 itself begins with 0.
        if self.at == first || (self.bytes[first] == b'0' && self.at > first + 1) {
            return None;
        }
        let whole = self.at;
        if self.take(b'.').is_some() && self.digits() == 0 {
            return None;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return None;
            }
        }
        let text = &self.text[start..self.at];
        let options = self.options;
        if let Some(parse) = if self.at > whole { &options.parse_float } else { &options.parse_int } {
            return self.parsed(parse, text);
        }
        if self.at > whole {
            return Some(self.vm.ctx.new_float(text.parse().ok()?).into());
        }
        // A longer number may not fit; the standard library knows what to do with it, and how long it may be.
        let number: i64 = text.parse().ok()?;
        Some(self.vm.ctx.new_int(number).into())
    }

    /// What a function of the caller makes of a number.
    fn parsed(&mut self, parse: &PyObjectRef, text: &str) -> Option<PyObjectRef> {
        match parse.call((text,), self.vm) {
            Ok(value) => Some(value),
            Err(exception) => {
                self.raised = Some(exception);
                None
            }
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.bytes.get(self.at) {
            self.at += 1;
        }
        self.at - start
    }
}
