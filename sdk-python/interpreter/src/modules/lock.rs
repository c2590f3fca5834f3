//! `_caisson_lock`: the functions of `lock`, on Python values. They answer as those of capabilities do.

pub(crate) use _caisson_lock::module_def;

#[rustpython_vm::pymodule]
mod _caisson_lock {
    use super::super::outcome::answer;
    use crate::bindings::caisson::service::lock;
    use rustpython_vm::{PyObjectRef, VirtualMachine, builtins::PyStrRef};

    /// `acquire(name, ttl_ms, block_ms)`: the token, or `None` if the lock could not be had in time.
    #[pyfunction]
    fn acquire(name: PyStrRef, ttl_ms: u32, block_ms: u32, vm: &VirtualMachine) -> PyObjectRef {
        let taken = lock::acquire(&name.to_string_lossy(), ttl_ms, block_ms);
        answer(taken, vm, |token, vm| match token {
            Some(token) => vm.ctx.new_int(token).into(),
            None => vm.ctx.none(),
        })
    }

    /// `release(token)`: whether it was held until now.
    #[pyfunction]
    fn release(token: u64, vm: &VirtualMachine) -> PyObjectRef {
        answer(lock::release(token), vm, |held, vm| vm.ctx.new_bool(held).into())
    }
}
