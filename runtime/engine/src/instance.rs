//! One live instance: a store, the memories it was given, and the function that answers.

use crate::bindings::{self, HANDLER, types};
use crate::config::STACK_BYTES;
use crate::host::limiter::MemoryLimiter;
use crate::host::meter::CpuTimeReached;
use crate::host::{Call, Host, Outside};
use crate::memory::{Memories, MemoryImage, provide};
use crate::package::LoadError;
use crate::settings::Limits;
use caisson_capability::{Error, ErrorKind, Fault, Request, Response};
use caisson_telemetry::Metrics;
use std::sync::Arc;
use wasmtime::component::{ComponentNamedList, Instance as Guest, InstancePre, Lift, Lower, TypedFunc};
use wasmtime::{Engine, Store, Trap, UpdateDeadline};

type Handle = TypedFunc<(types::Context, types::Request), (Result<types::Response, types::Error>,)>;

/// Everything that instances of one program are made from.
pub(crate) struct Template {
    /// Name of the package.
    pub(crate) package: Arc<str>,
    pub(crate) engine: Engine,
    pub(crate) pre: InstancePre<Host>,
    /// What the memories begin as, in the order in which they are made.
    pub(crate) images: Arc<[Arc<MemoryImage>]>,
    /// Memory is all the state that this component has: checked when it was compiled.
    pub(crate) memory_is_all: bool,
    pub(crate) outside: Arc<Outside>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) limits: Limits,
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Template").field("images", &self.images).finish_non_exhaustive()
    }
}

/// A store with an instance in it, before the handler has been looked up.
pub(crate) struct Started {
    pub(crate) store: Store<Host>,
    pub(crate) guest: Guest,
    pub(crate) memories: Memories,
}

impl Template {
    /// Makes an instance. Its start functions run under the CPU time and memory limits. `label` stands in log records
    /// that are written outside of any invocation.
    ///
    /// # Errors
    ///
    /// The limits, a trap in a start function, or the operating system's.
    pub(crate) async fn start(&self, label: &str) -> wasmtime::Result<Started> {
        let limiter =
            MemoryLimiter::new(self.limits.memory_bytes, self.images.iter().map(|image| image.len() as u64));
        let (outside, package) = (Arc::clone(&self.outside), Arc::clone(&self.package));
        let host = Host::new(outside, &self.limits, limiter, package, label);
        let meter = host.meter.clone();
        let mut store = Store::new(&self.engine, host);
        store.limiter(|host| &mut host.limiter);
        store.set_hostcall_fuel(hostcall_fuel(&self.limits));
        store.set_max_component_handles(MAX_HANDLES);
        store.epoch_deadline_callback(|context| {
            context.data().meter.check()?;
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
        });
        store.set_epoch_deadline(1);
        let instantiation = self.pre.instantiate_async(&mut store);
        let (guest, memories) = provide(Arc::clone(&self.images), meter.measure(instantiation)).await;
        Ok(Started { guest: guest?, store, memories })
    }

    /// Why an instance could not be started, as far as the package can help it: what does not fit its limits.
    pub(crate) fn refuse(&self, error: &wasmtime::Error) -> LoadError {
        let text = format!("{error:#}");
        if text.contains("exceeds memory limits") {
            return LoadError::new(format!(
                "it needs more memory to begin with than its limit memory_bytes = {} allows",
                self.limits.memory_bytes
            ));
        }
        let explained = explain(error, false, "", &self.limits);
        match explained.kind {
            ErrorKind::QuotaExceeded => LoadError::new(format!("while it started, {}", explained.message)),
            _ => LoadError::new(text),
        }
    }

    /// Makes an instance that can answer.
    ///
    /// # Errors
    ///
    /// As [`Template::start`], or the component has no handler.
    pub(crate) async fn instantiate(&self) -> wasmtime::Result<Instance> {
        let Started { mut store, guest, memories } = self.start("").await?;
        let handle = function(&mut store, &guest, HANDLER, "handle")?;
        Ok(Instance { store, memories, handle, answered: 0, _counted: Counted::new(&self.metrics) })
    }
}

/// A function of an interface that the component exports.
///
/// # Errors
///
/// There is none, or it has another type.
pub(crate) fn function<P, R>(
    store: &mut Store<Host>,
    guest: &Guest,
    interface: &str,
    name: &str,
) -> wasmtime::Result<TypedFunc<P, R>>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    let found = guest.get_export_index(&mut *store, None, interface);
    let found = found.and_then(|index| guest.get_export_index(&mut *store, Some(&index), name));
    let Some(found) = found else {
        wasmtime::bail!(
            "it does not export `{interface}` with `{name}`: build it against the worlds in `wit/`"
        );
    };
    guest.get_typed_func(store, found)
}

/// Entries of an instance's handle tables: resources, tasks, waitables.
const MAX_HANDLES: usize = 4_096;

/// Bytes that one call may lift out of the guest: its answer, and room for headers, log records and nested calls.
fn hostcall_fuel(limits: &Limits) -> usize {
    usize::try_from(limits.answer_bytes).unwrap_or(usize::MAX).saturating_add(8 << 20)
}

