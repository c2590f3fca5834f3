//! Every metric of the product, in one place, with bounded labels.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How an invocation ended. A closed set: it is a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The service answered, whatever the status.
    Answered,
    /// The service raised an error.
    Failed,
    /// A limit or a deadline ended it.
    Stopped,
    /// It never reached the service: too busy.
    Shed,
    /// The caller went away.
    Cancelled,
}

impl Outcome {
    const ALL: [Self; 5] = [Self::Answered, Self::Failed, Self::Stopped, Self::Shed, Self::Cancelled];

    /// The label's value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Shed => "shed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl EncodeLabelValue for Outcome {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        self.as_str().encode(encoder)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ServiceLabel {
    service: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    service: String,
    outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

/// The metrics of the server.
pub struct Metrics {
    registry: Registry,
    invocations: Family<OutcomeLabel, Counter>,
    duration: Family<ServiceLabel, Histogram, fn() -> Histogram>,
    deploys: Family<ResultLabel, Counter>,
    /// Instances that exist now, idle ones included.
    pub instances: Gauge,
    /// Invocations that are inside a guest now.
    pub active: Gauge,
    /// Invocations that wait for a place.
    pub queued: Gauge,
    /// Instances reset to their image and kept.
    pub resets: Counter,
    /// Instances made anew.
    pub instantiations: Counter,
    /// Pages copied back by resets.
    pub dirty_pages: Counter,
    /// Services that can be called.
    pub services: Gauge,
    /// Calls that nobody waits for.
    pub background: BackgroundMetrics,
    state: StateMetrics,
}

/// Calls in the background.
#[derive(Debug, Default)]
pub struct BackgroundMetrics {
    /// Calls whose time has not come, or for which there is no place yet.
    pub waiting: Gauge,
    /// Calls that are being made.
    pub running: Gauge,
    /// Calls that have failed for good and are kept.
    pub failed: Gauge,
    /// Calls that were answered.
    pub done: Counter,
    /// Attempts after which a call is made again.
    pub retried: Counter,
    /// Calls that expired before they could begin.
    pub expired: Counter,
    /// Calls that have failed for good.
    pub given_up: Counter,
}

impl BackgroundMetrics {
    fn register(&self, r: &mut Registry) {
        r.register("background_waiting", "Calls in the background that wait now", self.waiting.clone());
        r.register(
            "background_running",
            "Calls in the background that are being made now",
            self.running.clone(),
        );
        r.register(
            "background_failed",
            "Calls in the background that have failed and are kept",
            self.failed.clone(),
        );
        r.register("background_done", "Calls in the background that were answered", self.done.clone());
        r.register("background_retried", "Attempts after which a call is made again", self.retried.clone());
        r.register("background_expired", "Calls in the background that expired", self.expired.clone());
        r.register(
            "background_given_up",
            "Calls in the background that failed for good",
            self.given_up.clone(),
        );
    }
}

/// How the state store is, as of the last look.
#[derive(Debug, Default)]
struct StateMetrics {
    connected: Gauge,
    revision: Gauge,
    live: Gauge,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// 50 us to 26 s, doubling: a pristine Python call starts at tens of microseconds, a slow remote system takes seconds.
fn latency_histogram() -> Histogram {
    Histogram::new((0..20).map(|power| 50e-6 * f64::from(1_u32 << power)))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut this = Self {
            registry: Registry::with_prefix("caisson"),
            invocations: Family::default(),
            duration: Family::new_with_constructor(latency_histogram),
            deploys: Family::default(),
            instances: Gauge::default(),
            active: Gauge::default(),
            queued: Gauge::default(),
            resets: Counter::default(),
            instantiations: Counter::default(),
            dirty_pages: Counter::default(),
            services: Gauge::default(),
            background: BackgroundMetrics::default(),
            state: StateMetrics::default(),
        };
        this.register();
        this
    }
}

impl Metrics {
    /// The metrics, with what is collected elsewhere when they are asked for.
    #[must_use]
    pub fn with(collectors: Vec<Box<dyn Collector>>) -> Self {
        let mut this = Self::default();
        collectors.into_iter().for_each(|one| this.registry.register_collector(one));
        this
    }

