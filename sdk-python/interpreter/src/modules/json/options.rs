//! The options of `json.loads` and `json.dumps` that are answered here.

use super::write::Form;
use rustpython_vm::{
    AsObject, PyObjectRef, VirtualMachine,
    builtins::{PyInt, PyStr, PyTuple},
    function::FuncArgs,
};

/// Options of `loads`.
#[derive(Default)]
pub struct Reading {
    /// Makes a value of a number with a fraction or an exponent.
    pub parse_float: Option<PyObjectRef>,
    /// Makes a value of every other number.
    pub parse_int: Option<PyObjectRef>,
}

/// Options of `dumps`.
pub struct Writing {
    /// How it is written.
    pub form: Form,
    /// Replaces objects of other types.
    pub default: Option<PyObjectRef>,
}

/// The one positional argument and the options of `loads`; `None` when there are others.
pub fn reading(args: &FuncArgs, vm: &VirtualMachine) -> Option<(PyObjectRef, Reading)> {
    let [text] = args.args.as_slice() else { return None };
    let mut options = Reading::default();
    for (name, value) in &args.kwargs {
        match name.as_str().unwrap_or_default() {
            // `json.load` passes all of them on, most of them as None.
            _ if vm.is_none(value) => {}
            "parse_float" if !value.is(vm.ctx.types.float_type) => options.parse_float = Some(value.clone()),
            "parse_int" if !value.is(vm.ctx.types.int_type) => options.parse_int = Some(value.clone()),
            "parse_float" | "parse_int" => {}
            _ => return None,
        }
    }
    Some((text.clone(), options))
}

/// The one positional argument and the options of `dumps`; `None` when there are others.
pub fn writing(args: &FuncArgs, vm: &VirtualMachine) -> Option<(PyObjectRef, Writing)> {
    let [object] = args.args.as_slice() else { return None };
    let mut options = Writing { form: Form::default(), default: None };
    let mut separators = None;
    for (name, value) in &args.kwargs {
        match name.as_str().unwrap_or_default() {
            "indent" => options.form.indent = indent(value, vm)?,
            "separators" => separators = self::separators(value, vm)?,
            "default" => options.default = Some(value.clone()).filter(|value| !vm.is_none(value)),
            "sort_keys" => options.form.sorted = truth(value, vm)?,
            "ensure_ascii" => options.form.ascii = truth(value, vm)?,
            // The others' usual values.
            "cls" if vm.is_none(value) => {}
            "skipkeys" if !truth(value, vm)? => {}
            "check_circular" | "allow_nan" if truth(value, vm)? => {}
            _ => return None,
        }
    }
    if let Some((item, key)) = separators {
        (options.form.item, options.form.key) = (item, key);
    } else if options.form.indent.is_some() {
        options.form.item = ",".to_owned();
    }
    Some((object.clone(), options))
}

fn truth(value: &PyObjectRef, vm: &VirtualMachine) -> Option<bool> {
    if value.is(&vm.ctx.true_value) {
        Some(true)
    } else if value.is(&vm.ctx.false_value) || vm.is_none(value) {
        Some(false)
    } else {
        None
    }
}

/// The inner one is what a level is indented with.
fn indent(value: &PyObjectRef, vm: &VirtualMachine) -> Option<Option<String>> {
    if vm.is_none(value) {
        return Some(None);
    }
    if let Some(text) = value.downcast_ref_if_exact::<PyStr>(vm) {
        return Some(Some(text.to_str()?.to_owned()));
    }
    let spaces: i64 = value.downcast_ref_if_exact::<PyInt>(vm)?.try_to_primitive(vm).ok()?;
    usize::try_from(spaces.max(0)).ok().filter(|spaces| *spaces <= 64).map(|spaces| Some(" ".repeat(spaces)))
}

fn separators(value: &PyObjectRef, vm: &VirtualMachine) -> Option<Option<(String, String)>> {
    if vm.is_none(value) {
        return Some(None);
    }
    let [item, key] = value.downcast_ref_if_exact::<PyTuple>(vm)?.as_slice() else { return None };
    let text = |object: &PyObjectRef| Some(object.downcast_ref_if_exact::<PyStr>(vm)?.to_str()?.to_owned());
    Some(Some((text(item)?, text(key)?)))
}
