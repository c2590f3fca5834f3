//! JSON between bytes and Python objects, for the bodies of messages and in place of `json.loads` and `json.dumps`.
//!
//! Only the common case is here: the usual options, well-formed text, built-in types. Everything else, above all every error,
//! is left to the standard library's own functions, so that messages and corner cases are exactly theirs.

mod options;
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
    read::Reader::new(std::str::from_utf8(body).ok()?, &options::Reading::default(), vm).document().ok()?
}

/// The body of an answer: JSON of a value. Objects of other types are first given to the SDK's function for them.
pub fn write(object: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Vec<u8>> {
    let form = write::Form::default();
    let mut writer = write::Writer::new(&form, vm);
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
    if let Some((text, options)) = options::reading(&args, vm) {
        let text = match (text.downcast_ref::<PyStr>(), text.downcast_ref::<PyBytes>()) {
            (Some(text), _) => text.to_str(),
            (_, Some(bytes)) => std::str::from_utf8(bytes.as_bytes()).ok(),
            _ => None,
        };
        if let Some(text) = text
            && let Some(value) = read::Reader::new(text, &options, vm).document()?
        {
            return Ok(value);
        }
    }
    hook(|hooks| &hooks.python_loads).call(args, vm)
}

/// `json.dumps`.
pub fn dumps(args: FuncArgs, vm: &VirtualMachine) -> PyResult {
    if let Some((object, options)) = options::writing(&args, vm) {
        let mut writer = write::Writer::new(&options.form, vm);
        match writer.value(&object, options.default.as_ref()) {
            Ok(()) => {
                let text = String::from_utf8(writer.out).expect("the writer writes UTF-8");
                return Ok(vm.ctx.new_str(text).into());
            }
            Err(write::Stop::Raised(exception)) => return Err(exception),
            Err(write::Stop::Unsupported) => {}
        }
    }
    hook(|hooks| &hooks.python_dumps).call(args, vm)
}
