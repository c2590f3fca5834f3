//! Reads an XML document into `Element` objects.

use super::{
    declaration,
    names::Names,
    scan::{Cursor, Scan, Stop, code, meaning},
    tree::Tree,
};
use rustpython_vm::{PyObjectRef, VirtualMachine};

/// Deeper documents are left to the standard library's parser.
const DEEPEST: usize = 500;

/// A document that is being read.
pub struct Reader<'a> {
    cursor: Cursor<'a>,
    names: Names<'a>,
    tree: Tree<'a>,
    /// Names of the elements that are open, with the declarations that were in scope before each.
    open: Vec<(&'a str, usize)>,
    vm: &'a VirtualMachine,
}

/// An attribute as it stands in the text: its name and the offsets of its value.
type Attribute<'a> = (&'a str, usize, usize);

impl<'a> Reader<'a> {
    /// At the start of a text.
    pub fn new(cursor: Cursor<'a>, tree: Tree<'a>, vm: &'a VirtualMachine) -> Self {
        Self { cursor, names: Names::new(vm), tree, open: Vec::new(), vm }
    }

    /// The root of the document.
    pub fn document(mut self) -> Scan<PyObjectRef> {
        declaration::pass(&mut self.cursor)?;
        self.prolog()?;
        self.start_tag()?;
        while !self.open.is_empty() {
            self.content()?;
        }
        self.epilog()?;
        self.tree.root().ok_or(Stop::Unsupported)
    }

    /// What stands before the root.
    fn prolog(&mut self) -> Scan<()> {
        loop {
            self.cursor.space();
            let token = self.cursor.at;
            match self.cursor.peek() {
                None if self.cursor.broken => return Err(Stop::Unsupported),
                None => return Err(Stop::Wrong(code::NO_ELEMENTS, token)),
                Some(b'<') => {}
                Some(_) => return Err(self.cursor.outside(code::SYNTAX)),
            }
            self.cursor.at += 1;
            match self.cursor.need(token)? {
                b'?' => self.instruction(token)?,
                b'!' if self.cursor.begins("!-") => self.comment(token)?,
                // A document type, and with it entities, are for the standard library's parser.
                b'!' => return Err(Stop::Unsupported),
                _ => return Ok(()),
            }
        }
    }

    fn instruction(&mut self, token: usize) -> Scan<()> {
        self.cursor.at += 1;
        self.cursor.instruction(token)
    }

    fn comment(&mut self, token: usize) -> Scan<()> {
        self.cursor.at += 2;
        self.cursor.comment(token)
    }

    /// What stands behind the root.
    fn epilog(&mut self) -> Scan<()> {
        loop {
            self.cursor.space();
            let token = self.cursor.at;
            match self.cursor.peek() {
                None if self.cursor.broken => return Err(Stop::Unsupported),
                None => return Ok(()),
                Some(b'<') => {}
                Some(_) => return Err(self.cursor.outside(code::JUNK_AFTER_ELEMENT)),
            }
            self.cursor.at += 1;
            match self.cursor.need(token)? {
                b'?' => self.instruction(token).map_err(as_junk)?,
                b'!' if self.cursor.begins("!-") => self.comment(token)?,
                b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => {
                    return Err(Stop::Wrong(code::JUNK_AFTER_ELEMENT, token));
                }
                b'!' => return Err(Stop::Unsupported),
                _ => return Err(self.cursor.invalid()),
            }
        }
    }

