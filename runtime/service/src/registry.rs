//! The table of what can be called now, and the one door to it.

use crate::about::About;
use crate::limits::{LimitRule, limits_of};
use crate::loader::Runnable;
use crate::name::nearest;
use arc_swap::ArcSwap;
use caisson_capability::grant::Giver;
use caisson_capability::{
    BoxFuture, Describe, Description, Error, ErrorKind, Fault, Grant, Invocation, Invoker, Options, Response,
};
use caisson_telemetry::{Metrics, Outcome, ServiceMetrics};
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// How much of a name that nobody knows is repeated in an error.
const SHOWN_NAME: usize = 120;

/// One service as it runs now.
pub struct Deployed {
    /// The service's name.
    pub service: Arc<str>,
    /// The package that it belongs to.
    pub package: Arc<str>,
    /// The package's version.
    pub version: u32,
    /// What the package says about itself.
    pub about: Arc<About>,
    /// What the service says about itself.
    pub description: Arc<Description>,
    pub(crate) program: Arc<dyn Runnable>,
    metrics: ServiceMetrics,
}

impl fmt::Debug for Deployed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deployed")
            .field("service", &self.service)
            .field("package", &self.package)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Deployed {
    /// The interfaces of capabilities that its package imports, as far as that tells anything.
    #[must_use]
    pub fn interfaces(&self) -> &[String] {
        self.program.interfaces()
    }
}

type Table = HashMap<Arc<str>, Arc<Deployed>>;

/// All services that can be called. A request takes its service out of the table once and keeps it until it has been
/// answered, so a new version never touches requests that are under way.
pub struct Registry {
    table: ArcSwap<Table>,
    /// How many tables there have been.
    generation: AtomicU64,
    /// Only for those who change the table or the limits; readers never wait for it.
    rules: Mutex<Vec<LimitRule>>,
    metrics: Arc<Metrics>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("services", &self.table.load().len()).finish_non_exhaustive()
    }
}

impl Registry {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        Self { table: ArcSwap::default(), generation: AtomicU64::new(0), rules: Mutex::default(), metrics }
    }

    /// The service of this name, as it runs now.
    #[must_use]
    pub fn get(&self, service: &str) -> Option<Arc<Deployed>> {
        self.table.load().get(service).cloned()
    }

    /// The names of all services, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<Arc<str>> {
        let mut names: Vec<_> = self.table.load().keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// Puts a version in the place of whatever the package had before, all services at once.
    pub(crate) fn put(&self, package: &str, version: u32, about: &Arc<About>, program: &Arc<dyn Runnable>) {
        let package: Arc<str> = package.into();
        self.replace(&package, |table, rules| {
            govern(&**program, rules);
            for info in program.services() {
                let service: Arc<str> = info.name.as_str().into();
                let deployed = Deployed {
                    service: Arc::clone(&service),
                    package: Arc::clone(&package),
                    version,
                    about: Arc::clone(about),
                    description: Arc::new(Description {
                        doc: info.doc.clone(),
                        schemas: info.schemas.clone(),
                    }),
                    program: Arc::clone(program),
                    metrics: self.metrics.service(&service),
                };
                table.insert(service, Arc::new(deployed));
            }
        });
    }

    /// Takes out all services that still belong to the package.
    pub(crate) fn remove(&self, package: &str) {
        self.replace(package, |_, _| {});
    }

    /// Sets what operators say of the limits of services. It holds for the next message of each.
    pub fn limit(&self, rules: Vec<LimitRule>) {
        let mut known = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        *known = rules;
        self.table.load().values().for_each(|deployed| govern(&*deployed.program, &known));
    }

    fn replace(&self, package: &str, fill: impl FnOnce(&mut Table, &[LimitRule])) {
        let rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.table.load_full();
        let mut table = Table::clone(&before);
        table.retain(|_, deployed| &*deployed.package != package);
        fill(&mut table, &rules);
        self.metrics.services.set(i64::try_from(table.len()).unwrap_or(i64::MAX));
        for gone in before.keys().filter(|name| !table.contains_key(*name)) {
            self.metrics.forget_service(gone);
        }
        self.table.store(Arc::new(table));
        // After the table: who sees the number sees what it stands for.
        self.generation.fetch_add(1, Ordering::Release);
        drop(rules);
    }

    fn not_found(&self, service: &str) -> Error {
        let shown: String = service.chars().take(SHOWN_NAME).collect();
        let error = Error::new(ErrorKind::NotFound, format!("no service named {shown}"));
        // Only in the detail: callers must not learn the names of other services by guessing.
        let table = self.table.load();
        let near = (service.len() <= SHOWN_NAME)
            .then(|| nearest(service, table.keys().map(|name| &**name)))
            .flatten();
        match near {
            Some(name) => error.detail(format!("did the caller mean {name}?")),
            None => error,
        }
    }
}

