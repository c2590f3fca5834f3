//! `self.channel`: where the message came in, and who vouches for the caller.

use crate::bindings::caisson::service::types::{Channel, Principal};
use rustpython_vm::{
    Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, builtins::PyStrRef, pyclass,
};

/// The channel of one message.
#[pyclass(module = "caisson", name = "Channel")]
#[derive(Debug, PyPayload)]
pub struct PyChannel {
    channel: Channel,
    by_http: bool,
    principal: Option<Principal>,
}

impl PyChannel {
    /// The channel of a message.
    pub fn new(channel: Channel, by_http: bool, principal: Option<Principal>) -> Self {
        Self { channel, by_http, principal }
    }
}

#[pyclass]
impl PyChannel {
    /// Name of the channel, e.g. the operator's, `dev` or `invoke`.
    #[pygetset]
    fn name(zelf: &Py<Self>, vm: &VirtualMachine) -> PyStrRef {
        vm.ctx.new_str(zelf.channel.name.as_str())
    }

    /// The same as `name`: channels have no other.
    #[pygetset]
    fn id(zelf: &Py<Self>, vm: &VirtualMachine) -> PyStrRef {
        Self::name(zelf, vm)
    }

    /// False: the server has no channels of its own that lead to services.
    #[pygetset]
    fn is_internal(_zelf: &Py<Self>) -> bool {
        false
    }

    /// `http-soap` for messages that came by HTTP, as Zato has it, else the channel's kind.
    #[pygetset(name = "type")]
    fn kind(zelf: &Py<Self>, vm: &VirtualMachine) -> PyStrRef {
        vm.ctx.new_str(if zelf.by_http { "http-soap" } else { zelf.channel.kind.as_str() })
    }

    /// What bodies are: `json`, `form`, `raw`, `soap`, or `None` when the operator has not said.
    #[pygetset]
    fn data_format(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyStrRef> {
        zelf.channel.data_format.as_deref().map(|format| vm.ctx.new_str(format))
    }

    /// What the caller was authenticated by. All of it is `None` when nobody was.
    #[pygetset]
    fn security(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<PySecurity> {
        PySecurity { principal: zelf.principal.clone() }.into_ref(&vm.ctx)
    }

    /// The same as `security`.
    #[pygetset]
    fn sec(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<PySecurity> {
        Self::security(zelf, vm)
    }
}

/// What a caller was authenticated by.
#[pyclass(module = "caisson", name = "ChannelSecurity")]
#[derive(Debug, PyPayload)]
pub struct PySecurity {
    principal: Option<Principal>,
}

impl PySecurity {
    fn text(&self, part: fn(&Principal) -> &str, vm: &VirtualMachine) -> Option<PyStrRef> {
        self.principal.as_ref().map(|principal| vm.ctx.new_str(part(principal)))
    }
}

#[pyclass]
impl PySecurity {
    /// Name of the security definition.
    #[pygetset]
    fn name(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyStrRef> {
        zelf.text(|principal| &principal.definition, vm)
    }

    /// The same as `name`: security definitions have no other.
    #[pygetset]
    fn id(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyStrRef> {
        Self::name(zelf, vm)
    }

    /// Its type in Zato's spelling: `basic_auth`, `apikey`, `jwt`, `mtls`, `wss`, `admin`.
    #[pygetset(name = "type")]
    fn kind(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyStrRef> {
        zelf.text(
            |principal| match principal.kind.as_str() {
                "basic-auth" => "basic_auth",
                "api-key" => "apikey",
                other => other,
            },
            vm,
        )
    }

    /// Who calls: a user name, a subject, the name of a key.
    #[pygetset]
    fn username(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyStrRef> {
        zelf.text(|principal| &principal.name, vm)
    }

    /// The claims of the caller's token: a dict, or `None` when there was no token.
    #[pygetset]
    fn claims(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        let claims = zelf.principal.as_ref().and_then(|principal| principal.claims.as_deref());
        match claims {
            None => Ok(vm.ctx.none()),
            Some(claims) => crate::modules::hook(|hooks| &hooks.python_loads).call((claims,), vm),
        }
    }
}
