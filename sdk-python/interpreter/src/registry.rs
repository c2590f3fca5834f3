//! The services of the loaded package, with everything about a class that can be known before the first request.

use rustpython_vm::{
    AsObject, PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyDict, PyStr, PyType, PyTypeRef},
};
use std::collections::HashMap;

/// The services by name.
#[derive(Default)]
pub struct Registry {
    services: HashMap<String, Entry>,
}

/// One service.
pub struct Entry {
    /// The class. Every request gets a new object of it.
    pub class: PyTypeRef,
    /// `handle`, when the class has one of its own.
    pub handle: Option<PyObjectRef>,
    /// Functions for single HTTP methods, by method; when there are any, HTTP uses only these.
    pub verbs: Vec<(String, PyObjectRef)>,
    /// `__init__`, when the class has one of its own.
    pub init: Option<PyObjectRef>,
}

/// Which function answers a message.
pub enum Choice<'a> {
    /// This one.
    Function(&'a PyObjectRef),
    /// None: the class has functions for other HTTP methods only.
    MethodNotAllowed,
}

impl Entry {
    /// The function for a message that came with this HTTP method, or by no HTTP at all.
    pub fn choose(&self, method: Option<&str>) -> Choice<'_> {
        match (method, &self.handle) {
            (_, Some(handle)) if self.verbs.is_empty() => Choice::Function(handle),
            (None, Some(handle)) => Choice::Function(handle),
            // A message that did not come by HTTP has no method; POST is what carries a payload.
            (None, None) => self
                .verb("POST")
                .or_else(|| self.verbs.first().map(|(_, f)| f))
                .map_or(Choice::MethodNotAllowed, Choice::Function),
            (Some(method), _) => self.verb(method).map_or(Choice::MethodNotAllowed, Choice::Function),
        }
    }

    /// The value of the header `Allow`.
    pub fn allow(&self) -> String {
        self.verbs.iter().map(|(verb, _)| verb.as_str()).collect::<Vec<_>>().join(", ")
    }

    fn verb(&self, method: &str) -> Option<&PyObjectRef> {
        self.verbs.iter().find(|(verb, _)| verb == method).map(|(_, function)| function)
    }

    /// Reads the facts that `caisson._loader` collected about a class.
    pub fn from_facts(facts: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Self> {
        let optional = |name: &'static str| -> PyResult<Option<PyObjectRef>> {
            Ok(Some(facts.get_attr(name, vm)?).filter(|value| !vm.is_none(value)))
        };
        let class = facts
            .get_attr("cls", vm)?
            .downcast::<PyType>()
            .map_err(|_| vm.new_type_error("cls is no class"))?;
        let verbs = facts
            .get_attr("verbs", vm)?
            .downcast::<PyDict>()
            .map_err(|_| vm.new_type_error("verbs is no dict"))?;
        let verbs = verbs
            .into_iter()
            .map(|(verb, function)| Ok((text(&verb, vm)?, function)))
            .collect::<PyResult<_>>()?;
        Ok(Self { class, handle: optional("handle")?, verbs, init: optional("init")? })
    }
}

impl Registry {
    /// Replaces what is known.
    pub fn replace(&mut self, services: HashMap<String, Entry>) {
        self.services = services;
    }

    /// The service of this name.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.services.get(name)
    }
}

/// The text of a Python string.
pub fn text(object: &PyObjectRef, vm: &VirtualMachine) -> PyResult<String> {
    match object.downcast_ref::<PyStr>() {
        Some(string) => Ok(string.to_string_lossy().into_owned()),
        None => Err(vm.new_type_error(format!("a string is expected, not {}", object.class().name()))),
    }
}
