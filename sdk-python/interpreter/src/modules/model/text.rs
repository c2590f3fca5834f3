//! Texts that stand for values of Python's own library: days, times, exact numbers, UUIDs.
//!
//! Only the usual spelling is read here, the one that programs write. Every other is left to the reader in Python.

use super::node::unknown;
use rustpython_vm::{
    PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyFloat, PyInt, PyStr, PyTuple, PyTypeRef},
    function::PySetterValue,
};

/// Longer numbers are left to Python: there are bounds to look at.
const MOST_DIGITS: usize = 100;

/// A value as a text.
#[derive(Debug)]
pub(super) enum Text {
    /// `YYYY-MM-DD`, and what makes a day of it.
    Date(PyObjectRef),
    /// `HH:MM:SS`, with a fraction and a zone if there are any.
    Time(PyObjectRef),
    /// Both, with a `T` between.
    DateTime(PyObjectRef),
    /// Digits, with a point among them; a number of JSON as well. The class.
    Decimal(PyTypeRef),
    /// With dashes. The class, and what its objects have as `is_safe`.
    Uuid(PyTypeRef, PyObjectRef),
}

impl Text {
    /// What `caisson._native_plan` says: a name, what makes the value, and more for some.
    pub(super) fn new(said: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Self> {
        let parts = said.downcast_ref::<PyTuple>().map(|parts| parts.as_slice());
        let Some([name, make, more @ ..]) = parts else { return Err(unknown(said, vm)) };
        let class = || make.clone().downcast().map_err(|make| unknown(&make, vm));
        match (name.downcast_ref::<PyStr>().and_then(|name| name.to_str()), more) {
            (Some("date"), []) => Ok(Self::Date(make.clone())),
            (Some("time"), []) => Ok(Self::Time(make.clone())),
            (Some("date-time"), []) => Ok(Self::DateTime(make.clone())),
            (Some("decimal"), []) => Ok(Self::Decimal(class()?)),
            (Some("uuid"), [is_safe]) => Ok(Self::Uuid(class()?, is_safe.clone())),
            _ => Err(unknown(name, vm)),
        }
    }

    /// The value; `None` when it is spelled in another way, or wrong.
    pub(super) fn read(&self, value: &PyObjectRef, vm: &VirtualMachine) -> Option<PyObjectRef> {
        if let Self::Decimal(class) = self {
            return decimal(class, value, vm);
        }
        let text = value.downcast_ref_if_exact::<PyStr>(vm)?.to_str()?.as_bytes();
        match self {
            Self::Date(make) if is_date(text) => make.call((value.clone(),), vm).ok(),
            Self::Time(make) if is_time(text) => make.call((value.clone(),), vm).ok(),
            Self::DateTime(make) if is_date_time(text) => make.call((value.clone(),), vm).ok(),
            Self::Uuid(class, is_safe) => {
                let number = vm.ctx.new_bigint(&hex(text)?.into());
                object(class, [("int", number.into()), ("is_safe", is_safe.clone())], vm)
            }
            _ => None,
        }
    }
}

fn decimal(class: &PyTypeRef, value: &PyObjectRef, vm: &VirtualMachine) -> Option<PyObjectRef> {
    if let Some(text) = value.downcast_ref_if_exact::<PyStr>(vm) {
        return exact(class, text.to_str()?, vm);
    }
    // As it is written: 0.1 is one tenth, not what the processor makes of it.
    let is_number = value.downcast_ref_if_exact::<PyFloat>(vm).is_some()
        || value.downcast_ref_if_exact::<PyInt>(vm).is_some();
    if is_number { exact(class, value.repr(vm).ok()?.to_str()?, vm) } else { None }
}

/// The exact number that digits and a point stand for: its sign, its digits without leading zeros, and the exponent.
fn exact(class: &PyTypeRef, text: &str, vm: &VirtualMachine) -> Option<PyObjectRef> {
    let (is_negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (unsigned, ""),
    };
    let is_plain = !whole.is_empty()
        && unsigned.len() <= MOST_DIGITS
        && whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    if !is_plain {
        return None;
    }
    let all = [whole, fraction].concat();
    let digits = match all.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let exponent = vm.ctx.new_int(-i64::try_from(fraction.len()).ok()?).into();
    let attributes = [
        ("_sign", vm.ctx.new_int(u8::from(is_negative)).into()),
        ("_int", vm.ctx.new_str(digits).into()),
        ("_exp", exponent),
        ("_is_special", vm.ctx.new_bool(false).into()),
    ];
    object(class, attributes, vm)
}

/// An object of a class in Python that has nothing but slots, made without its `__init__`.
fn object<const N: usize>(
    class: &PyTypeRef,
    attributes: [(&'static str, PyObjectRef); N],
    vm: &VirtualMachine,
) -> Option<PyObjectRef> {
    let made = vm.ctx.new_base_object(class.clone(), None);
    for (name, value) in attributes {
        made.generic_setattr(vm.ctx.intern_str(name), PySetterValue::Assign(value), vm).ok()?;
    }
    Some(made)
}

/// Whether each byte is what the pattern says: a digit for `0`, else itself.
fn is_like(text: &[u8], pattern: &[u8]) -> bool {
    let fits = |(byte, wanted): (&u8, &u8)| {
        if *wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted }
    };
    text.len() == pattern.len() && text.iter().zip(pattern).all(fits)
}

fn is_date(text: &[u8]) -> bool {
    is_like(text, b"0000-00-00")
}

fn is_date_time(text: &[u8]) -> bool {
    text.split_at_checked(10).is_some_and(|(date, time)| {
        is_date(date) && time.split_first().is_some_and(|(mark, time)| *mark == b'T' && is_time(time))
    })
}

/// Hours above 23 are Python's business.
fn is_time(text: &[u8]) -> bool {
    let Some((clock, rest)) = text.split_at_checked(8) else { return false };
    let digits = rest.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
    let zone = match rest.first() {
        Some(b'.') if (1..=6).contains(&digits) => rest.get(digits + 1..).unwrap_or_default(),
        _ => rest,
    };
    is_like(clock, b"00:00:00")
        && clock < b"24".as_slice()
        && (zone.is_empty() || zone == b"Z" || is_like(zone, b"+00:00") || is_like(zone, b"-00:00"))
}

/// The number that a UUID with dashes is.
fn hex(text: &[u8]) -> Option<u128> {
    if text.len() != 36 {
        return None;
    }
    text.iter().enumerate().try_fold(0u128, |number, (index, byte)| {
        if matches!(index, 8 | 13 | 18 | 23) {
            return (*byte == b'-').then_some(number);
        }
        Some(number << 4 | u128::from(char::from(*byte).to_digit(16)?))
    })
}
