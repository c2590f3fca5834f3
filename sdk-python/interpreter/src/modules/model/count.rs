//! Finds out whether an object of a JSON text had a name twice, after it was parsed.
//!
//! Outside of strings a JSON text has one colon for each element of each object. If the objects that were made of it have fewer
//! elements than that, a later one has taken the place of an earlier one.

use rustpython_vm::{
    Py, PyObjectRef, VirtualMachine,
    builtins::{PyDict, PyList},
};

/// Deeper values are looked at by Python, which is asked whenever this module is not certain.
const DEEPEST: usize = 200;

/// Whether no object had a name twice. `false` when that is not certain.
pub(super) fn is_unambiguous(raw: &[u8], payload: &PyObjectRef, vm: &VirtualMachine) -> bool {
    elements(payload, 0, vm) == Some(colons(raw))
}

fn colons(raw: &[u8]) -> usize {
    let mut found = 0;
    let mut bytes = raw.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b':' => found += 1,
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    found
}

fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

fn elements(value: &PyObjectRef, depth: usize, vm: &VirtualMachine) -> Option<usize> {
    if depth > DEEPEST {
        return None;
    }
    if let Some(list) = value.downcast_ref_if_exact::<PyList>(vm) {
        let items = list.borrow_vec();
        return items.iter().try_fold(0, |sum, item| Some(sum + elements(item, depth + 1, vm)?));
    }
    let Some(dict) = value.downcast_ref_if_exact::<PyDict>(vm) else { return Some(0) };
    in_dict(dict, depth, vm)
}

fn in_dict(dict: &Py<PyDict>, depth: usize, vm: &VirtualMachine) -> Option<usize> {
    let mut sum = dict.__len__();
    let mut position = 0;
    while let Some((next, _, value)) = dict.next_entry(position) {
        position = next;
        sum += elements(&value, depth + 1, vm)?;
    }
    Some(sum)
}
