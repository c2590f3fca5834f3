//! What is done to the objects of an image before it is taken, so that requests do not write to them.

#![allow(unsafe_code)]

use rustpython_vm::{PyObject, PyObjectRef, VirtualMachine};
use std::ptr::NonNull;

/// Makes every object that can be reached immortal, so that using it leaves its reference count, and therewith its page, as
/// it is. `everything` also visits the objects of the image that this one was made from.
///
/// What an image holds is never freed anyway: it comes back with every request.
pub fn immortalise(everything: bool, vm: &VirtualMachine) {
    let roots: Vec<PyObjectRef> = if everything {
        vm.state.gc.get_objects(None)
    } else {
        (0..3).flat_map(|generation| vm.state.gc.get_objects(Some(generation))).collect()
    };
    let mut found: Vec<NonNull<PyObject>> = roots.iter().map(|root| NonNull::from(&**root)).collect();
    let mut children = Vec::new();
    while let Some(object) = found.pop() {
        // SAFETY: the object is alive: it is a root, which `roots` holds, or was reached from a living object that has been
        // made immortal, and no Python code runs meanwhile that could take it from there.
        let object = unsafe { object.as_ref() };
        object.make_immortal();
        // SAFETY: as above; nothing else uses the object now.
        unsafe { object.gc_extend_referent_ptrs(&mut children) };
        // SAFETY: as above.
        found.extend(children.drain(..).filter(|child| !unsafe { child.as_ref() }.is_immortal()));
    }
    // The roots are immortal now; giving their references back changes nothing.
    drop(roots);
}

/// How many objects of a kind `prime` makes. More than a small request uses, few enough to share a handful of pages.
const PRIMED: usize = 16;

/// Objects of the kinds that the interpreter keeps for reuse when they are freed.
fn recycled(vm: &VirtualMachine) -> Vec<PyObjectRef> {
    let mut made: Vec<PyObjectRef> = Vec::with_capacity(PRIMED * 10);
    for index in 0..PRIMED {
        made.push(vm.ctx.new_dict().into());
        made.push(vm.ctx.new_list(Vec::new()).into());
        made.push(vm.ctx.new_float(index as f64 + 0.5).into());
        // Small numbers are shared and never freed.
        made.push(vm.ctx.new_int(1_000_000 + index).into());
        for length in 1..6 {
            made.push(vm.ctx.new_tuple(vec![vm.ctx.none(); length]).into());
        }
    }
    made
}

/// Takes freed objects of the image out of the interpreter's reach: they lie all over the old heap, and requests would use
/// them first. To be called before the heap is sealed.
pub fn drain(vm: &VirtualMachine) {
    for _ in 0..8 {
        std::mem::forget(recycled(vm));
    }
}

/// Gives the interpreter freed objects that lie side by side, for requests to use. To be called after the heap is sealed.
pub fn prime(vm: &VirtualMachine) {
    drop(recycled(vm));
}
