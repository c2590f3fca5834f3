//! What services did with connections, as metrics: collected when they are asked for.

use caisson_capability::Usage;
use caisson_capability::usage::{Counts, Outcome, UsageKey};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use std::fmt;
use std::sync::Arc;

/// Shows [`Usage`] among the metrics.
#[derive(Debug)]
pub struct UsageCollector(Arc<Usage>);

impl UsageCollector {
    /// Shows these numbers.
    #[must_use]
    pub fn new(usage: Arc<Usage>) -> Self {
        Self(usage)
    }
}

/// A number that is added up: name, help, and where it is taken from.
type Sum = (&'static str, &'static str, fn(&Counts) -> f64);

type Labels<'a> = [(&'static str, &'a str); 3];

impl Collector for UsageCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let all = self.0.all();
        let mut calls = encoder.encode_descriptor(
            "connection_calls",
            "Calls over connections by service, connection, operation and outcome",
            None,
            MetricType::Counter,
        )?;
        for (key, counts) in &all {
            for (outcome, number) in
                Outcome::ALL.iter().zip(counts.outcomes).filter(|(_, number)| *number > 0)
            {
                let [service, connection, operation] = labels(key);
                let labels = [service, connection, operation, ("outcome", outcome.as_str())];
                ConstCounter::new(number).encode(calls.encode_family(&labels)?)?;
            }
        }
        let sums: [Sum; 4] = [
            ("connection_sent_bytes", "Bytes that went out over connections", |c| float(c.sent_bytes)),
            ("connection_received_bytes", "Bytes that came back over connections", |c| {
                float(c.received_bytes)
            }),
            ("connection_call_seconds", "Time that calls over connections took", |c| {
                c.duration.as_secs_f64()
            }),
            ("connection_retries", "Attempts after the first one", |c| float(c.retries)),
        ];
        for (name, help, value) in sums {
            let mut sum = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for (key, counts) in &all {
                ConstCounter::new(value(counts)).encode(sum.encode_family(&labels(key))?)?;
            }
        }
        Ok(())
    }
}

fn labels(key: &UsageKey) -> Labels<'_> {
    [("service", &key.service), ("connection", &key.connection), ("operation", key.operation)]
}

#[allow(clippy::cast_precision_loss, reason = "a counter beyond 2^53 may lose its last digits")]
fn float(number: u64) -> f64 {
    number as f64
}
