//! Names of elements and attributes: what prefixes stand for, and objects for names that come again.

use super::scan::{Scan, Stop, code};
use rustpython_vm::{PyRef, VirtualMachine, builtins::PyStr};

/// Names that were met recently; the rows of a table repeat the same.
const SLOTS: usize = 64;

/// The namespace of the prefix `xml`, which nobody declares.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// The declared prefixes and the recent names.
pub struct Names<'a> {
    /// Prefix (empty for the default) and address of what is in scope, the innermost last.
    scope: Vec<(&'a str, String)>,
    recent: [Option<PyRef<PyStr>>; SLOTS],
    vm: &'a VirtualMachine,
}

impl<'a> Names<'a> {
    /// No names yet.
    pub fn new(vm: &'a VirtualMachine) -> Self {
        Self { scope: Vec::new(), recent: [const { None }; SLOTS], vm }
    }

    /// How many declarations are in scope; to be given to `leave`.
    pub fn depth(&self) -> usize {
        self.scope.len()
    }

    /// Forgets what was declared since.
    pub fn leave(&mut self, depth: usize) {
        self.scope.truncate(depth);
    }

    /// Takes an attribute if it declares a prefix; whether it did.
    pub fn declare(&mut self, attribute: &'a str, value: &str) -> Scan<bool> {
        let prefix = match attribute.strip_prefix("xmlns") {
            Some("") => "",
            Some(rest) => match rest.strip_prefix(':') {
                Some(prefix) => prefix,
                None => return Ok(false),
            },
            None => return Ok(false),
        };
        // What may not be redefined or taken back has errors of its own.
        let reserved = matches!(prefix, "xml" | "xmlns") || value == XML || value.ends_with("/xmlns/");
        let bad = prefix.contains(':') || attribute == "xmlns:" || (value.is_empty() && !prefix.is_empty());
        if reserved || bad || value.contains('}') {
            return Err(Stop::Unsupported);
        }
        self.scope.push((prefix, value.to_owned()));
        Ok(true)
    }

    /// The object for a name, `{address}local` if it is in a namespace. Attributes have no default one.
    pub fn resolve(&mut self, name: &str, attribute: bool, tag: usize) -> Scan<PyRef<PyStr>> {
        let (prefix, local) = match name.split_once(':') {
            Some(("", _)) => return Err(Stop::Unsupported),
            Some((_, local)) if local.is_empty() || local.contains(':') => return Err(Stop::Unsupported),
            Some(parts) => parts,
            None if attribute || self.scope.is_empty() => return Ok(self.object(name)),
            None => ("", name),
        };
        let declared = self.scope.iter().rev().find(|(known, _)| *known == prefix);
        let address = match declared {
            Some((_, address)) => address,
            None if prefix == "xml" => XML,
            None if prefix.is_empty() => "",
            None => return Err(Stop::Wrong(code::UNBOUND_PREFIX, tag)),
        };
        if address.is_empty() {
            return Ok(self.object(local));
        }
        let full = format!("{{{address}}}{local}");
        Ok(self.object(&full))
    }

    fn object(&mut self, name: &str) -> PyRef<PyStr> {
        let hash = name.bytes().fold(name.len(), |hash, byte| hash.wrapping_mul(31) ^ usize::from(byte));
        let slot = &mut self.recent[hash % SLOTS];
        match slot {
            Some(known) if known.as_bytes() == name.as_bytes() => known.clone(),
            _ => {
                let made = self.vm.ctx.new_str(name);
                *slot = Some(made.clone());
                made
            }
        }
    }
}
