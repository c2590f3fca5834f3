//! Limits that operators set for single services, whatever their packages say.

use caisson_capability::grant::matches;
use caisson_engine::Limits;
use std::time::Duration;

/// Limits for services whose names fit a pattern. What is absent stays as the package says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimitRule {
    /// Patterns of names; `*` stands for any part.
    pub services: Vec<String>,
    /// Memory of one instance.
    pub memory_bytes: Option<u64>,
    /// Processor time of one message.
    pub cpu_time: Option<Duration>,
    /// Time for one message, waiting for others included.
    pub wall_time: Option<Duration>,
    /// Messages that are answered at the same time.
    pub concurrency: Option<u32>,
    /// Messages that wait for a place.
    pub queue: Option<u32>,
    /// Largest message.
    pub payload_bytes: Option<u64>,
    /// Largest answer.
    pub answer_bytes: Option<u64>,
}

/// The limits of a service: the first rule that names it, over the package's own.
#[must_use]
pub fn limits_of(rules: &[LimitRule], service: &str, own: Limits) -> Limits {
    let fits = |rule: &&LimitRule| rule.services.iter().any(|pattern| matches(pattern, service));
    let Some(rule) = rules.iter().find(fits) else { return own };
    Limits {
        memory_bytes: rule.memory_bytes.unwrap_or(own.memory_bytes),
        cpu_time: rule.cpu_time.unwrap_or(own.cpu_time),
        wall_time: rule.wall_time.unwrap_or(own.wall_time),
        concurrency: rule.concurrency.unwrap_or(own.concurrency),
        queue: rule.queue.unwrap_or(own.queue),
        payload_bytes: rule.payload_bytes.unwrap_or(own.payload_bytes),
        answer_bytes: rule.answer_bytes.unwrap_or(own.answer_bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_names_a_service_counts_and_leaves_the_rest_as_it_was() {
        let rule = |pattern: &str, queue| LimitRule {
            services: vec![pattern.to_owned()],
            queue: Some(queue),
            ..LimitRule::default()
        };
        let rules = [rule("crm.sync", 1), rule("crm.*", 2)];
        let own = Limits::default();
        for (service, queue) in [("crm.sync", 1), ("crm.get", 2), ("hr.get", own.queue)] {
            assert_eq!(limits_of(&rules, service, own), Limits { queue, ..own }, "{service}");
        }
    }
}
