//! Writes `Element` objects as XML, as `ElementTree` does by default.

use rustpython_vm::{
    PyObject, PyObjectRef, VirtualMachine,
    builtins::{PyDict, PyDictRef, PyStr, PyStrInterned, PyType},
};

/// Deeper trees are left to the standard library.
const DEEPEST: usize = 500;

/// A document that is being written. `None` from its functions: the standard library has to write this one.
pub struct Writer<'a> {
    /// What was written so far.
    pub out: String,
    class: &'a PyType,
    /// Prefixes that were registered: address to prefix.
    registered: PyDictRef,
    /// Address and prefix of what is in use.
    namespaces: Vec<(String, String)>,
    short_empty: bool,
    fields: Fields<'a>,
    vm: &'a VirtualMachine,
}

/// Names of an element's attributes.
struct Fields<'a> {
    tag: &'a PyStrInterned,
    text: &'a PyStrInterned,
    tail: &'a PyStrInterned,
    attrib: &'a PyStrInterned,
}

impl<'a> Writer<'a> {
    /// An empty document. `class` is `Element`; objects of no other are written.
    pub fn new(class: &'a PyType, registered: PyDictRef, short_empty: bool, vm: &'a VirtualMachine) -> Self {
        let name = |name: &'static str| vm.ctx.intern_str(name);
        let fields =
            Fields { tag: name("tag"), text: name("text"), tail: name("tail"), attrib: name("attrib") };
        Self {
            out: String::with_capacity(1024),
            class,
            registered,
            namespaces: Vec::new(),
            short_empty,
            fields,
            vm,
        }
    }

    /// Writes a root with all that is in it.
    pub fn root(&mut self, element: &PyObject) -> Option<()> {
        let at = self.element(element, 0)?;
        // Declarations stand in the root, but are known only now.
        self.namespaces.sort_by(|left, right| left.1.cmp(&right.1));
        let mut declarations = String::new();
        for (address, prefix) in &self.namespaces {
            declarations.push_str(" xmlns");
            if !prefix.is_empty() {
                declarations.push(':');
                declarations.push_str(prefix);
            }
            declarations.push_str("=\"");
            escape_attribute(address, &mut declarations);
            declarations.push('"');
        }
        self.out.insert_str(at, &declarations);
        Some(())
    }

    /// Writes an element; the offset behind its tag's name.
    fn element(&mut self, element: &PyObject, depth: usize) -> Option<usize> {
        if depth == DEEPEST || !std::ptr::eq(&**element.class(), self.class) {
            return None;
        }
        let tag = self.field(element, self.fields.tag)?;
        let name = self.name(&tag)?;
        self.out.push('<');
        self.out.push_str(&name);
        let at = self.out.len();
        self.attributes(element)?;
        let text = self.field(element, self.fields.text)?;
        let has_text = self.is_text(&text)?;
        let children = element.sequence_unchecked();
        let count = children.length(self.vm).ok()?;
        if has_text || count > 0 || !self.short_empty {
            self.out.push('>');
            self.text(&text)?;
            for index in 0..count {
                let child = children.get_item(isize::try_from(index).ok()?, self.vm).ok()?;
                self.element(&child, depth + 1)?;
            }
            self.out.push_str("</");
            self.out.push_str(&name);
            self.out.push('>');
        } else {
            self.out.push_str(" />");
        }
        let tail = self.field(element, self.fields.tail)?;
        self.text(&tail)?;
        Some(at)
    }

    fn attributes(&mut self, element: &PyObject) -> Option<()> {
        let attributes = self.field(element, self.fields.attrib)?;
        let attributes = attributes.downcast_ref_if_exact::<PyDict>(self.vm)?;
        let mut position = 0;
        while let Some((next, key, value)) = attributes.next_entry(position) {
            position = next;
            let name = self.name(&key)?;
            self.out.push(' ');
            self.out.push_str(&name);
            self.out.push_str("=\"");
            escape_attribute(value.downcast_ref_if_exact::<PyStr>(self.vm)?.to_str()?, &mut self.out);
            self.out.push('"');
        }
        Some(())
    }

    fn field(&self, element: &PyObject, name: &'a PyStrInterned) -> Option<PyObjectRef> {
        element.get_attr(name, self.vm).ok()
    }

    /// Whether this is text that shows; `None` when it is neither text nor nothing.
    fn is_text(&self, object: &PyObject) -> Option<bool> {
        if self.vm.is_none(object) {
            return Some(false);
        }
        object.downcast_ref_if_exact::<PyStr>(self.vm).map(|text| !text.is_empty())
    }

    fn text(&mut self, object: &PyObject) -> Option<()> {
        if self.is_text(object)? {
            escape_text(object.downcast_ref_if_exact::<PyStr>(self.vm)?.to_str()?, &mut self.out);
        }
        Some(())
    }

    /// A name as it is written: `{address}local` with a prefix instead of the address.
    fn name(&mut self, name: &PyObject) -> Option<String> {
        let name = name.downcast_ref_if_exact::<PyStr>(self.vm)?.to_str()?;
        let Some(rest) = name.strip_prefix('{') else { return Some(name.to_owned()) };
        let (address, local) = rest.rsplit_once('}')?;
        let prefix = self.prefix(address)?;
        Some(if prefix.is_empty() { local.to_owned() } else { format!("{prefix}:{local}") })
    }

    fn prefix(&mut self, address: &str) -> Option<String> {
        if let Some((_, prefix)) = self.namespaces.iter().find(|(known, _)| known == address) {
            return Some(prefix.clone());
        }
        let prefix = match self.registered.get_item_opt(address, self.vm).ok()? {
            Some(prefix) => prefix.downcast_ref::<PyStr>()?.to_str()?.to_owned(),
            None => format!("ns{}", self.namespaces.len()),
        };
        if prefix != "xml" {
            self.namespaces.push((address.to_owned(), prefix.clone()));
        }
        Some(prefix)
    }
}

fn escape_text(text: &str, out: &mut String) {
    escape(text, out, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        _ => None,
    });
}

fn escape_attribute(text: &str, out: &mut String) {
    escape(text, out, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'"' => Some("&quot;"),
        b'\r' => Some("&#13;"),
        b'\n' => Some("&#10;"),
        b'\t' => Some("&#09;"),
        _ => None,
    });
}

fn escape(text: &str, out: &mut String, instead: impl Fn(u8) -> Option<&'static str>) {
    let mut start = 0;
    for (index, byte) in text.bytes().enumerate() {
        if let Some(instead) = instead(byte) {
            out.push_str(&text[start..index]);
            out.push_str(instead);
            start = index + 1;
        }
    }
    out.push_str(&text[start..]);
}

/// Text in ASCII, with a reference for every other character.
pub fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    for found in text.chars() {
        if found.is_ascii() {
            out.push(found);
        } else {
            out.push_str(&format!("&#{};", u32::from(found)));
        }
    }
    out
}
