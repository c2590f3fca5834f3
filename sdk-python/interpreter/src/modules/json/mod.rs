//! JSON between bytes and Python objects, for the bodies of messages and in place of `json.loads` and `json.dumps`.
//!
//! Only the common case is here: default options, well-formed text, built-in types. Everything else, above all every error,
//! is left to the standard library's own functions, so that messages and corner cases are exactly theirs.

mod read;
mod write;

use super::hook;
use rustpython_vm::{
    PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyBytes, PyStr},
    function::FuncArgs,
};

/// Deeper values are left to the standard library, which raises RecursionError for them. Reading and writing use the host's
/// stack, and running off that would be a trap.
const DEEPEST: usize = 200;

/// The value of a JSON text, or `None` when it is not well-formed or is beyond what is supported here.
pub fn read(body: &[u8], vm: &VirtualMachine) -> Option<PyObjectRef> {
    read::Reader::new(std::str::from_utf8(body).ok()?, vm).document()
}

/// The body of an answer: JSON of a value. Objects of other types are first given to the SDK's function for them.
pub fn write(object: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Vec<u8>> {
    let mut writer = write::Writer::new(vm);
    let default = hook(|hooks| &hooks.json_default);
    match writer.value(object, Some(&default)) {
        Ok(()) => Ok(writer.out),
        Err(write::Stop::Raised(exception)) => Err(exception),
        Err(write::Stop::Unsupported) => {
            let text = hook(|hooks| &hooks.dumps).call((object.clone(),), vm)?;
            let text = text.downcast::<PyStr>().map_err(|_| vm.new_type_error("dumps answers a str"))?;
            Ok(text.as_bytes().to_vec())
        }
    }
}

/// `json.loads`.
pub fn loads(args: FuncArgs, vm: &VirtualMachine) -> PyResult {
    if let ([text], true) = (args.args.as_slice(), args.kwargs.is_empty()) {
        let read = match (text.downcast_ref::<PyStr>(), text.downcast_ref::<PyBytes>()) {
            (Some(text), _) => text.to_str().and_then(|text| read::Reader::new(text, vm).document()),
            (_, Some(bytes)) => read(bytes.as_bytes(), vm),
            _ => None,
        };
        if let Some(value) = read {
            return Ok(value);
        }
    }
    hook(|hooks| &hooks.python_loads).call(args, vm)
}

/// `json.dumps`.
pub fn dumps(args: FuncArgs, vm: &VirtualMachine) -> PyResult {
    if let ([object], true) = (args.args.as_slice(), args.kwargs.is_empty()) {
        let mut writer = write::Writer::new(vm);
        if writer.value(object, None).is_ok() {
            let text = String::from_utf8(writer.out).expect("the writer writes ASCII");
            return Ok(vm.ctx.new_str(text).into());
        }
    }
    hook(|hooks| &hooks.python_dumps).call(args, vm)
}
