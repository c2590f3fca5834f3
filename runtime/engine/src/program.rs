//! A loaded package, ready to answer: its template, its idle instances, its gate.

use crate::admission::Gate;
use crate::host::Call;
use crate::instance::{Ended, Instance, Template, explain};
use crate::outlet::{self, Outlet};
use crate::package::ServiceInfo;
use crate::settings::{Isolation, Limits, Settings};
use arc_swap::ArcSwap;
use caisson_capability::{Error, ErrorKind, Fault, Invocation, Request, Response};
use caisson_telemetry::Metrics;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Idle instances of all programs together. Each holds a stack and the pages it has written: usually some hundreds of
/// KiB, at most 4 MiB for each memory.
const IDLE_INSTANCES: usize = 128;

/// An instance that has been idle for this long is dropped.
const IDLE_FOR: Duration = Duration::from_secs(10);

/// What programs of one engine share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) metrics: Arc<Metrics>,
    idle: AtomicUsize,
}

impl Shared {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, idle: AtomicUsize::new(0) }
    }
}

/// Limits, and the places that they allow.
#[derive(Debug)]
struct Governor {
    limits: Limits,
    gate: Gate,
    house: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

impl Governor {
    fn new(limits: Limits, house: Arc<Semaphore>, metrics: Arc<Metrics>) -> Self {
        let gate = Gate::new(limits, Arc::clone(&house), Arc::clone(&metrics));
        Self { limits, gate, house, metrics }
    }

    /// Places of their own under other limits.
    fn with(&self, limits: Limits) -> Self {
        Self::new(limits, Arc::clone(&self.house), Arc::clone(&self.metrics))
    }
}

/// A loaded package, ready to answer. Dropping the last reference frees its image and its idle instances.
#[derive(Debug)]
pub struct Program {
    services: Vec<ServiceInfo>,
    settings: Settings,
    template: Template,
    /// Of a component, what it imports from `wit/deps`.
    interfaces: Vec<String>,
    /// What holds for services of which nothing else was said.
    own: Arc<Governor>,
    /// What operators have said of single services.
    governors: ArcSwap<HashMap<String, Arc<Governor>>>,
    /// Reset and ready, the one used last at the end: its pages are warm.
    idle: Mutex<Vec<(Instance, Instant)>>,
    /// When an instance was made last; its slot is kept for a while.
    last_used: Mutex<Instant>,
    shared: Arc<Shared>,
}

impl Program {
    pub(crate) fn new(
        mut services: Vec<ServiceInfo>,
        settings: Settings,
        template: Template,
        interfaces: Vec<String>,
        house: Arc<Semaphore>,
        shared: Arc<Shared>,
    ) -> Self {
        services.sort_by(|a, b| a.name.cmp(&b.name));
        let own = Arc::new(Governor::new(settings.limits, house, Arc::clone(&shared.metrics)));
        let (last_used, idle, governors) = (Mutex::new(Instant::now()), Mutex::default(), ArcSwap::default());
        Self { services, settings, template, interfaces, own, governors, idle, last_used, shared }
    }

    /// Sets limits for single services: `limits` is given a service and the package's own limits. What runs goes on under the
    /// limits that it began with.
    pub fn govern(&self, limits: &dyn Fn(&str, Limits) -> Limits) {
        let before = self.governors.load();
        let mut governors = HashMap::new();
        for service in &self.services {
            let wanted = limits(&service.name, self.settings.limits);
            if wanted == self.settings.limits {
                continue;
            }
            let known = before.get(&service.name).filter(|known| known.limits == wanted);
            let governor = known.cloned().unwrap_or_else(|| Arc::new(self.own.with(wanted)));
            governors.insert(service.name.clone(), governor);
        }
        drop(before);
        self.governors.store(Arc::new(governors));
    }

    fn governor(&self, service: &str) -> Arc<Governor> {
        let governors = self.governors.load();
        Arc::clone(governors.get(service).unwrap_or(&self.own))
    }

    /// The services found in it, sorted by name.
    #[must_use]
    pub fn services(&self) -> &[ServiceInfo] {
        &self.services
    }

    /// The interfaces of capabilities that a component imports: `caisson:sql/client@0.1.0`. Empty for Python, whose interpreter
    /// imports all of them whatever the package does.
    #[must_use]
    pub fn interfaces(&self) -> &[String] {
        &self.interfaces
    }

    /// Bytes of image that belong to this package alone.
    #[must_use]
    pub fn image_bytes(&self) -> u64 {
        self.template.images.iter().map(|image| image.own_bytes() as u64).sum()
    }

