//! What an operator may say of any connection, whatever its capability: the layers' settings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How calls over a connection are made. These options stand beside the capability's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// How long one call may take, repeated attempts included, in seconds. A request's own deadline may be shorter.
    #[schemars(range(min = 0.001, max = 86_400))]
    pub timeout_secs: f64,
    /// Calls at the same time; more wait for their turn within their deadline.
    #[schemars(range(min = 1))]
    pub max_concurrent: u32,
    /// Calls in a unit of time, counted by each server for itself: `100/s`, `600/m`. More are refused with `quota-exceeded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<crate::Rate>,
    /// Repeat what failed and may be repeated. Nothing is repeated unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// Stop calling a system that fails, for a while. There is none unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaker: Option<Breaker>,
    /// What happens to a call that no grant allows.
    pub enforcement: Enforcement,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            timeout_secs: 30.0,
            max_concurrent: 1_000,
            rate: None,
            retry: None,
            breaker: None,
            enforcement: Enforcement::Enforce,
        }
    }
}

impl Policy {
    /// [`Policy::timeout_secs`] as a duration.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::try_from_secs_f64(self.timeout_secs).unwrap_or(Duration::from_secs(30))
    }

    /// The names of these options.
    pub const NAMES: [&'static str; 6] =
        ["timeout_secs", "max_concurrent", "rate", "retry", "breaker", "enforcement"];
}

/// When and how often a failed call is repeated: only operations that are idempotent, and only errors that may pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// Attempts in all, the first one included.
    #[schemars(range(min = 1, max = 20))]
    pub attempts: u32,
    /// The wait before the second attempt, in milliseconds; it doubles each time, and is shortened by a random part.
    #[schemars(range(min = 1))]
    pub backoff_ms: u64,
    /// The longest wait, in milliseconds.
    #[schemars(range(min = 1))]
    pub max_backoff_ms: u64,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 3, backoff_ms: 100, max_backoff_ms: 5_000 }
    }
}

/// When a connection is left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Breaker {
    /// Failures of the other side, one after the other, that open it.
    #[schemars(range(min = 1))]
    pub failures: u32,
    /// How long calls are then refused, in milliseconds; after that one call tries.
    #[schemars(range(min = 1))]
    pub open_ms: u64,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { failures: 10, open_ms: 5_000 }
    }
}

/// What happens to a call that no grant allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Enforcement {
    /// It is refused, counted and audited.
    #[default]
    Enforce,
    /// It is let through, counted and audited as one that would have been refused: to rehearse grants.
    Observe,
}