fn govern(program: &dyn Runnable, rules: &[LimitRule]) {
    program.govern(&|service, own| limits_of(rules, service, own));
}

impl Invoker for Registry {
    fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Result<Response, Error>> {
        let Some(deployed) = self.get(&invocation.service) else {
            return Box::pin(std::future::ready(Err(self.not_found(&invocation.service))));
        };
        // Made before the future runs: one that is dropped without ever being polled was cancelled too.
        let mut counted = Counted { deployed, started: Instant::now(), outcome: Outcome::Cancelled };
        Box::pin(async move {
            let program = Arc::clone(&counted.deployed.program);
            let mut response = match program.invoke(invocation, counted.deployed.version).await {
                Ok(response) => response,
                Err(error) => {
                    counted.ended(Err(&error));
                    return Err(error);
                }
            };
            // A body in pieces comes while the service still runs.
            response.body = response.body.observed(move |end| counted.ended(end));
            Ok(response)
        })
    }

    fn find(&self, service: &str) -> Option<Arc<str>> {
        let table = self.table.load();
        if let Some(deployed) = table.get(service) {
            return Some(Arc::clone(&deployed.service));
        }
        let (module, class) = service.rsplit_once('.')?;
        let is_meant = |deployed: &&Arc<Deployed>| {
            let mut services = deployed.program.services().iter();
            services.any(|info| {
                info.name == *deployed.service && info.module == module && info.class_name == class
            })
        };
        table.values().find(is_meant).map(|deployed| Arc::clone(&deployed.service))
    }

    fn package(&self, service: &str) -> Option<Arc<str>> {
        self.get(service).map(|deployed| Arc::clone(&deployed.package))
    }
}

impl Describe for Registry {
    fn names(&self) -> Vec<Arc<str>> {
        Self::names(self)
    }

    fn describe(&self, service: &str) -> Option<Arc<Description>> {
        Some(Arc::clone(&self.get(service)?.description))
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }
}

/// In development mode, what a package asks for is given to its services.
impl Giver for Registry {
    fn give(&self, service: &str, connection: &str) -> Option<Grant> {
        let deployed = self.get(service)?;
        let needs = deployed.about.needs.iter().filter(|need| need.connection == connection);
        let operations: Vec<String> = needs.flat_map(|need| need.operations.iter().cloned()).collect();
        let services = vec![service.to_owned()];
        (!operations.is_empty()).then(|| Grant { services, operations, restrictions: Options::default() })
    }
}

/// Counts an invocation when it ends, however it ends.
struct Counted {
    deployed: Arc<Deployed>,
    started: Instant,
    outcome: Outcome,
}

impl Counted {
    fn ended(&mut self, end: Result<(), &Error>) {
        self.outcome = end.map_or_else(outcome, |()| Outcome::Answered);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.deployed.metrics.finished(self.outcome, self.started.elapsed());
    }
}

fn outcome(error: &Error) -> Outcome {
    // A status is there only when the service itself chose one.
    if error.status.is_some() {
        return Outcome::Failed;
    }
    match error.kind {
        ErrorKind::Cancelled => Outcome::Cancelled,
        ErrorKind::Timeout | ErrorKind::QuotaExceeded => Outcome::Stopped,
        ErrorKind::Unavailable if error.fault == Fault::Host => Outcome::Shed,
        _ => Outcome::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_end_has_its_outcome() {
        let fail = |kind| outcome(&Error::new(kind, "x"));
        assert_eq!(fail(ErrorKind::Timeout), Outcome::Stopped);
        assert_eq!(fail(ErrorKind::QuotaExceeded), Outcome::Stopped);
        assert_eq!(fail(ErrorKind::Unavailable), Outcome::Shed);
        assert_eq!(fail(ErrorKind::Cancelled), Outcome::Cancelled);
        assert_eq!(fail(ErrorKind::InvalidInput), Outcome::Failed);
        let remote = Error::new(ErrorKind::Unavailable, "x").fault(Fault::Remote);
        assert_eq!(outcome(&remote), Outcome::Failed);
        let mut chosen = Error::new(ErrorKind::Timeout, "x");
        chosen.status = Some(408);
        assert_eq!(outcome(&chosen), Outcome::Failed);
    }
}
