//! What is told of an entry, and how one is written.

use bytes::Bytes;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// An entry, as it is told. Times are milliseconds since the Unix epoch; 0 stands for never.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// Its value; empty unless asked for.
    pub value: Bytes,
    /// 0 for the one that was used last; only with [`Parts::Details`].
    pub position: u32,
    /// How often it was read.
    pub hits: u64,
    /// How long it was to be kept, in milliseconds; 0 for no end.
    pub expiry_ms: u64,
    /// When it ends.
    pub expires_at: u64,
    /// When it was read last.
    pub last_read: u64,
    /// When it was read before that.
    pub prev_read: u64,
    /// When it was written last.
    pub last_write: u64,
    /// When it was written before that.
    pub prev_write: u64,
}

/// What of entries is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parts {
    /// Keys, without values; they do not count as read.
    Keys,
    /// Values as well.
    Values,
    /// Positions as well, for which all entries are counted.
    Details,
}

/// When an entry is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// In any case.
    #[default]
    Always,
    /// If there is none of its key.
    IfAbsent,
    /// If there is one of its key.
    IfPresent,
}

/// A value to be written.
#[derive(Clone, Debug, Default)]
pub struct Write {
    /// The value.
    pub value: Bytes,
    /// How long it is kept; zero for no end.
    pub expiry: Duration,
    /// Whether it is written at all.
    pub condition: Condition,
}

/// A moment on both clocks: entries end by the monotonic one, and people are told the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) at: Instant,
    pub(crate) millis: u64,
}

impl Now {
    pub(crate) fn read() -> Self {
        let millis = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Self { at: Instant::now(), millis: u64::try_from(millis).unwrap_or(u64::MAX) }
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
