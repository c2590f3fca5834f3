//! What operators see: metrics, the log of services, the log of the server itself.
//!
//! # Layout
//!
//! * [`metrics`]: every metric of the product, named and documented in one place.
//! * [`logs`]: records that services write, kept in a ring and followed live.
//! * [`console`]: the server's own log on standard error.
//!
//! **Architecture Invariant:** telemetry never fails and never waits. A slow reader loses records, not requests.

#![forbid(unsafe_code)]

pub mod console;
pub mod logs;
pub mod metrics;

pub use logs::{Level, LogFilter, LogHub, LogRecord, printable};
pub use metrics::{Metrics, Outcome, ServiceMetrics};
