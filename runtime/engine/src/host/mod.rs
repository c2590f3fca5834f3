//! What a guest can reach: the log, other services, clocks and random numbers. Nothing else is linked with any
//! effect: no files, no environment, no sockets.
//!
//! * [`answer`]: answers in pieces. [`calls`]: calls to other services, [`later`]: those that nobody waits for. [`lock`], [`cache`]:
//!   what outlives an instance. [`limiter`]: memory. [`meter`]: time inside the guest. [`output`]: standard output and
//!   error as log records.

mod answer;
mod cache;
mod calls;
mod later;
pub(crate) mod limiter;
mod lock;
pub(crate) mod meter;
pub(crate) mod output;

use crate::bindings::{self, background, grants, invoker, log, types};
use crate::outlet::Outlet;
use crate::settings::Limits;
use bytes::Bytes;
use caisson_cache::Caches;
use caisson_capability::{Background, Connections, Invocation, Invoker, Locks};
use caisson_host::{Carried, Guest, Link};
use caisson_telemetry::{Level, LogHub, LogRecord};
use limiter::MemoryLimiter;
use meter::Meter;
use output::Output;
use std::sync::{Arc, OnceLock, Weak};
use tokio::sync::mpsc;
use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// Log records that one invocation may write. The next one is replaced by a note; the rest are dropped.
const MAX_RECORDS: u32 = 10_000;

/// Bytes of log records that one invocation may write; counted with [`MAX_RECORDS`].
const MAX_RECORD_BYTES: usize = 4 << 20;

/// Longest name of a logger, in characters.
const MAX_LOGGER: usize = 128;

/// Handles (streams, pollables) that one instance may hold.
const MAX_RESOURCES: usize = 1_024;

/// Random bytes that a guest may ask for at once.
const MAX_RANDOM_BYTES: u64 = 1 << 20;

/// What lies behind the host functions; one for the engine.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    pub(crate) logs: Arc<LogHub>,
    connections: Arc<Connections>,
    caches: Caches,
    /// Names of locks and caches are the same for all packages.
    shared_names: bool,
    invoker: OnceLock<Held<dyn Invoker>>,
    background: OnceLock<Held<dyn Background>>,
    locks: OnceLock<Arc<dyn Locks>>,
}

/// Held without being kept alive: what lies behind the door holds the engine.
struct Held<T: ?Sized>(Weak<T>);

impl<T: ?Sized> std::fmt::Debug for Held<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Held")
    }
}

impl Outside {
    pub(crate) fn new(logs: Arc<LogHub>, connections: Arc<Connections>, shared_names: bool) -> Self {
        Self { logs, connections, shared_names, ..Self::default() }
    }

    /// Says who keeps locks. Only the first call counts.
    pub(crate) fn lend(&self, locks: Arc<dyn Locks>) {
        drop(self.locks.set(locks));
    }

    fn locks(&self) -> Option<Arc<dyn Locks>> {
        self.locks.get().map(Arc::clone)
    }

    /// Opens the door for calls between services. Only the first call counts.
    pub(crate) fn connect(&self, invoker: Weak<dyn Invoker>) {
        // A second connection would be a mistake of the composition root, of no consequence to guests.
        drop(self.invoker.set(Held(invoker)));
    }

    fn invoker(&self) -> Option<Arc<dyn Invoker>> {
        self.invoker.get().and_then(|weak| weak.0.upgrade())
    }

    /// Says who keeps calls that nobody waits for. Only the first call counts.
    pub(crate) fn connect_background(&self, background: Weak<dyn Background>) {
        drop(self.background.set(Held(background)));
    }

    fn background(&self) -> Option<Arc<dyn Background>> {
        self.background.get().and_then(|weak| weak.0.upgrade())
    }
}

/// The invocation that an instance answers now.
#[derive(Debug)]
pub(crate) struct Call {
    /// Without its message, which the guest has.
    pub(crate) invocation: Arc<Invocation>,
    pub(crate) version: u32,
    outlet: Arc<Outlet>,
    /// Once the answer has begun.
    pieces: Option<mpsc::Sender<Bytes>>,
    held: lock::Held,
}

impl Call {
    pub(crate) fn new(invocation: Arc<Invocation>, version: u32, outlet: Arc<Outlet>) -> Self {
        Self { invocation, version, outlet, pieces: None, held: lock::Held::default() }
    }
}

/// The host side of one instance: the data of its store.
pub struct Host {
    wasi: WasiCtx,
    table: ResourceTable,
    output: Output,
    outside: Arc<Outside>,
    call: Option<Call>,
    /// What loads, while no invocation is answered.
    label: Arc<str>,
    /// The package that is answering.
    package: Arc<str>,
    /// Of locks, counted for the whole life of the instance.
    tokens: u64,
    records: u32,
    record_bytes: usize,
    nested: Arc<()>,
    carried: Carried,
    answer_bytes: u64,
    pub(crate) limiter: MemoryLimiter,
    pub(crate) meter: Meter,
}

