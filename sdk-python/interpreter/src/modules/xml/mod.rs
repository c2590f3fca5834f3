//! `_caisson_xml`: XML read into `xml.etree.ElementTree` elements and written from them, without a Python call for each token.
//!
//! Only what needs no document type is here: no entities but the five of XML, so nothing that expands, and nothing that is
//! fetched. Errors are expat's. Everything else answers `None`, and `caisson._etree` hands it to the standard library.

mod declaration;
mod names;
mod read;
mod scan;
mod tree;
mod write;

pub(crate) use _caisson_xml::module_def;

use rustpython_vm::{
    PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyBytes, PyStr},
};
use scan::{Cursor, Stop, code};

/// What `parse` makes of a text.
fn parse(text: &PyObjectRef, class: PyObjectRef, vm: &VirtualMachine) -> PyResult {
    let (text, broken) = if let Some(text) = text.downcast_ref_if_exact::<PyStr>(vm) {
        let Some(text) = text.to_str() else { return Ok(vm.ctx.none()) };
        (text.strip_prefix('\u{feff}').unwrap_or(text), false)
    } else if let Some(bytes) = text.downcast_ref_if_exact::<PyBytes>(vm) {
        let bytes = bytes.as_bytes();
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match declaration::encoding(bytes).as_deref() {
            None | Some("utf-8" | "utf8") => {}
            Some("us-ascii" | "ascii") if bytes.is_ascii() => {}
            Some(encoding) => return Ok(vm.ctx.new_str(encoding).into()),
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => (text, false),
            Err(error) => (std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(), true),
        }
    } else {
        return Ok(vm.ctx.none());
    };
    let cursor = Cursor { text, at: 0, broken };
    match read::Reader::new(cursor, tree::Tree::new(class, vm)?, vm).document() {
        Ok(root) => Ok(root),
        Err(Stop::Raised(exception)) => Err(exception),
        Err(Stop::Unsupported) => Ok(vm.ctx.none()),
        Err(Stop::Wrong(number, at)) => Ok(wrong(number, &text[..at.min(text.len())], vm)),
    }
}

/// `(number, message, line, column)` of an error; `before` is the text up to it.
fn wrong(number: u32, before: &str, vm: &VirtualMachine) -> PyObjectRef {
    let mut line = 1;
    let mut start = 0;
    for (index, byte) in before.bytes().enumerate() {
        let second = byte == b'\n' && index > 0 && before.as_bytes()[index - 1] == b'\r';
        if byte == b'\r' || (byte == b'\n' && !second) {
            line += 1;
        }
        if byte == b'\r' || byte == b'\n' {
            start = index + 1;
        }
    }
    let column = before[start..].chars().count();
    vm.new_tuple((number, message(number), line, column)).into()
}

fn message(number: u32) -> &'static str {
    match number {
        code::SYNTAX => "syntax error",
        code::NO_ELEMENTS => "no element found",
        code::UNCLOSED_TOKEN => "unclosed token",
        code::TAG_MISMATCH => "mismatched tag",
        code::DUPLICATE_ATTRIBUTE => "duplicate attribute",
        code::JUNK_AFTER_ELEMENT => "junk after document element",
        code::UNDEFINED_ENTITY => "undefined entity",
        code::BAD_CHARACTER_REFERENCE => "reference to invalid character number",
        code::UNCLOSED_CDATA => "unclosed CDATA section",
        code::UNBOUND_PREFIX => "unbound prefix",
        code::MISPLACED_DECLARATION => "XML or text declaration not at start of entity",
        _ => "not well-formed (invalid token)",
    }
}

#[rustpython_vm::pymodule]
mod _caisson_xml {
    use super::write;
    use rustpython_vm::{
        PyObjectRef, PyResult, VirtualMachine,
        builtins::{PyDictRef, PyTypeRef},
    };

    /// `parse(text, Element)`: the root; `(number, message, line, column)` of an error; the name of an encoding in which the
    /// bytes are to be decoded first; or `None`, when the standard library has to read the text.
    #[pyfunction]
    fn parse(text: PyObjectRef, class: PyTypeRef, vm: &VirtualMachine) -> PyResult {
        super::parse(&text, class.into(), vm)
    }

    /// `write(element, Element, prefixes, short_empty_elements, as_ascii)`: XML as text, or `None`, when the standard library
    /// has to write it.
    #[pyfunction]
    fn write(
        element: PyObjectRef,
        class: PyTypeRef,
        prefixes: PyDictRef,
        short_empty: bool,
        as_ascii: bool,
        vm: &VirtualMachine,
    ) -> Option<String> {
        let mut writer = write::Writer::new(&class, prefixes, short_empty, vm);
        writer.root(&element)?;
        Some(if as_ascii && !writer.out.is_ascii() { write::ascii(&writer.out) } else { writer.out })
    }
}
