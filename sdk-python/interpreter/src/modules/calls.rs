//! `_caisson_calls`: calls of several services at once, and calls that nobody waits for.

pub(crate) use _caisson_calls::module_def;

#[rustpython_vm::pymodule]
mod _caisson_calls {
    use crate::bindings::caisson::service::{
        background::{self, Group, Origin, Pattern, Retry, Task, Ticket},
        invoker::{self, Call},
        types::{Error, Request, Response},
    };
    use crate::{errors::KINDS, objects};
    use rustpython_vm::{
        AsObject, FromArgs, PyObjectRef, PyResult, TryFromObject, VirtualMachine,
        builtins::{PyBytesRef, PyDictRef, PyStrRef, PyTuple},
    };

    /// `invoke_all([(service, content_type, body, timeout_ms, method), ...])`: for each in order `(True, status, headers, body)` or
    /// `(False, kind, status, message, retryable, headers)`.
    #[pyfunction]
    fn invoke_all(calls: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        let calls = vm.extract_elements_with(calls.as_object(), |call| call_from(&call, vm))?;
        let answers = invoker::invoke_all(&calls);
        let answers = answers.into_iter().map(|answer| match answer {
            Ok(response) => answered(response, vm),
            Err(error) => failed(error, vm),
        });
        Ok(vm.ctx.new_list(answers.collect()).into())
    }

    fn call_from(call: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Call> {
        let parts = call.downcast_ref::<PyTuple>().map(|parts| parts.as_slice());
        let Some([service, content_type, body, timeout_ms, method]) = parts else {
            return Err(vm.new_type_error("a call is (service, content_type, body, timeout_ms, method)"));
        };
        let body = PyBytesRef::try_from_object(vm, body.clone())?;
        Ok(Call {
            service: text(service, vm)?,
            request: Request {
                http: optional(method, vm)?.map(objects::by_method),
                soap: None,
                message: None,
                content_type: optional(content_type, vm)?,
                body: body.as_bytes().to_vec(),
            },
            timeout_ms: Option::<u32>::try_from_object(vm, timeout_ms.clone())?,
        })
    }

    /// `find(name)`: the name of a service that is deployed, given its name or its module and class; or `None`.
    #[pyfunction]
    fn find(name: PyStrRef) -> Option<String> {
        invoker::find(&name.to_string_lossy())
    }

    /// `enqueue(task)`: takes in a call, given as a dict with the names of the contract: `(True, id, cid)` or as `invoke_all`.
    #[pyfunction]
    fn enqueue(task: PyDictRef, vm: &VirtualMachine) -> PyResult {
        let task = task_from(&task, vm)?;
        Ok(ticket(background::enqueue(&task), vm))
    }

    /// What `enqueue_group` is given.
    #[derive(FromArgs)]
    struct Together {
        #[pyarg(positional)]
        pattern: PyStrRef,
        #[pyarg(positional)]
        tasks: PyObjectRef,
        #[pyarg(positional)]
        on_target: PyObjectRef,
        #[pyarg(positional)]
        on_final: PyObjectRef,
        #[pyarg(positional)]
        cid: Option<PyStrRef>,
    }

    /// `enqueue_group(pattern, tasks, on_target, on_final, cid)`: `(True, id, cid)` or as `invoke_all`.
    #[pyfunction]
    fn enqueue_group(asked: Together, vm: &VirtualMachine) -> PyResult {
        let task = |task: PyObjectRef| task_from(&PyDictRef::try_from_object(vm, task)?, vm);
        let group = Group {
            pattern: match &*asked.pattern.to_string_lossy() {
                "fanout" => Pattern::Fanout,
                _ => Pattern::Parallel,
            },
            tasks: vm.extract_elements_with(asked.tasks.as_object(), task)?,
            on_target: texts(&asked.on_target, vm)?,
            on_final: texts(&asked.on_final, vm)?,
            cid: asked.cid.map(|cid| cid.to_string_lossy().into_owned()),
        };
        Ok(ticket(background::enqueue_group(&group), vm))
    }

    fn task_from(task: &PyDictRef, vm: &VirtualMachine) -> PyResult<Task> {
        let part = |name: &'static str| -> PyResult<PyObjectRef> {
            Ok(task.get_item_opt(name, vm)?.unwrap_or_else(|| vm.ctx.none()))
        };
        let words = |name| optional(&part(name)?, vm);
        let number = |name| Option::<u64>::try_from_object(vm, part(name)?);
        let retry = match number("repeats")? {
            None => None,
            Some(repeats) => Some(Retry {
                repeats: u32::try_from(repeats).unwrap_or(u32::MAX),
                interval_ms: number("interval_ms")?.unwrap_or(0),
            }),
        };
        let callback = part("callback")?;
        Ok(Task {
            service: text(&part("service")?, vm)?,
            content_type: words("content_type")?,
            body: PyBytesRef::try_from_object(vm, part("body")?)?.as_bytes().to_vec(),
            origin: if part("scheduled")?.try_to_bool(vm)? { Origin::Schedule } else { Origin::Call },
            name: words("name")?,
            cid: words("cid")?,
            in_reply_to: words("in_reply_to")?,
            environ: words("environ")?,
            delay_ms: number("delay_ms")?.unwrap_or(0),
            expires_ms: number("expires_ms")?,
            retry,
            callback: if vm.is_none(&callback) { Vec::new() } else { texts(&callback, vm)? },
            report: words("report")?,
        })
    }

    fn ticket(taken: Result<Ticket, Error>, vm: &VirtualMachine) -> PyObjectRef {
        match taken {
            Ok(ticket) => vm.new_tuple((vm.ctx.new_bool(true), ticket.id, ticket.cid)).into(),
            Err(error) => failed(error, vm),
        }
    }

    fn answered(response: Response, vm: &VirtualMachine) -> PyObjectRef {
        let body = vm.ctx.new_bytes(response.body);
        vm.new_tuple((vm.ctx.new_bool(true), response.status, fields(response.headers, vm), body)).into()
    }

    fn failed(error: Error, vm: &VirtualMachine) -> PyObjectRef {
        let kind = KINDS.iter().find(|(_, known)| *known == error.kind).map_or("internal", |(name, _)| name);
        let headers = fields(error.headers, vm);
        let parts = (vm.ctx.new_bool(false), kind, error.status, error.message, error.retryable, headers);
        vm.new_tuple(parts).into()
    }

    fn fields(fields: Vec<(String, String)>, vm: &VirtualMachine) -> PyObjectRef {
        let pair = |(name, value): (String, String)| vm.new_tuple((name, value)).into();
        vm.ctx.new_list(fields.into_iter().map(pair).collect()).into()
    }

    fn text(object: &PyObjectRef, vm: &VirtualMachine) -> PyResult<String> {
        Ok(PyStrRef::try_from_object(vm, object.clone())?.to_string_lossy().into_owned())
    }

    fn optional(object: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Option<String>> {
        if vm.is_none(object) { Ok(None) } else { text(object, vm).map(Some) }
    }

    fn texts(list: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Vec<String>> {
        vm.extract_elements_with(list.as_object(), |one| text(&one, vm))
    }
}