/// A live instance.
pub(crate) struct Instance {
    store: Store<Host>,
    memories: Memories,
    handle: Handle,
    /// Requests answered since the last reset.
    pub(crate) answered: u32,
    _counted: Counted,
}

/// Counts an instance in the metrics while it exists.
struct Counted(Arc<Metrics>);

impl Counted {
    fn new(metrics: &Arc<Metrics>) -> Self {
        metrics.instances.inc();
        Self(Arc::clone(metrics))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.instances.dec();
    }
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance").field("answered", &self.answered).finish_non_exhaustive()
    }
}

/// How a call ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The guest answered or raised an error; the instance is sound.
    Answered(Result<Response, Error>),
    /// The guest was stopped or broke down; the instance must be dropped.
    Broken(Error),
}

impl Instance {
    /// Answers one invocation.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped the instance must be dropped too: the guest was stopped in the middle.
    pub(crate) async fn call(&mut self, call: Call, request: Request, limits: &Limits) -> Ended {
        let request = bindings::request(request);
        let context = bindings::context(&call.invocation, call.version);
        let host = self.store.data_mut();
        host.begin(call, limits);
        let meter = host.meter.clone();
        self.store.set_hostcall_fuel(hostcall_fuel(limits));
        self.store.set_epoch_deadline(1);
        let outcome = meter.measure(self.handle.call_async(&mut self.store, (context, request))).await;
        self.answered += 1;
        let ended = match outcome {
            Ok((Ok(response),)) => Ended::Answered(check_answer(bindings::response(response), limits)),
            Ok((Err(error),)) => Ended::Answered(Err(self.name_limit(bindings::error(error), limits))),
            Err(trap) => Ended::Broken(self.explain(&trap, limits)),
        };
        self.store.data_mut().end();
        ended
    }

    /// An interpreter that is refused memory raises an error of its own, which the service may have let pass. The caller
    /// is told the limit all the same.
    fn name_limit(&self, error: Error, limits: &Limits) -> Error {
        if error.kind != ErrorKind::Internal || !self.store.data().limiter.refused() {
            return error;
        }
        let message = format!("the service reached its limit memory_bytes = {}", limits.memory_bytes);
        Error { kind: ErrorKind::QuotaExceeded, message, status: None, ..error }
    }

    /// Puts the instance back to its image. `None`: that is not possible, drop it. Otherwise the pages copied.
    pub(crate) fn reset(&mut self) -> Option<usize> {
        if !self.is_at_rest() {
            return None;
        }
        self.store.data_mut().renew();
        let faulted = self.store.data().meter.take_faulted();
        match self.memories.reset(&mut self.store, faulted) {
            Ok(pages) => {
                self.answered = 0;
                pages
            }
            Err(error) => {
                tracing::error!(%error, "an instance could not be reset and is dropped");
                None
            }
        }
    }

    /// Whether nothing of the last request goes on: no handle of the host is held, no task is left.
    pub(crate) fn is_at_rest(&mut self) -> bool {
        self.store.data().holds_nothing()
            && self.store.concurrent_resource_table().is_none_or(|tasks| tasks.is_empty())
    }

    fn explain(&mut self, trap: &wasmtime::Error, limits: &Limits) -> Error {
        let host = self.store.data_mut();
        let refused = host.limiter.refused();
        let stderr = host.take_stderr();
        explain(trap, refused, &stderr, limits)
    }
}

/// Says what stopped a guest: a limit with its name and value, or its own mistake.
pub(crate) fn explain(trap: &wasmtime::Error, memory_refused: bool, stderr: &str, limits: &Limits) -> Error {
    let limit = |name: &str, value: u64| {
        Error::new(ErrorKind::QuotaExceeded, format!("the service reached its limit {name} = {value}"))
    };
    let error = if trap.downcast_ref::<CpuTimeReached>().is_some() {
        limit("cpu_time_ms", u64::try_from(limits.cpu_time.as_millis()).unwrap_or(u64::MAX))
    } else if trap.downcast_ref::<Trap>() == Some(&Trap::StackOverflow) {
        limit("stack_bytes", STACK_BYTES as u64)
    } else if memory_refused {
        limit("memory_bytes", limits.memory_bytes)
    } else if trap.root_cause().to_string().contains("fuel allocated for hostcalls") {
        limit("answer_bytes", limits.answer_bytes)
    } else {
        Error::new(ErrorKind::Internal, "the service broke down").fault(Fault::Service)
    };
    // Where in its compiled code a limit caught the guest helps nobody; where it broke down does.
    let mut detail = if error.kind == ErrorKind::Internal { format!("{trap:?}") } else { String::new() };
    if !stderr.is_empty() {
        detail.push_str("\nstandard error:\n");
        detail.push_str(stderr);
    }
    if detail.is_empty() { error } else { error.detail(detail) }
}

fn check_answer(response: Response, limits: &Limits) -> Result<Response, Error> {
    let bytes = response.body.whole().map_or(0, bytes::Bytes::len);
    if bytes as u64 > limits.answer_bytes {
        let message = format!("the service reached its limit answer_bytes = {}", limits.answer_bytes);
        let detail = format!("it answered {bytes} bytes");
        return Err(Error::new(ErrorKind::QuotaExceeded, message).detail(detail));
    }
    Ok(response)
}