impl Host {
    pub(crate) fn new(
        outside: Arc<Outside>,
        limits: &Limits,
        limiter: MemoryLimiter,
        package: Arc<str>,
        label: &str,
    ) -> Self {
        let output = Output::default();
        let wasi = wasi(&output);
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        Self {
            wasi,
            table,
            output,
            outside,
            call: None,
            label: label.into(),
            package,
            tokens: 0,
            records: 0,
            record_bytes: 0,
            nested: Arc::default(),
            carried: Carried::default(),
            answer_bytes: limits.answer_bytes,
            limiter,
            meter: Meter::new(limits.cpu_time),
        }
    }

    /// An invocation begins, under these limits.
    pub(crate) fn begin(&mut self, call: Call, limits: &Limits) {
        self.call = Some(call);
        self.records = 0;
        self.record_bytes = 0;
        self.answer_bytes = limits.answer_bytes;
        self.limiter.restart(limits.memory_bytes);
        self.meter.restart(limits.cpu_time);
    }

    /// It ended: what the guest printed is logged.
    pub(crate) fn end(&mut self) {
        self.log_output();
        self.call = None;
    }

    /// Whose the names of locks and caches are.
    fn scope(&self) -> Arc<str> {
        if self.outside.shared_names { Arc::default() } else { Arc::clone(&self.package) }
    }

    /// Whether the guest holds nothing of the host, so that putting back its memory resets it wholly.
    pub(crate) fn holds_nothing(&self) -> bool {
        self.table.is_empty()
    }

    /// Makes all that is left new: clocks and generators of random numbers are not memory.
    pub(crate) fn renew(&mut self) {
        self.wasi = wasi(&self.output);
    }

    /// What the guest has written to standard error and not yet logged; for error reports.
    pub(crate) fn take_stderr(&mut self) -> String {
        self.output.take_stderr()
    }

    fn log_output(&mut self) {
        for (level, logger, line) in self.output.take_lines() {
            self.record(level, logger, line);
        }
    }

    fn record(&mut self, level: Level, logger: &str, message: String) {
        if self.records > MAX_RECORDS {
            return;
        }
        self.records += 1;
        self.record_bytes = self.record_bytes.saturating_add(message.len());
        let record = if self.records > MAX_RECORDS || self.record_bytes > MAX_RECORD_BYTES {
            self.records = MAX_RECORDS + 1;
            let text = format!(
                "more than {MAX_RECORDS} log records or {} MiB in one invocation: the rest is dropped",
                MAX_RECORD_BYTES >> 20
            );
            LogRecord::new(Level::Warning, text)
        } else {
            let logger = logger.chars().take(MAX_LOGGER).collect();
            LogRecord { logger, ..LogRecord::new(level, message) }
        };
        self.outside.logs.write(match &self.call {
            Some(call) => {
                record.about(&call.invocation.service, call.version).cid(call.invocation.cid.as_str())
            }
            None if self.label.is_empty() => record,
            None => LogRecord { service: Some(Arc::clone(&self.label)), ..record },
        });
    }
}

impl Drop for Host {
    /// A guest that was stopped has not ended: what it printed until then is what one wants to see.
    fn drop(&mut self) {
        self.log_output();
    }
}

fn wasi(output: &Output) -> WasiCtx {
    WasiCtx::builder()
        .stdout(output.stdout())
        .stderr(output.stderr())
        .max_random_size(MAX_RANDOM_BYTES)
        .build()
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("label", &self.label).finish_non_exhaustive()
    }
}

/// What host functions of capabilities see of an instance.
fn guest(host: &mut Host) -> Guest<'_> {
    Guest {
        table: &mut host.table,
        carried: &host.carried,
        connections: &host.outside.connections,
        invocation: host.call.as_ref().map(|call| &call.invocation),
    }
}

/// Links everything that guests may import, the capabilities' part by their own hands.
///
/// # Errors
///
/// A name is linked twice: a mistake in this product.
pub(crate) fn link(linker: &mut Linker<Host>, capabilities: &[Link<Host>]) -> wasmtime::Result<()> {
    for capability in capabilities {
        capability(linker, guest)?;
    }
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    log::add_to_linker::<_, HasSelf<Host>>(linker, |host| host)?;
    invoker::add_to_linker::<_, HasSelf<Host>>(linker, |host| host)?;
    background::add_to_linker::<_, HasSelf<Host>>(linker, |host| host)?;
    bindings::answer::add_to_linker::<_, HasSelf<Host>>(linker, |host| host)?;
    bindings::cache::add_to_linker::<_, HasSelf<Host>>(linker, |host| host)?;
    bindings::lock::add_to_linker::<_, HasSelf<Host>>(linker, |host| host)?;
    grants::add_to_linker::<_, HasSelf<Host>>(linker, |host| host)
}

impl types::Host for Host {}

impl log::Host for Host {
    fn write(&mut self, level: log::Level, logger: String, message: String) {
        let level = match level {
            log::Level::Trace => Level::Trace,
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warning => Level::Warning,
            log::Level::Error => Level::Error,
            log::Level::Critical => Level::Critical,
        };
        self.record(level, &logger, message);
    }
}

impl grants::Host for Host {
    fn has(&mut self, connection: String) -> bool {
        let service = self.call.as_ref().map(|call| Arc::clone(&call.invocation.service));
        let granted = service.and_then(|service| self.outside.connections.granted(&connection, &service));
        granted.is_some_and(|granted| !granted.is_empty())
    }
}
