//! Records that services write: each gets its correlation id, service and version from the host.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::broadcast;

/// How many records are kept for `caisson logs`: usually about 1 MiB, 80 MiB when every one is as long as can be.
const KEPT: usize = 5_000;

/// Longest message kept; a longer one is cut with a note. Bounds what a service can make the host hold.
const MAX_MESSAGE_BYTES: usize = 16 * 1024;

/// How serious a record is. The same names as `level` in `wit/service.wit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Finest detail.
    Trace,
    /// For developers.
    Debug,
    /// Normal events.
    Info,
    /// Something is odd.
    Warning,
    /// Something failed.
    Error,
    /// Somebody has to act now.
    Critical,
}

impl Level {
    /// The name, in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// One line of the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogRecord {
    /// RFC 3339, UTC, microseconds.
    pub time: String,
    /// How serious.
    pub level: Level,
    /// The service that wrote it, or on whose behalf the host wrote it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub service: Option<Arc<str>>,
    /// Version of its package.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<u32>,
    /// Correlation id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cid: Option<Arc<str>>,
    /// Source within the service; may be empty.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub logger: String,
    /// The text; may have several lines (a traceback).
    pub message: String,
}

impl LogRecord {
    /// A record of now.
    #[must_use]
    pub fn new(level: Level, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.len() > MAX_MESSAGE_BYTES {
            let cut = message.floor_char_boundary(MAX_MESSAGE_BYTES);
            let rest = message.len() - cut;
            message.truncate(cut);
            // Cutting alone would keep all the memory of a message that a service made as large as it could.
            message.shrink_to_fit();
            message.push_str(&format!("... ({rest} more bytes)"));
        }
        Self { time: now(), level, service: None, version: None, cid: None, logger: String::new(), message }
    }

    /// Says which service it is about.
    #[must_use]
    pub fn about(mut self, service: &Arc<str>, version: u32) -> Self {
        self.service = Some(Arc::clone(service));
        self.version = Some(version);
        self
    }

    /// Says which chain of calls it belongs to.
    #[must_use]
    pub fn cid(mut self, cid: &str) -> Self {
        self.cid = Some(cid.into());
        self
    }
}

/// Which records a reader wants.
#[derive(Clone, Debug, Default)]
pub struct LogFilter {
    /// Only this service.
    pub service: Option<String>,
    /// Only this correlation id, and those of calls in the background that it has set in motion.
    pub cid: Option<String>,
    /// Only this serious or more.
    pub level: Option<Level>,
}

impl LogFilter {
    /// Whether a record passes.
    #[must_use]
    pub fn accepts(&self, record: &LogRecord) -> bool {
        self.service.as_deref().is_none_or(|name| record.service.as_deref() == Some(name))
            && self
                .cid
                .as_deref()
                .is_none_or(|cid| record.cid.as_deref().is_some_and(|own| follows(own, cid)))
            && self.level.is_none_or(|level| record.level >= level)
    }
}

/// Whether an id is this one, or begins with it as those of calls in the background do.
fn follows(own: &str, cid: &str) -> bool {
    own.strip_prefix(cid).is_some_and(|rest| rest.is_empty() || (rest.starts_with('~') && !cid.is_empty()))
}

/// Where all service records go: a ring for those who ask later, a broadcast for those who follow.
#[derive(Debug)]
pub struct LogHub {
    ring: Mutex<VecDeque<Arc<LogRecord>>>,
    live: broadcast::Sender<Arc<LogRecord>>,
}

impl Default for LogHub {
    fn default() -> Self {
        Self { ring: Mutex::new(VecDeque::with_capacity(KEPT)), live: broadcast::channel(1_024).0 }
    }
}

impl LogHub {
    /// Takes a record. Never waits; also writes it to the server's own log.
    pub fn write(&self, record: LogRecord) {
        mirror(&record);
        let record = Arc::new(record);
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.len() == KEPT {
            ring.pop_front();
        }
        ring.push_back(Arc::clone(&record));
        // Sent under the lock, so that `follow` sees each record exactly once: in its snapshot or live.
        // No receiver is the normal case.
        drop(self.live.send(record));
        drop(ring);
    }

