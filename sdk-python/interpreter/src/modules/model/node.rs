//! What a value may be, and reading it.

use super::{_caisson_model::Plan, text::Text};
use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyRef, PyResult, VirtualMachine,
    builtins::{PyDict, PyFloat, PyInt, PyList, PyStr, PyStrRef, PyTuple},
};

/// Deeper values are left to the reader in Python, which allows some more and then says what is wrong.
const DEEPEST: usize = 64;

/// What a value may be.
#[derive(Debug)]
pub(super) enum Node {
    /// Anything; whether null is a value is the entry's business.
    Any,
    /// Text that is valid Unicode.
    Str,
    Int,
    Float,
    Bool,
    List(Box<Node>),
    Dict(Box<Node>),
    /// The same or null.
    Optional(Box<Node>),
    Plan(PyRef<Plan>),
    /// A text that stands for something else; the other node reads every other spelling.
    Text(Text, Box<Node>),
    /// A function of Python that converts, and raises if it cannot; and one that makes what is sent, unless that is the value itself.
    Call(PyObjectRef, Option<PyObjectRef>),
}

impl Node {
    /// The node for what `caisson._native_plan` says.
    pub(super) fn new(said: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Self> {
        if let Some(plan) = said.downcast_ref::<Plan>() {
            return Ok(Self::Plan(plan.to_owned()));
        }
        if let Some(code) = said.downcast_ref::<PyStr>() {
            return match code.to_str() {
                Some("any") => Ok(Self::Any),
                Some("str") => Ok(Self::Str),
                Some("int") => Ok(Self::Int),
                Some("float") => Ok(Self::Float),
                Some("bool") => Ok(Self::Bool),
                _ => Err(unknown(said, vm)),
            };
        }
        let Some([code, inner, more @ ..]) = said.downcast_ref::<PyTuple>().map(|parts| parts.as_slice())
        else {
            return Err(unknown(said, vm));
        };
        let make = |wrap: fn(Box<Self>) -> Self| Ok(wrap(Box::new(Self::new(inner, vm)?)));
        match code.downcast_ref::<PyStr>().and_then(|code| code.to_str()) {
            Some("list") => make(Self::List),
            Some("dict") => make(Self::Dict),
            Some("optional") => make(Self::Optional),
            Some("text") => {
                let [otherwise] = more else { return Err(unknown(said, vm)) };
                Ok(Self::Text(Text::new(inner, vm)?, Box::new(Self::new(otherwise, vm)?)))
            }
            Some("call") => {
                Ok(Self::Call(inner.clone(), more.first().filter(|dump| !vm.is_none(dump)).cloned()))
            }
            _ => Err(unknown(said, vm)),
        }
    }

    /// What a value becomes; `None` when it is not plain. A value that is null is nobody's but the caller's.
    pub(super) fn read(&self, value: &PyObjectRef, depth: usize, vm: &VirtualMachine) -> Option<PyObjectRef> {
        match self {
            Self::Any => Some(value.clone()),
            Self::Str => {
                value.downcast_ref_if_exact::<PyStr>(vm)?.to_str()?;
                Some(value.clone())
            }
            Self::Int => value.downcast_ref_if_exact::<PyInt>(vm).map(|_| value.clone()),
            Self::Float => float(value, vm),
            Self::Bool => {
                let is_bool = value.is(&vm.ctx.true_value) || value.is(&vm.ctx.false_value);
                is_bool.then(|| value.clone())
            }
            Self::Optional(_) if vm.is_none(value) => Some(value.clone()),
            Self::Optional(inner) => inner.read(value, depth, vm),
            Self::Text(text, otherwise) => {
                text.read(value, vm).or_else(|| otherwise.read(value, depth, vm))
            }
            Self::Call(convert, _) => convert.call((value.clone(),), vm).ok(),
            _ if depth >= DEEPEST => None,
            Self::List(item) => list(value, vm, |value| item.item(value, depth + 1, vm)),
            Self::Dict(item) => dict(value, vm, |value| item.item(value, depth + 1, vm)),
            Self::Plan(plan) => plan.read(value.downcast_ref_if_exact::<PyDict>(vm)?, depth + 1, vm),
        }
    }

    /// What is sent for a value; `None` when it is not plain.
    pub(super) fn dump(&self, value: &PyObjectRef, depth: usize, vm: &VirtualMachine) -> Option<PyObjectRef> {
        if vm.is_none(value) {
            return Some(value.clone());
        }
        match self {
            Self::Any | Self::Call(_, None) => Some(value.clone()),
            Self::Str => value.downcast_ref_if_exact::<PyStr>(vm).map(|_| value.clone()),
            Self::Int => value.downcast_ref_if_exact::<PyInt>(vm).map(|_| value.clone()),
            Self::Float => {
                let is_plain = value.downcast_ref_if_exact::<PyFloat>(vm).is_some()
                    || value.downcast_ref_if_exact::<PyInt>(vm).is_some();
                is_plain.then(|| value.clone())
            }
            Self::Bool => self.read(value, depth, vm),
            Self::Optional(inner) | Self::Text(_, inner) => inner.dump(value, depth, vm),
            Self::Call(_, Some(dump)) => dump.call((value.clone(),), vm).ok(),
            _ if depth >= DEEPEST => None,
            Self::List(item) => list(value, vm, |value| item.dump(value, depth + 1, vm)),
            Self::Dict(item) => dict(value, vm, |value| item.dump(value, depth + 1, vm)),
            Self::Plan(plan) => plan.dump(value, depth + 1, vm),
        }
    }

    /// An item of a list or a dict.
    fn item(&self, value: &PyObjectRef, depth: usize, vm: &VirtualMachine) -> Option<PyObjectRef> {
        // Whether null may be an item of anything (`list_[any_]`) is left to Python: it is rare.
        if vm.is_none(value) && !matches!(self, Self::Optional(_)) {
            return None;
        }
        self.read(value, depth, vm)
    }
}

pub(super) fn unknown(said: &PyObjectRef, vm: &VirtualMachine) -> rustpython_vm::builtins::PyBaseExceptionRef {
    vm.new_value_error(format!("a node of a plan cannot be a {}", said.class().name()))
}

fn float(value: &PyObjectRef, vm: &VirtualMachine) -> Option<PyObjectRef> {
    if let Some(number) = value.downcast_ref_if_exact::<PyFloat>(vm) {
        return number.to_f64().is_finite().then(|| value.clone());
    }
    let number = value.downcast_ref_if_exact::<PyInt>(vm)?.try_to_primitive::<i64>(vm).ok()?;
    Some(vm.ctx.new_float(number as f64).into())
}

fn list(
    value: &PyObjectRef,
    vm: &VirtualMachine,
    make: impl Fn(&PyObjectRef) -> Option<PyObjectRef>,
) -> Option<PyObjectRef> {
    // Copied, since a function that converts an item could change the list.
    let items = value.downcast_ref_if_exact::<PyList>(vm)?.borrow_vec().to_vec();
    let made = items.iter().map(make).collect::<Option<Vec<_>>>()?;
    Some(vm.ctx.new_list(made).into())
}

fn dict(
    value: &PyObjectRef,
    vm: &VirtualMachine,
    make: impl Fn(&PyObjectRef) -> Option<PyObjectRef>,
) -> Option<PyObjectRef> {
    let dict = value.downcast_ref_if_exact::<PyDict>(vm)?;
    let made = vm.ctx.new_dict();
    let mut position = 0;
    while let Some((next, key, value)) = dict.next_entry(position) {
        position = next;
        made.set_item(&*key, make(&value)?, vm).ok()?;
    }
    Some(made.into())
}

/// What stands for an element that is missing.
#[derive(Debug)]
enum Fallback {
    /// Nothing: it is required.
    None,
    /// This value, which cannot be changed.
    Value(PyObjectRef),
    /// What this function answers.
    Make(PyObjectRef),
}

/// A named element of an object.
#[derive(Debug)]
pub(super) struct Entry {
    name: PyStrRef,
    node: Node,
    takes_null: bool,
    takes_empty: bool,
    fallback: Fallback,
}

impl Entry {
    /// The entry for what `caisson._native_plan` says.
    pub(super) fn new(said: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Self> {
        let Some([name, node, takes_null, takes_empty, code, fallback]) =
            said.downcast_ref::<PyTuple>().map(|parts| parts.as_slice())
        else {
            return Err(unknown(said, vm));
        };
        let name = name.clone().downcast::<PyStr>().map_err(|name| unknown(&name, vm))?;
        let fallback = match code.downcast_ref::<PyStr>().and_then(|code| code.to_str()) {
            Some("none") => Fallback::None,
            Some("value") => Fallback::Value(fallback.clone()),
            Some("make") => Fallback::Make(fallback.clone()),
            _ => return Err(unknown(code, vm)),
        };
        Ok(Self {
            name,
            node: Node::new(node, vm)?,
            takes_null: takes_null.clone().try_to_bool(vm)?,
            takes_empty: takes_empty.clone().try_to_bool(vm)?,
            fallback,
        })
    }

    /// Its name.
    pub(super) fn name(&self) -> &Py<PyStr> {
        &self.name
    }

    /// Its value in an object; `None` when that is not plain, or is missing though it is required.
    pub(super) fn read(&self, data: &Py<PyDict>, depth: usize, vm: &VirtualMachine) -> Option<PyObjectRef> {
        let Some(value) = data.get_item_opt(self.name(), vm).ok()? else { return self.missing(vm) };
        if vm.is_none(&value) {
            return if self.takes_null { Some(value) } else { self.missing(vm) };
        }
        if !self.takes_empty
            && let Some(text) = value.downcast_ref_if_exact::<PyStr>(vm)
            && text.as_bytes().is_empty()
        {
            return self.missing(vm);
        }
        self.node.read(&value, depth, vm)
    }

    /// What is sent for its value in the `__dict__` of an object, or in a dict; `Some(None)` for nothing at all. An object has
    /// the defaults of its class, a dict has what it has.
    pub(super) fn dump(
        &self,
        data: &Py<PyDict>,
        is_object: bool,
        depth: usize,
        vm: &VirtualMachine,
    ) -> Option<Option<PyObjectRef>> {
        let value = match data.get_item_opt(self.name(), vm).ok()? {
            Some(value) => value,
            None if is_object && !matches!(self.fallback, Fallback::None) => self.missing(vm)?,
            None => return Some(None),
        };
        self.node.dump(&value, depth, vm).map(Some)
    }

    fn missing(&self, vm: &VirtualMachine) -> Option<PyObjectRef> {
        match &self.fallback {
            Fallback::None => None,
            Fallback::Value(value) => Some(value.clone()),
            Fallback::Make(make) => make.call((), vm).ok(),
        }
    }
}
