//! Messages that Python code makes up, as `caisson.testing` does: the facts of the contract by their names, in a dict.

use crate::{
    bindings::{
        caisson::service::types::{Channel, Http, Message, Principal, Soap, SoapHeader},
        exports::caisson::service::handler::{Context, Request},
    },
    registry::text,
};
use rustpython_vm::{
    PyObjectRef, PyResult, TryFromObject, VirtualMachine,
    builtins::{PyBytes, PyDict, PyDictRef, PyTuple},
};

/// The message and its context. What is not in the dict is as in a message that came from nowhere.
pub fn message(facts: Option<&PyObjectRef>, vm: &VirtualMachine) -> PyResult<(Context, Request)> {
    let facts = match facts {
        Some(given) => Facts::of(given, vm)?,
        None => Facts(vm.ctx.new_dict()),
    };
    let channel = facts.inner("channel", vm)?.unwrap_or_else(|| Facts(vm.ctx.new_dict()));
    let context = Context {
        cid: facts.word("cid", vm)?.unwrap_or_default(),
        service: facts.word("service", vm)?.unwrap_or_default(),
        version: facts.value("version", vm)?.unwrap_or_default(),
        channel: Channel {
            name: channel.word("name", vm)?.unwrap_or_default(),
            kind: channel.word("kind", vm)?.unwrap_or_default(),
            data_format: channel.word("data_format", vm)?,
            path_over_query: channel.value("path_over_query", vm)?.unwrap_or_default(),
            url_over_body: channel.value("url_over_body", vm)?,
        },
        principal: facts.inner("principal", vm)?.map(|principal| principal.principal(vm)).transpose()?,
        peer: facts.word("peer", vm)?,
        deadline_ms: facts.value("deadline_ms", vm)?.unwrap_or_default(),
        attempt: facts.value("attempt", vm)?.unwrap_or_default(),
        traceparent: facts.word("traceparent", vm)?,
        tracestate: facts.word("tracestate", vm)?,
        in_reply_to: facts.word("in_reply_to", vm)?,
        environ: facts.word("environ", vm)?,
    };
    let request = Request {
        http: facts.inner("http", vm)?.map(|http| http.http(vm)).transpose()?,
        soap: facts.inner("soap", vm)?.map(|soap| soap.soap(vm)).transpose()?,
        message: facts.inner("message", vm)?.map(|message| message.message(vm)).transpose()?,
        content_type: facts.word("content_type", vm)?,
        body: facts.bytes("body", vm)?,
    };
    Ok((context, request))
}

/// A dict of facts. `None` is the same as a name that is not there.
struct Facts(PyDictRef);

impl Facts {
    fn of(object: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Self> {
        let dict = object.downcast_ref::<PyDict>().ok_or_else(|| vm.new_type_error("facts are a dict"))?;
        Ok(Self(dict.to_owned()))
    }

    fn get(&self, name: &str, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        Ok(self.0.get_item_opt(name, vm)?.filter(|value| !vm.is_none(value)))
    }

    fn word(&self, name: &str, vm: &VirtualMachine) -> PyResult<Option<String>> {
        self.get(name, vm)?.map(|value| text(&value, vm)).transpose()
    }

    fn needed(&self, name: &str, vm: &VirtualMachine) -> PyResult<String> {
        self.word(name, vm)?.ok_or_else(|| vm.new_value_error(format!("the fact {name:?} is missing")))
    }

    fn value<T: TryFromObject>(&self, name: &str, vm: &VirtualMachine) -> PyResult<Option<T>> {
        self.get(name, vm)?.map(|value| value.try_into_value(vm)).transpose()
    }

    fn inner(&self, name: &str, vm: &VirtualMachine) -> PyResult<Option<Self>> {
        self.get(name, vm)?.map(|value| Self::of(&value, vm)).transpose()
    }

    fn bytes(&self, name: &str, vm: &VirtualMachine) -> PyResult<Vec<u8>> {
        let Some(value) = self.get(name, vm)? else { return Ok(Vec::new()) };
        let bytes = value.downcast_ref::<PyBytes>();
        Ok(bytes.ok_or_else(|| vm.new_type_error(format!("the fact {name:?} is bytes")))?.as_bytes().to_vec())
    }

    fn parts(&self, name: &str, vm: &VirtualMachine) -> PyResult<Vec<PyObjectRef>> {
        let Some(list) = self.get(name, vm)? else { return Ok(Vec::new()) };
        vm.extract_elements_with(&list, Ok)
    }

    fn fields(&self, name: &str, vm: &VirtualMachine) -> PyResult<Vec<(String, String)>> {
        let pair = |pair: PyObjectRef| match pair.downcast_ref::<PyTuple>().map(|parts| parts.as_slice()) {
            Some([name, value]) => Ok((text(name, vm)?, text(value, vm)?)),
            _ => Err(vm.new_type_error("names and values are pairs of texts")),
        };
        self.parts(name, vm)?.into_iter().map(pair).collect()
    }

    fn principal(&self, vm: &VirtualMachine) -> PyResult<Principal> {
        Ok(Principal {
            name: self.needed("name", vm)?,
            definition: self.word("definition", vm)?.unwrap_or_default(),
            kind: self.word("kind", vm)?.unwrap_or_default(),
            claims: self.word("claims", vm)?,
        })
    }

    fn http(&self, vm: &VirtualMachine) -> PyResult<Http> {
        Ok(Http {
            method: self.needed("method", vm)?,
            path: self.word("path", vm)?.unwrap_or_default(),
            query: self.word("query", vm)?.unwrap_or_default(),
            params: self.fields("params", vm)?,
            headers: self.fields("headers", vm)?,
        })
    }

    fn soap(&self, vm: &VirtualMachine) -> PyResult<Soap> {
        let header = |block: PyObjectRef| match block.downcast_ref::<PyTuple>().map(|parts| parts.as_slice())
        {
            Some([name, namespace, content]) => Ok(SoapHeader {
                name: text(name, vm)?,
                namespace: if vm.is_none(namespace) { None } else { Some(text(namespace, vm)?) },
                content: text(content, vm)?,
            }),
            _ => Err(vm.new_type_error("a header block is a name, a namespace and JSON")),
        };
        Ok(Soap {
            version: self.needed("version", vm)?,
            action: self.word("action", vm)?,
            operation: self.needed("operation", vm)?,
            namespace: self.word("namespace", vm)?,
            headers: self.parts("headers", vm)?.into_iter().map(header).collect::<PyResult<_>>()?,
        })
    }

    fn message(&self, vm: &VirtualMachine) -> PyResult<Message> {
        Ok(Message {
            source: self.needed("source", vm)?,
            id: self.word("id", vm)?,
            key: self.word("key", vm)?,
            redelivered: self.value("redelivered", vm)?.unwrap_or_default(),
            headers: self.fields("headers", vm)?,
            properties: self.fields("properties", vm)?,
        })
    }
}