    /// Text, and the tag or other token that follows it.
    fn content(&mut self) -> Scan<()> {
        self.text()?;
        let token = self.cursor.at;
        if self.cursor.peek().is_none() {
            let wrong = if self.cursor.broken { code::INVALID_TOKEN } else { code::NO_ELEMENTS };
            return Err(Stop::Wrong(wrong, token));
        }
        if self.cursor.peek() == Some(b'&') {
            self.cursor.reference(token)?;
            let found = meaning(&self.cursor.text[token..self.cursor.at], token, token)?;
            self.tree.character(found);
            return Ok(());
        }
        self.cursor.at += 1;
        match self.cursor.need(token)? {
            b'/' => self.end_tag(token),
            b'?' => self.instruction(token),
            b'!' => {
                self.cursor.at += 1;
                match self.cursor.need(token)? {
                    b'-' => {
                        self.cursor.at += 1;
                        self.cursor.comment(token)
                    }
                    b'[' => self.cdata(token),
                    _ => Err(self.cursor.invalid()),
                }
            }
            _ => self.start_tag(),
        }
    }

    /// Text up to the next `<` or `&`.
    fn text(&mut self) -> Scan<()> {
        let mut start = self.cursor.at;
        loop {
            match self.cursor.peek() {
                None | Some(b'<' | b'&') => break,
                Some(b'\r') => {
                    self.tree.text(&self.cursor.text[start..self.cursor.at]);
                    self.line_end();
                    start = self.cursor.at;
                }
                Some(b']') if self.cursor.begins("]]>") => {
                    self.cursor.at += 2;
                    return Err(self.cursor.invalid());
                }
                Some(b' '..0x7f | b'\n' | b'\t') => self.cursor.at += 1,
                Some(_) => self.cursor.character()?,
            }
        }
        self.tree.text(&self.cursor.text[start..self.cursor.at]);
        Ok(())
    }

    /// `\r` and `\r\n` are line ends as `\n` is.
    fn line_end(&mut self) {
        self.cursor.at += if self.cursor.begins("\r\n") { 2 } else { 1 };
        self.tree.character('\n');
    }

    fn cdata(&mut self, token: usize) -> Scan<()> {
        for byte in *b"[CDATA[" {
            self.cursor.expect(byte, token)?;
        }
        let mut start = self.cursor.at;
        loop {
            match self.cursor.peek() {
                None if self.cursor.broken => return Err(self.cursor.invalid()),
                None => return Err(Stop::Wrong(code::UNCLOSED_CDATA, self.cursor.at)),
                Some(b'\r') => {
                    self.tree.text(&self.cursor.text[start..self.cursor.at]);
                    self.line_end();
                    start = self.cursor.at;
                }
                Some(b']') if self.cursor.begins("]]>") => break,
                Some(_) => self.cursor.character()?,
            }
        }
        self.tree.text(&self.cursor.text[start..self.cursor.at]);
        self.cursor.at += 3;
        Ok(())
    }

    fn end_tag(&mut self, token: usize) -> Scan<()> {
        self.cursor.at += 1;
        let start = self.cursor.at;
        let name = self.cursor.name(token)?;
        self.cursor.space();
        self.cursor.expect(b'>', token)?;
        match self.open.pop() {
            Some((expected, depth)) if expected == name => self.close(depth),
            _ => Err(Stop::Wrong(code::TAG_MISMATCH, start)),
        }
    }

    fn close(&mut self, depth: usize) -> Scan<()> {
        self.names.leave(depth);
        Ok(self.tree.end(self.vm)?)
    }

