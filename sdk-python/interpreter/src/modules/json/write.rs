//! Writes Python objects as JSON; by default in the form that `json.dumps` gives: ASCII, `, ` and `: `.

use rustpython_vm::{
    AsObject, Py, PyObjectRef, VirtualMachine,
    builtins::{PyBaseExceptionRef, PyDict, PyFloat, PyInt, PyList, PyStr, PyTuple},
    literal,
};

/// Why writing stopped.
pub enum Stop {
    /// Something that the standard library has to write, or has to raise an exception for.
    Unsupported,
    /// The function for other types has raised.
    Raised(PyBaseExceptionRef),
}

/// How JSON is written.
pub struct Form {
    /// Between items.
    pub item: String,
    /// Between a key and its value.
    pub key: String,
    /// What each level is indented with; with it, every item has a line.
    pub indent: Option<String>,
    /// Keys in their order.
    pub sorted: bool,
    /// All other characters are escaped.
    pub ascii: bool,
}

impl Default for Form {
    fn default() -> Self {
        Self { item: ", ".to_owned(), key: ": ".to_owned(), indent: None, sorted: false, ascii: true }
    }
}

/// JSON that is being written.
pub struct Writer<'a> {
    /// What was written so far: UTF-8.
    pub out: Vec<u8>,
    form: &'a Form,
    vm: &'a VirtualMachine,
    depth: usize,
    /// Containers that are open.
    level: usize,
}

const HEX: &[u8; 16] = b"0123456789abcdef";

impl<'a> Writer<'a> {
    /// An empty text.
    pub fn new(form: &'a Form, vm: &'a VirtualMachine) -> Self {
        Self { out: Vec::with_capacity(1024), form, vm, depth: 0, level: 0 }
    }

    /// Writes one value. `default` makes values of other types into ones that can be written.
    pub fn value(&mut self, object: &PyObjectRef, default: Option<&PyObjectRef>) -> Result<(), Stop> {
        let vm = self.vm;
        if let Some(text) = object.downcast_ref_if_exact::<PyStr>(vm) {
            self.string(text)?;
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
        self.nested(|writer| {
            // What takes an object's place stands at its level.
            writer.level -= 1;
            writer.value(&replaced, Some(default))?;
            writer.level += 1;
            Ok(())
        })
    }

    fn nested(&mut self, write: impl FnOnce(&mut Self) -> Result<(), Stop>) -> Result<(), Stop> {
        if self.depth == super::DEEPEST {
            return Err(Stop::Unsupported);
        }
        self.depth += 1;
        self.level += 1;
        write(self)?;
        self.level -= 1;
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
            self.before(index == 0);
            self.value(item, default)?;
        }
        self.after(items.is_empty());
        self.out.push(b']');
        Ok(())
    }

    /// What stands before an item.
    fn before(&mut self, first: bool) {
        if !first {
            self.out.extend_from_slice(self.form.item.as_bytes());
        }
        self.line(self.level);
    }

    /// What stands behind the last item.
    fn after(&mut self, empty: bool) {
        if !empty {
            self.line(self.level - 1);
        }
    }

    fn line(&mut self, level: usize) {
        if let Some(indent) = &self.form.indent {
            self.out.push(b'\n');
            for _ in 0..level {
                self.out.extend_from_slice(indent.as_bytes());
            }
        }
    }

    fn dict(&mut self, dict: &PyDict, default: Option<&PyObjectRef>) -> Result<(), Stop> {
        if self.form.sorted {
            return self.sorted(dict, default);
        }
        self.out.push(b'{');
        let mut position = 0;
        let mut first = true;
        while let Some((next, key, value)) = dict.next_entry(position) {
            position = next;
            self.before(first);
            first = false;
            self.key(&key)?;
            self.out.extend_from_slice(self.form.key.as_bytes());
            self.value(&value, default)?;
        }
        self.after(first);
        self.out.push(b'}');
        Ok(())
    }

    /// In the order of the keys, which have to be texts: that of their bytes is that of their characters.
    fn sorted(&mut self, dict: &PyDict, default: Option<&PyObjectRef>) -> Result<(), Stop> {
        let mut entries = Vec::new();
        let mut position = 0;
        while let Some((next, key, value)) = dict.next_entry(position) {
            position = next;
            entries.push((key.downcast_exact::<PyStr>(self.vm).map_err(|_| Stop::Unsupported)?, value));
        }
        entries.sort_by(|left, right| left.0.as_bytes().cmp(right.0.as_bytes()));
        self.out.push(b'{');
        for (index, (key, value)) in entries.iter().enumerate() {
            self.before(index == 0);
            self.string(key)?;
            self.out.extend_from_slice(self.form.key.as_bytes());
            self.value(value, default)?;
        }
        self.after(entries.is_empty());
        self.out.push(b'}');
        Ok(())
    }

    /// A key: text, or what is written as text.
    fn key(&mut self, key: &PyObjectRef) -> Result<(), Stop> {
        let vm = self.vm;
        if let Some(text) = key.downcast_ref_if_exact::<PyStr>(vm) {
            return self.string(text);
        }
        let is_constant = vm.is_none(key) || key.is(&vm.ctx.true_value) || key.is(&vm.ctx.false_value);
        let is_number = key.downcast_ref_if_exact::<PyInt>(vm).is_some()
            || key.downcast_ref_if_exact::<PyFloat>(vm).is_some();
        if !is_constant && !is_number {
            return Err(Stop::Unsupported);
        }
        self.out.push(b'"');
        self.value(key, None)?;
        self.out.push(b'"');
        Ok(())
    }

    fn integer(&mut self, number: &Py<PyInt>) -> Result<(), Stop> {
        let number = number.try_to_primitive::<i64>(self.vm).map_err(|_| Stop::Unsupported)?;
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        Ok(())
    }

    fn float(&mut self, number: f64) {
        // In this range the shortest form is the same everywhere; beyond it, Python has an exponent of its own look.
        if (1e-4..1e16).contains(&number.abs()) {
            self.out.extend_from_slice(ryu::Buffer::new().format_finite(number).as_bytes());
        } else if number.is_nan() {
            self.out.extend_from_slice(b"NaN");
        } else if number.is_infinite() {
            self.out.extend_from_slice(if number > 0.0 { b"Infinity" } else { b"-Infinity" });
        } else {
            self.out.extend_from_slice(literal::float::to_string(number).as_bytes());
        }
    }

    fn string(&mut self, text: &PyStr) -> Result<(), Stop> {
        let bytes = text.as_bytes();
        self.out.push(b'"');
        if bytes.iter().all(|byte| is_plain(*byte)) {
            self.out.extend_from_slice(bytes);
        } else if self.form.ascii {
            for point in text.as_wtf8().code_points() {
                self.code_point(point.to_u32());
            }
        } else {
            // A surrogate without its other half is no UTF-8.
            text.to_str().ok_or(Stop::Unsupported)?;
            for byte in bytes {
                if *byte < 0x7f {
                    self.code_point(u32::from(*byte));
                } else {
                    self.out.push(*byte);
                }
            }
        }
        self.out.push(b'"');
        Ok(())
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
            0x20..0x7f => return self.out.push(point as u8),
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

/// Whether a byte stands for itself inside a string; DEL does not.
fn is_plain(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\'
}