    /// The last `limit` records that pass the filter, oldest first.
    #[must_use]
    pub fn recent(&self, filter: &LogFilter, limit: usize) -> Vec<Arc<LogRecord>> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        tail(&ring, filter, limit)
    }

    /// The last `limit` records and a receiver of all that come after them, with none lost between.
    #[must_use]
    pub fn follow(
        &self,
        filter: &LogFilter,
        limit: usize,
    ) -> (Vec<Arc<LogRecord>>, broadcast::Receiver<Arc<LogRecord>>) {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        (tail(&ring, filter, limit), self.live.subscribe())
    }
}

fn tail(ring: &VecDeque<Arc<LogRecord>>, filter: &LogFilter, limit: usize) -> Vec<Arc<LogRecord>> {
    let mut found: Vec<_> =
        ring.iter().rev().filter(|record| filter.accepts(record)).take(limit).cloned().collect();
    found.reverse();
    found
}

/// A text of a service as it may be shown: control characters would command the reader's terminal, and a line of its own
/// could be taken for a record of somebody else's.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 64);
    for letter in text.chars() {
        match letter {
            '\n' => shown.push_str("\n    "),
            '\t' => shown.push('\t'),
            letter if letter.is_control() => shown.extend(letter.escape_default()),
            letter => shown.push(letter),
        }
    }
    Cow::Owned(shown)
}

fn mirror(record: &LogRecord) {
    let service = record.service.as_deref();
    let cid = record.cid.as_deref();
    let message = printable(&record.message);
    match record.level {
        Level::Trace => tracing::trace!(target: "service", service, cid, "{message}"),
        Level::Debug => tracing::debug!(target: "service", service, cid, "{message}"),
        Level::Info => tracing::info!(target: "service", service, cid, "{message}"),
        Level::Warning => tracing::warn!(target: "service", service, cid, "{message}"),
        Level::Error | Level::Critical => tracing::error!(target: "service", service, cid, "{message}"),
    }
}

fn now() -> String {
    format!("{:.6}", jiff::Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest_records_and_filters_them() {
        let hub = LogHub::default();
        let service: Arc<str> = "a.b".into();
        for number in 0..KEPT + 10 {
            hub.write(LogRecord::new(Level::Info, format!("{number}")));
        }
        hub.write(LogRecord::new(Level::Error, "last").about(&service, 3).cid("c1"));
        let all = hub.recent(&LogFilter::default(), usize::MAX);
        assert_eq!(all.len(), KEPT);
        assert_eq!(all[0].message, "11");
        let filter =
            LogFilter { service: Some("a.b".into()), cid: Some("c1".into()), level: Some(Level::Warning) };
        assert_eq!(hub.recent(&filter, 10).len(), 1);
    }

    #[test]
    fn an_id_finds_what_it_has_set_in_motion_too() {
        let finds = |cid: &str, own: &str| {
            let filter = LogFilter { cid: Some(cid.to_owned()), ..LogFilter::default() };
            filter.accepts(&LogRecord::new(Level::Info, "x").cid(own))
        };
        assert!(finds("c1", "c1") && finds("c1", "c1~a") && finds("c1~a", "c1~a"));
        assert!(!finds("c1", "c12") && !finds("c1~a", "c1") && !finds("c1~a", "c1~b") && !finds("", "~a"));
    }

    #[test]
    fn a_huge_message_is_cut_at_a_character() {
        let record = LogRecord::new(Level::Info, "\u{17c}".repeat(MAX_MESSAGE_BYTES));
        assert!(record.message.len() < MAX_MESSAGE_BYTES + 40);
        assert!(record.message.ends_with("more bytes)"));
    }

    #[test]
    fn what_a_service_writes_cannot_command_a_terminal_or_forge_a_record() {
        assert_eq!(printable("plain \u{17c}"), "plain \u{17c}");
        assert_eq!(printable("a\x1b[2J\r\tb\nc"), "a\\u{1b}[2J\\r\tb\n    c");
    }

    #[test]
    fn times_are_rfc_3339_in_utc() {
        let time = now();
        assert_eq!(time.len(), "2026-01-01T00:00:00.000000Z".len(), "{time}");
        assert!(time.ends_with('Z'));
    }
}
