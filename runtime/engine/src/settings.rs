//! How a package's services run: isolation and limits.

use std::time::Duration;

/// What separates one request from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Every request gets a pristine instance.
    Request,
    /// An instance answers up to this many requests, one at a time, before it is reset. Module-level state survives
    /// between them.
    Reuse {
        /// Requests before a reset; at least 1.
        max_requests: u32,
    },
}

/// Bounds for the services of a package; those that count requests hold for all of them together. Every one is enforced, and an error names the one that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of one instance, all its memories added up, the interpreter's own included.
    pub memory_bytes: u64,
    /// Time inside the guest for one request; waiting for the host does not count.
    pub cpu_time: Duration,
    /// Time for one request from its start in the guest to its answer, waiting included.
    pub wall_time: Duration,
    /// Requests that run at the same time. Calls from other services are counted apart, by how deep they are nested.
    pub concurrency: u32,
    /// Requests that wait for a place. One more is refused at once.
    pub queue: u32,
    /// Largest body that is given to the service.
    pub payload_bytes: u64,
    /// Largest body that the service may answer.
    pub answer_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 128 << 20,
            cpu_time: Duration::from_secs(10),
            wall_time: Duration::from_secs(60),
            concurrency: 64,
            queue: 1_024,
            payload_bytes: 8 << 20,
            answer_bytes: 16 << 20,
        }
    }
}

/// How a package's services run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What separates one request from the next.
    pub isolation: Isolation,
    /// Bounds.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self { isolation: Isolation::Request, limits: Limits::default() }
    }
}