    /// A start tag, of which `<` lies behind.
    fn start_tag(&mut self) -> Scan<()> {
        let token = self.cursor.at - 1;
        let name = self.cursor.name(token)?;
        let mut attributes: Vec<Attribute<'a>> = Vec::new();
        let is_empty = loop {
            let spaced = self.cursor.space();
            match self.cursor.need(token)? {
                b'>' => break false,
                b'/' => {
                    self.cursor.at += 1;
                    self.cursor.need(token)?;
                    if !self.cursor.begins(">") {
                        return Err(self.cursor.invalid());
                    }
                    break true;
                }
                _ if spaced => attributes.push(self.attribute(token)?),
                _ => return Err(self.cursor.invalid()),
            }
        };
        self.cursor.at += 1;
        if self.open.len() == DEEPEST {
            return Err(Stop::Unsupported);
        }
        let depth = self.names.depth();
        let attributes = self.attributes(attributes, token)?;
        let tag = self.names.resolve(name, false, token)?;
        let dict = if attributes.is_empty() { None } else { Some(self.vm.ctx.new_dict()) };
        for (name, value) in attributes {
            let name = self.names.resolve(name, true, token)?;
            let Some(dict) = &dict else { break };
            // Two prefixes may stand for the same namespace.
            if dict.get_item_opt(&*name, self.vm)?.is_some() {
                return Err(Stop::Wrong(code::DUPLICATE_ATTRIBUTE, token));
            }
            dict.set_item(&*name, self.vm.ctx.new_str(value).into(), self.vm)?;
        }
        self.tree.start(tag, dict, self.vm)?;
        if is_empty {
            return self.close(depth);
        }
        self.open.push((name, depth));
        Ok(())
    }

    /// An attribute; `token` is where its tag begins.
    fn attribute(&mut self, token: usize) -> Scan<Attribute<'a>> {
        let name = self.cursor.name(token)?;
        self.cursor.space();
        self.cursor.expect(b'=', token)?;
        self.cursor.space();
        let quote = self.cursor.need(token)?;
        if quote != b'"' && quote != b'\'' {
            return Err(self.cursor.invalid());
        }
        self.cursor.at += 1;
        let start = self.cursor.at;
        loop {
            match self.cursor.need(token)? {
                byte if byte == quote => break,
                b'<' => return Err(self.cursor.invalid()),
                b'&' => self.cursor.reference(token)?,
                b' '..0x7f => self.cursor.at += 1,
                _ => self.cursor.character()?,
            }
        }
        self.cursor.at += 1;
        Ok((name, start, self.cursor.at - 1))
    }

    /// Names and values without those that declare prefixes.
    fn attributes(&mut self, raw: Vec<Attribute<'a>>, token: usize) -> Scan<Vec<(&'a str, String)>> {
        let mut found = Vec::with_capacity(raw.len());
        for (index, (name, start, end)) in raw.iter().copied().enumerate() {
            if raw[..index].iter().any(|(known, _, _)| *known == name) {
                // The name stands right before the value, but for `=`, white space and a quotation mark.
                let at = self.cursor.text[..start].rfind(name).unwrap_or(start);
                return Err(Stop::Wrong(code::DUPLICATE_ATTRIBUTE, at));
            }
            let value = value(self.cursor.text, start, end, token)?;
            if !self.names.declare(name, &value)? {
                found.push((name, value));
            }
        }
        Ok(found)
    }
}

/// Behind the root, a declaration is only one more thing that must not be there.
fn as_junk(stop: Stop) -> Stop {
    match stop {
        Stop::Wrong(code::MISPLACED_DECLARATION, at) => Stop::Wrong(code::JUNK_AFTER_ELEMENT, at),
        other => other,
    }
}

/// The value of an attribute: references resolved, white space made spaces.
fn value(text: &str, start: usize, end: usize, token: usize) -> Scan<String> {
    let raw = &text[start..end];
    if !raw.bytes().any(|byte| matches!(byte, b'&' | b'\n' | b'\r' | b'\t')) {
        return Ok(raw.to_owned());
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(found) = rest.find(['&', '\n', '\r', '\t']) {
        out.push_str(&rest[..found]);
        rest = &rest[found..];
        let taken = match rest.as_bytes()[0] {
            b'&' => {
                let length = rest.find(';').map_or(rest.len(), |end| end + 1);
                out.push(meaning(&rest[..length], end - rest.len(), token)?);
                length
            }
            _ => {
                out.push(' ');
                if rest.starts_with("\r\n") { 2 } else { 1 }
            }
        };
        rest = &rest[taken..];
    }
    out.push_str(rest);
    Ok(out)
}
