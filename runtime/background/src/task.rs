//! A call as it is kept.

use bytes::Bytes;
use caisson_capability::background::{Origin, Pattern};
use jiff::Timestamp;

/// Milliseconds since the Unix epoch.
pub(crate) type Millis = i64;

/// What the channel of a call in the background is named, by what the call is.
pub(crate) mod kind {
    pub(crate) const CALL: &str = "invoke-async";
    pub(crate) const CALLBACK: &str = "invoke-async-callback";
    pub(crate) const SCHEDULE: &str = "scheduler";
    pub(crate) const FANOUT_CALL: &str = "fanout-call";
    pub(crate) const FANOUT_ON_TARGET: &str = "fanout-on-target";
    pub(crate) const FANOUT_ON_FINAL: &str = "fanout-on-final";
    pub(crate) const PARALLEL_CALL: &str = "parallel-exec-call";
    pub(crate) const PARALLEL_ON_TARGET: &str = "parallel-exec-on-target";

    const ALL: [&str; 8] = [
        CALL,
        CALLBACK,
        SCHEDULE,
        FANOUT_CALL,
        FANOUT_ON_TARGET,
        FANOUT_ON_FINAL,
        PARALLEL_CALL,
        PARALLEL_ON_TARGET,
    ];

    /// The kind of this name; what is not known is a call like any other.
    pub(crate) fn of(name: &str) -> &'static str {
        ALL.into_iter().find(|known| *known == name).unwrap_or(CALL)
    }
}

/// A call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Task {
    pub(crate) id: i64,
    /// Who asked for it; whose share of the queue it takes.
    pub(crate) source: String,
    pub(crate) service: String,
    pub(crate) kind: &'static str,
    pub(crate) name: Option<String>,
    pub(crate) cid: String,
    pub(crate) in_reply_to: Option<String>,
    pub(crate) environ: Option<String>,
    pub(crate) traceparent: Option<String>,
    pub(crate) tracestate: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Bytes,
    pub(crate) callback: Vec<String>,
    /// A JSON object.
    pub(crate) report: Option<String>,
    pub(crate) created: Millis,
    pub(crate) due: Millis,
    /// No attempt begins later.
    pub(crate) expires: Option<Millis>,
    /// Attempts that are left when the service fails.
    pub(crate) repeats: u32,
    pub(crate) interval: Millis,
    /// Attempts that have begun.
    pub(crate) attempt: u32,
    /// Attempts that the host could not make, one after the other.
    pub(crate) waits: u32,
    /// The group that it belongs to, and where in it.
    pub(crate) group: Option<(i64, i64)>,
}

impl Task {
    /// What it takes in the queue.
    pub(crate) fn bytes(&self) -> i64 {
        let texts = [&self.environ, &self.report, &self.content_type, &self.in_reply_to];
        let texts: usize = texts.into_iter().flatten().map(String::len).sum();
        let names: usize = self.callback.iter().map(String::len).sum();
        let all = self.body.len() + texts + names + self.service.len() + self.cid.len() + ROW;
        i64::try_from(all).unwrap_or(i64::MAX)
    }
}

/// What a row takes besides.
const ROW: usize = 200;

/// A group of calls.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) id: i64,
    pub(crate) source: String,
    pub(crate) is_fanout: bool,
    pub(crate) cid: String,
    pub(crate) environ: Option<String>,
    pub(crate) created: Millis,
    pub(crate) size: i64,
    pub(crate) on_target: Vec<String>,
    pub(crate) on_final: Vec<String>,
}

/// The kind of a call that a service asked for.
pub(crate) fn kind_of_origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Call => kind::CALL,
        Origin::Schedule => kind::SCHEDULE,
    }
}

/// The kind of the calls of a group.
pub(crate) fn kind_of_pattern(pattern: Pattern) -> &'static str {
    match pattern {
        Pattern::Fanout => kind::FANOUT_CALL,
        Pattern::Parallel => kind::PARALLEL_CALL,
    }
}

/// Now.
pub(crate) fn now() -> Millis {
    Timestamp::now().as_millisecond()
}

/// A time as services are told it: ISO 8601 in UTC, without a zone.
pub(crate) fn iso(millis: Millis) -> String {
    let at = Timestamp::from_millisecond(millis).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_pythons_isoformat_does() {
        assert_eq!(iso(1_764_360_000_123), "2025-11-28T20:00:00.123000");
    }
}
