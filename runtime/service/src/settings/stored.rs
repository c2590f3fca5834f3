//! Settings as a manifest has them.

use caisson_engine::{Isolation, Limits, Settings};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Settings as they are written into a manifest: every value spelled out, so that a version says what it ran with.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredSettings {
    /// Absent for one instance per request.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    max_requests: Option<u32>,
    memory_bytes: u64,
    cpu_time_ms: u64,
    wall_time_ms: u64,
    concurrency: u32,
    queue: u32,
    payload_bytes: u64,
    answer_bytes: u64,
}

impl From<Settings> for StoredSettings {
    fn from(settings: Settings) -> Self {
        let limits = settings.limits;
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            max_requests: match settings.isolation {
                Isolation::Request => None,
                Isolation::Reuse { max_requests } => Some(max_requests),
            },
            memory_bytes: limits.memory_bytes,
            cpu_time_ms: millis(limits.cpu_time),
            wall_time_ms: millis(limits.wall_time),
            concurrency: limits.concurrency,
            queue: limits.queue,
            payload_bytes: limits.payload_bytes,
            answer_bytes: limits.answer_bytes,
        }
    }
}

impl From<StoredSettings> for Settings {
    fn from(stored: StoredSettings) -> Self {
        Self {
            isolation: stored
                .max_requests
                .map_or(Isolation::Request, |max_requests| Isolation::Reuse { max_requests }),
            limits: Limits {
                memory_bytes: stored.memory_bytes,
                cpu_time: Duration::from_millis(stored.cpu_time_ms),
                wall_time: Duration::from_millis(stored.wall_time_ms),
                concurrency: stored.concurrency,
                queue: stored.queue,
                payload_bytes: stored.payload_bytes,
                answer_bytes: stored.answer_bytes,
            },
        }
    }
}
