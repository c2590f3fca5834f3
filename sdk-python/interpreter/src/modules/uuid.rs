//! `_uuid` without the state of the interpreter's own: that keeps a random node id for the life of the process, and an image
//! would hand the same one to every request. Without a native generator, `uuid.uuid1` takes the time, the node and the clock
//! sequence in Python, where the SDK resets them.

pub(crate) use _uuid::module_def;

#[rustpython_vm::pymodule]
mod _uuid {
    use rustpython_vm::VirtualMachine;

    #[pyattr]
    fn has_uuid_generate_time_safe(_vm: &VirtualMachine) -> u32 {
        0
    }

    #[pyattr]
    fn has_stable_extractable_node(_vm: &VirtualMachine) -> u32 {
        0
    }
}
