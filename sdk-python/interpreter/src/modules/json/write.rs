//! Writes Python objects as JSON, in the form that `json.dumps` gives by default: ASCII, `, ` and `: `.

use rustpython_vm::{
    AsObject, Py, PyObjectRef, VirtualMachine,
    builtins::{PyBaseExceptionRef, PyDict, PyFloat, PyInt, PyList, PyStr, PyTuple},
    literal,
};
use std::io::Write;

/// Why writing stopped.
pub enum Stop {
    /// Something that the standard library has to write, or has to raise an exception for.
    Unsupported,
    /// The function for other types has raised.
    Raised(PyBaseExceptionRef),
}

/// JSON that is being written.
pub struct Writer<'a> {
    /// What was written so far: ASCII.
    pub out: Vec<u8>,
    vm: &'a VirtualMachine,
    depth: usize,
}

const HEX: &[u8; 16] = b"0123456789abcdef";

impl<'a> Writer<'a> {
    /// An empty text.
    pub fn new(vm: &'a VirtualMachine) -> Self {
        Self { out: Vec::with_capacity(256), vm, depth: 0 }
    }

    /// Writes one value. `default` makes values of other types into ones that can be written.
    pub fn value(&mut self, object: &PyObjectRef, default: Option<&PyObjectRef>) -> Result<(), Stop> {
        let vm = self.vm;
        if let Some(text) = object.downcast_ref_if_exact::<PyStr>(vm) {
            self.string(text);
        } else if let Some(number) = object.downcast_ref_if_exact::<PyInt>(vm) {
            self.integer(number)?;
        } else if let Some(dict) = object.downcast_ref_if_exact::<PyDict>(vm) {
            self.nested(|writer| writer.dict(dict, default))?;
        } else if let Some(list) = object.downcast_ref_if_exact::<PyList>(vm) {
            self.nested(|writer| writer.list(list, default))?;
        } else if let Some(number) = object.downcast_ref_if_exact::<PyFloat>(vm) {
            self.float(number.to_f64());
        } else if vm.is_none(object) {
            self.out.extend_from_slice(b"null");
        } else if object.is(&vm.ctx.true_value) {
            self.out.extend_from_slice(b"true");
        } else if object.is(&vm.ctx.false_value) {
            self.out.extend_from_slice(b"false");
        } else if let Some(tuple) = object.downcast_ref_if_exact::<PyTuple>(vm) {
            self.nested(|writer| writer.items(tuple.as_slice(), default))?;
        } else {
            self.other(object, default)?;
        }
        Ok(())
    }

    /// Subclasses of the built-in types go to the standard library, which knows what each of them means; the rest to the
    /// function that was given for it.
    fn other(&mut self, object: &PyObjectRef, default: Option<&PyObjectRef>) -> Result<(), Stop> {
        let builtin = object.downcastable::<PyStr>()
            || object.downcastable::<PyInt>()
            || object.downcastable::<PyFloat>()
            || object.downcastable::<PyDict>()
            || object.downcastable::<PyList>()
            || object.downcastable::<PyTuple>();
        let Some(default) = default.filter(|_| !builtin) else { return Err(Stop::Unsupported) };
        let replaced = default.call((object.clone(),), self.vm).map_err(Stop::Raised)?;
        self.nested(|writer| writer.value(&replaced, Some(default)))
    }

    fn nested(&mut self, write: impl FnOnce(&mut Self) -> Result<(), Stop>) -> Result<(), Stop> {
        if self.depth == super::DEEPEST {
            return Err(Stop::Unsupported);
        }
        self.depth += 1;
        write(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn list(&mut self, list: &PyList, default: Option<&PyObjectRef>) -> Result<(), Stop> {
        if default.is_none() {
            return self.items(&list.borrow_vec(), None);
        }
        // The function for other types may change the list while it is written.
        let items = list.borrow_vec().to_vec();
        self.items(&items, default)
    }

    fn items(&mut self, items: &[PyObjectRef], default: Option<&PyObjectRef>) -> Result<(), Stop> {
        self.out.push(b'[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.out.extend_from_slice(b", ");
            }
            self.value(item, default)?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn dict(&mut self, dict: &PyDict, default: Option<&PyObjectRef>) -> Result<(), Stop> {
        self.out.push(b'{');
        let mut position = 0;
        let mut first = true;
        while let Some((next, key, value)) = dict.next_entry(position) {
            position = next;
            if !first {
                self.out.extend_from_slice(b", ");
            }
            first = false;
            let key = key.downcast_ref_if_exact::<PyStr>(self.vm).ok_or(Stop::Unsupported)?;
            self.string(key);
            self.out.extend_from_slice(b": ");
            self.value(&value, default)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn integer(&mut self, number: &Py<PyInt>) -> Result<(), Stop> {
        let number = number.try_to_primitive::<i64>(self.vm).map_err(|_| Stop::Unsupported)?;
        write!(self.out, "{number}").expect("writing into memory");
        Ok(())
    }

    fn float(&mut self, number: f64) {
        if number.is_nan() {
            self.out.extend_from_slice(b"NaN");
        } else if number.is_infinite() {
            self.out.extend_from_slice(if number > 0.0 { b"Infinity" } else { b"-Infinity" });
        } else {
            self.out.extend_from_slice(literal::float::to_string(number).as_bytes());
        }
    }

    fn string(&mut self, text: &PyStr) {
        let bytes = text.as_bytes();
        self.out.push(b'"');
        if bytes.iter().all(|byte| is_plain(*byte)) {
            self.out.extend_from_slice(bytes);
        } else {
            for point in text.as_wtf8().code_points() {
                self.code_point(point.to_u32());
            }
        }
        self.out.push(b'"');
    }

    fn code_point(&mut self, point: u32) {
        let short = match point {
            0x22 => b'"',
            0x5c => b'\\',
            0x0a => b'n',
            0x0d => b'r',
            0x09 => b't',
            0x08 => b'b',
            0x0c => b'f',
            0x20..0x80 => return self.out.push(point as u8),
            0x1_0000.. => {
                let point = point - 0x1_0000;
                self.unit(0xd800 + (point >> 10));
                return self.unit(0xdc00 + (point & 0x3ff));
            }
            _ => return self.unit(point),
        };
        self.out.extend_from_slice(&[b'\\', short]);
    }

    fn unit(&mut self, unit: u32) {
        let digit = |shift: u32| HEX[(unit >> shift & 15) as usize];
        self.out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
    }
}

/// Whether a byte stands for itself inside a string. DEL does as well, but is rare enough for the slow way.
fn is_plain(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\'
}