    fn register(&mut self) {
        let r = &mut self.registry;
        r.register("invocations", "Invocations by service and outcome", self.invocations.clone());
        r.register_with_unit(
            "invocation_duration",
            "Time from admission to answer, waiting included",
            Unit::Seconds,
            self.duration.clone(),
        );
        r.register("deploys", "Deployments by result", self.deploys.clone());
        r.register("instances", "Instances that exist now, idle ones included", self.instances.clone());
        r.register("invocations_active", "Invocations inside a guest now", self.active.clone());
        r.register("invocations_queued", "Invocations waiting for a place now", self.queued.clone());
        r.register("instance_resets", "Instances reset to their image and kept", self.resets.clone());
        r.register("instantiations", "Instances made anew", self.instantiations.clone());
        r.register("dirty_pages", "Pages of 4 KiB copied back by resets", self.dirty_pages.clone());
        r.register("services", "Services that can be called", self.services.clone());
        self.background.register(r);
        let state = &self.state;
        r.register("state_connected", "1 while the state store answers", state.connected.clone());
        r.register("state_revision", "Newest revision that is known here", state.revision.clone());
        r.register("state_live_revision", "Revision that serves requests here", state.live.clone());
    }

    /// Notes how the state store is: whether it answers, the newest revision known, the revision that serves.
    pub fn state(&self, connected: bool, revision: u64, live: u64) {
        let number = |revision: u64| i64::try_from(revision).unwrap_or(i64::MAX);
        self.state.connected.set(connected.into());
        self.state.revision.set(number(revision));
        self.state.live.set(number(live));
    }

    /// The handles for one service; get them once, when it is deployed.
    #[must_use]
    pub fn service(&self, service: &str) -> ServiceMetrics {
        let label = |outcome| OutcomeLabel { service: service.to_owned(), outcome };
        let counter = |outcome| self.invocations.get_or_create(&label(outcome)).clone();
        ServiceMetrics(Arc::new(Handles {
            answered: counter(Outcome::Answered),
            failed: counter(Outcome::Failed),
            stopped: counter(Outcome::Stopped),
            shed: counter(Outcome::Shed),
            cancelled: counter(Outcome::Cancelled),
            duration: self.duration.get_or_create(&ServiceLabel { service: service.to_owned() }).clone(),
        }))
    }

    /// Drops the series of a service that is gone, so that they do not pile up.
    pub fn forget_service(&self, service: &str) {
        for outcome in Outcome::ALL {
            self.invocations.remove(&OutcomeLabel { service: service.to_owned(), outcome });
        }
        self.duration.remove(&ServiceLabel { service: service.to_owned() });
    }

    /// Counts a deployment.
    pub fn deployed(&self, ok: bool) {
        self.deploys.get_or_create(&ResultLabel { result: if ok { "ok" } else { "refused" } }).inc();
    }

    /// The text that Prometheus scrapes (OpenMetrics).
    #[must_use]
    pub fn encode(&self) -> String {
        let mut out = String::new();
        if text::encode(&mut out, &self.registry).is_err() {
            // Writing to a String cannot fail; a metric that cannot be encoded is left out rather than failing a scrape.
            tracing::error!("a metric could not be encoded");
        }
        out
    }
}

struct Handles {
    answered: Counter,
    failed: Counter,
    stopped: Counter,
    shed: Counter,
    cancelled: Counter,
    duration: Histogram,
}

/// The metrics of one service, looked up once so that a request only adds numbers.
#[derive(Clone)]
pub struct ServiceMetrics(Arc<Handles>);

impl fmt::Debug for ServiceMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceMetrics").finish_non_exhaustive()
    }
}

impl ServiceMetrics {
    /// Records the end of one invocation.
    pub fn finished(&self, outcome: Outcome, duration: Duration) {
        match outcome {
            Outcome::Answered => &self.0.answered,
            Outcome::Failed => &self.0.failed,
            Outcome::Stopped => &self.0.stopped,
            Outcome::Shed => &self.0.shed,
            Outcome::Cancelled => &self.0.cancelled,
        }
        .inc();
        self.0.duration.observe(duration.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invocation_shows_in_the_text() {
        let metrics = Metrics::default();
        let service = metrics.service("a.b");
        service.finished(Outcome::Answered, Duration::from_micros(120));
        metrics.deployed(true);
        let text = metrics.encode();
        assert!(text.contains("caisson_invocations_total{service=\"a.b\",outcome=\"answered\"} 1"), "{text}");
        assert!(
            text.contains("caisson_invocation_duration_seconds_bucket{le=\"0.0002\",service=\"a.b\"} 1"),
            "{text}"
        );
        assert!(text.contains("caisson_deploys_total{result=\"ok\"} 1"), "{text}");
        metrics.forget_service("a.b");
        assert!(!metrics.encode().contains("a.b"));
    }
}
