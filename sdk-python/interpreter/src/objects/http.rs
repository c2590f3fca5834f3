//! `self.request.http`: the HTTP side of a message.

use super::Lazy;
use crate::{
    bindings::{
        caisson::service::types::{Field, Http},
        exports::caisson::service::handler::{Context, Request},
    },
    modules::hook,
};
use rustpython_vm::{Py, PyObjectRef, PyPayload, PyResult, VirtualMachine, builtins::PyStrRef, pyclass};

/// Whether a message came by HTTP. One of another service may have a method all the same, for `handle_GET` and its like.
pub fn came_by_http(context: &Context, request: &Request) -> bool {
    request.http.is_some() && context.channel.kind != "invoke"
}

/// The HTTP side of a call of another service, of which nothing but the method is said.
pub fn by_method(method: String) -> Http {
    Http { method, path: String::new(), query: String::new(), params: Vec::new(), headers: Vec::new() }
}

/// The HTTP facts of one message. For a message that did not come by HTTP they are all empty.
#[pyclass(module = "caisson", name = "Http")]
#[derive(Debug, PyPayload)]
pub struct PyHttp {
    http: Option<Http>,
    body: PyObjectRef,
    params: Lazy,
    get: Lazy,
    post: Lazy,
    headers: Lazy,
}

impl PyHttp {
    /// The HTTP side of a message; `body` is its body, for `POST`.
    pub fn new(http: Option<Http>, body: PyObjectRef) -> Self {
        Self {
            http,
            body,
            params: Lazy::default(),
            get: Lazy::default(),
            post: Lazy::default(),
            headers: Lazy::default(),
        }
    }

    /// Whether the URL has parameters.
    pub fn has_params(&self) -> bool {
        self.http.as_ref().is_some_and(has_params)
    }

    fn text(&self, part: fn(&Http) -> &str, vm: &VirtualMachine) -> PyStrRef {
        vm.ctx.new_str(self.http.as_ref().map_or("", part))
    }

    fn fields(&self, part: fn(&Http) -> &[Field]) -> &[Field] {
        self.http.as_ref().map_or(&[], part)
    }
}

#[pyclass]
impl PyHttp {
    /// Upper case: `GET`, `POST`, ...
    #[pygetset]
    fn method(zelf: &Py<Self>, vm: &VirtualMachine) -> PyStrRef {
        zelf.text(|http| &http.method, vm)
    }

    /// Path as received, still percent-encoded.
    #[pygetset]
    fn path(zelf: &Py<Self>, vm: &VirtualMachine) -> PyStrRef {
        zelf.text(|http| &http.path, vm)
    }

    /// Query as received, without the `?`.
    #[pygetset]
    fn query(zelf: &Py<Self>, vm: &VirtualMachine) -> PyStrRef {
        zelf.text(|http| &http.query, vm)
    }

    /// Parameters that the channel's path captured.
    #[pygetset]
    pub fn params(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        zelf.params.get_or_try(|| {
            let pairs = pairs(zelf.fields(|http| &http.params), vm);
            hook(|hooks| &hooks.make_bunch).call((pairs,), vm)
        })
    }

    /// Parameters of the query string; one that is repeated is a list.
    #[pygetset(name = "GET")]
    pub fn get(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        zelf.get.get_or_try(|| hook(|hooks| &hooks.parse_query).call((Self::query(zelf, vm),), vm))
    }

    /// Fields of a form in the body.
    #[pygetset(name = "POST")]
    fn post(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        zelf.post.get_or_try(|| hook(|hooks| &hooks.parse_form).call((zelf.body.clone(),), vm))
    }

    /// Headers, names in lower case; one that is repeated has its values joined with a comma.
    #[pygetset]
    fn headers(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        zelf.headers.get_or_try(|| {
            let dict = vm.ctx.new_dict();
            for (name, value) in zelf.fields(|http| &http.headers) {
                let value = match dict.get_item_opt(name.as_str(), vm)? {
                    Some(first) => format!("{}, {value}", crate::registry::text(&first, vm)?),
                    None => value.clone(),
                };
                dict.set_item(name.as_str(), vm.ctx.new_str(value).into(), vm)?;
            }
            Ok(dict.into())
        })
    }

    /// The header `User-Agent`, or an empty text.
    #[pygetset]
    fn user_agent(zelf: &Py<Self>, vm: &VirtualMachine) -> PyStrRef {
        let agent = zelf.fields(|http| &http.headers).iter().find(|(name, _)| name == "user-agent");
        vm.ctx.new_str(agent.map_or("", |(_, value)| value.as_str()))
    }

    /// The same as `POST`.
    #[pymethod]
    fn get_form_data(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        Self::post(zelf, vm)
    }
}

/// Whether a URL has parameters, in its path or its query.
pub fn has_params(http: &Http) -> bool {
    !http.params.is_empty() || !http.query.is_empty()
}

fn pairs(fields: &[Field], vm: &VirtualMachine) -> PyObjectRef {
    let pair = |(name, value): &Field| {
        vm.new_tuple((vm.ctx.new_str(name.as_str()), vm.ctx.new_str(value.as_str()))).into()
    };
    vm.ctx.new_list(fields.iter().map(pair).collect()).into()
}
