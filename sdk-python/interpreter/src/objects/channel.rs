//! `self.channel`: where the message came in.

use rustpython_vm::{Py, PyPayload, VirtualMachine, builtins::PyStrRef, pyclass};

/// The channel of one message.
#[pyclass(module = "caisson", name = "Channel")]
#[derive(Debug, PyPayload)]
pub struct PyChannel {
    /// Name of the channel.
    pub name: String,
    /// Whether the message came by HTTP.
    pub http: bool,
}

#[pyclass]
impl PyChannel {
    /// Name of the channel, e.g. `dev` or `invoke`.
    #[pygetset]
    fn name(zelf: &Py<Self>, vm: &VirtualMachine) -> PyStrRef {
        vm.ctx.new_str(zelf.name.as_str())
    }

    /// `http-soap` for messages that came by HTTP, else the channel's name.
    #[pygetset(name = "type")]
    fn kind(zelf: &Py<Self>, vm: &VirtualMachine) -> PyStrRef {
        vm.ctx.new_str(if zelf.http { "http-soap" } else { zelf.name.as_str() })
    }
}