    /// Answers one invocation. `version` is what the guest is told and the log shows. The body of the answer may be a stream: then
    /// the guest still runs, and its limits hold until it ends.
    ///
    /// # Errors
    ///
    /// As [`caisson_capability::Invoker::invoke`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the guest and gives its place back.
    pub async fn invoke(self: Arc<Self>, invocation: Invocation, version: u32) -> Result<Response, Error> {
        let outlet = Arc::new(Outlet::default());
        let run = Box::pin(self.run(invocation, version, Arc::clone(&outlet)));
        outlet::answer(run, outlet).await
    }

    async fn run(
        self: Arc<Self>,
        invocation: Invocation,
        version: u32,
        outlet: Arc<Outlet>,
    ) -> Result<Response, Error> {
        let governor = self.governor(&invocation.service);
        let limits = &governor.limits;
        if invocation.request.body.len() as u64 > limits.payload_bytes {
            let mut error = Error::new(
                ErrorKind::QuotaExceeded,
                format!(
                    "the message is larger than the service accepts: payload_bytes = {}",
                    limits.payload_bytes
                ),
            )
            .fault(Fault::Caller);
            error.status = Some(413);
            return Err(error);
        }
        let _place = governor.gate.enter(invocation.depth, invocation.deadline).await?;
        let deadline = invocation.deadline.at_most(tokio::time::Instant::now(), limits.wall_time);
        let own_limit = deadline.instant() < invocation.deadline.instant();
        let mut invocation = Invocation { deadline, ..invocation };
        let request = std::mem::take(&mut invocation.request);
        let call = Call::new(Arc::new(invocation), version, outlet);
        match tokio::time::timeout_at(deadline.instant(), self.answer(call, request, limits)).await {
            Ok(answer) => answer,
            Err(_) if own_limit => Err(Error::new(
                ErrorKind::Timeout,
                format!("the service reached its limit wall_time_ms = {}", limits.wall_time.as_millis()),
            )),
            Err(_) => Err(Error::new(
                ErrorKind::Timeout,
                "the service did not answer before the deadline of the request",
            )),
        }
    }

    async fn answer(&self, call: Call, request: Request, limits: &Limits) -> Result<Response, Error> {
        let mut instance = match self.take_idle() {
            Some(instance) => instance,
            None => self.make().await?,
        };
        match instance.call(call, request, limits).await {
            Ended::Answered(answer) => {
                self.keep(instance);
                answer
            }
            Ended::Broken(error) => Err(error),
        }
    }

    async fn make(&self) -> Result<Instance, Error> {
        self.shared.metrics.instantiations.inc();
        *self.last_used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.template.instantiate().await.map_err(|error| {
            let explained = explain(&error, false, "", &self.settings.limits);
            if explained.kind == ErrorKind::QuotaExceeded {
                return explained;
            }
            Error::new(ErrorKind::Unavailable, "no instance of the service could be made")
                .retry_after(Duration::from_secs(1))
                .detail(format!("{error:?}"))
        })
    }

    fn take_idle(&self) -> Option<Instance> {
        let (instance, _since) = self.lock().pop()?;
        self.shared.idle.fetch_sub(1, Ordering::Relaxed);
        Some(instance)
    }

    /// Keeps an instance that has answered, as pristine as the isolation asks for.
    fn keep(&self, mut instance: Instance) {
        let again = match self.settings.isolation {
            Isolation::Request => false,
            // Work that a request left behind would go on under the name of the next one.
            Isolation::Reuse { max_requests } => instance.answered < max_requests && instance.is_at_rest(),
        };
        if !again {
            // What else than memory a foreign component keeps is known only to it: it is made anew.
            if !self.template.memory_is_all {
                return;
            }
            let Some(pages) = instance.reset() else { return };
            self.shared.metrics.resets.inc();
            self.shared.metrics.dirty_pages.inc_by(pages as u64);
        }
        if self.shared.idle.fetch_add(1, Ordering::Relaxed) >= IDLE_INSTANCES {
            self.shared.idle.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        self.lock().push((instance, Instant::now()));
    }

    /// Drops the instances that have been idle for long. Called now and then by the engine.
    pub(crate) fn trim(&self) {
        let now = Instant::now();
        let old: Vec<_> = {
            let mut idle = self.lock();
            let keep = idle.partition_point(|(_, since)| now.duration_since(*since) >= IDLE_FOR);
            idle.drain(..keep).collect()
        };
        self.shared.idle.fetch_sub(old.len(), Ordering::Relaxed);
        drop(old);
        let unused_for = self.last_used.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
        if unused_for >= IDLE_FOR {
            self.template.images.iter().for_each(|image| image.forget_slots());
        }
    }

    pub(crate) fn template(&self) -> &Template {
        &self.template
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How many instances are idle.
    #[must_use]
    pub fn idle_instances(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Instance, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let idle = self.idle.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.shared.idle.fetch_sub(idle.len(), Ordering::Relaxed);
    }
}
