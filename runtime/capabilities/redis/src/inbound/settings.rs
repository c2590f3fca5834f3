//! What an operator writes of a channel.

use caisson_capability::Problem;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// The options of a channel. Exactly one of `subscribe`, `patterns` and `stream` is given.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Channels of Redis to subscribe to. At most once: a message that comes while nobody listens, or whose service fails, is lost.
    pub subscribe: Vec<String>,
    /// The same with patterns of channels, as PSUBSCRIBE takes them.
    pub patterns: Vec<String>,
    /// A consumer group on a stream. At least once: an entry is acknowledged when its service has succeeded.
    pub stream: Option<Stream>,
    /// Messages that are handled at the same time.
    #[schemars(range(min = 1, max = 10_000))]
    pub concurrency: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { subscribe: Vec::new(), patterns: Vec::new(), stream: None, concurrency: 10 }
    }
}

/// A consumer group on a stream.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// The stream. It is made if it is not there.
    pub key: String,
    /// The group. It is made if it is not there.
    pub group: String,
    /// Our name within the group; servers may share one. The host's name unless given.
    pub consumer: Option<String>,
    /// Entries that are fetched at once.
    #[serde(default = "batch")]
    #[schemars(range(min = 1, max = 10_000))]
    pub batch: usize,
    /// After so many seconds an entry that was fetched and not acknowledged, here or by a server that is gone, is fetched again. Longer
    /// than the service may take; that and 30 s unless given.
    #[schemars(range(min = 1))]
    pub claim_idle_secs: Option<u64>,
    /// A stream that rejected entries are put into. Without one they are acknowledged and gone.
    pub dead_letter: Option<String>,
    /// An entry is rejected when it was delivered so often without success.
    #[serde(default = "max_deliveries")]
    #[schemars(range(min = 1))]
    pub max_deliveries: u32,
    /// Where a group that is made begins.
    #[serde(default)]
    pub from: From,
}

/// Where a group that is made begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum From {
    /// With what is added from then on.
    #[default]
    New,
    /// With all that is in the stream.
    All,
}

fn batch() -> usize {
    10
}

fn max_deliveries() -> u32 {
    10
}

impl Stream {
    /// When an entry is fetched again.
    pub(crate) fn claim_idle(&self, timeout: Duration) -> Duration {
        self.claim_idle_secs.map_or(timeout.saturating_add(Duration::from_secs(30)), Duration::from_secs)
    }
}

impl Config {
    pub(crate) fn check(&self, timeout: Duration) -> Result<(), Vec<Problem>> {
        let mut found = Vec::new();
        let given = [!self.subscribe.is_empty(), !self.patterns.is_empty(), self.stream.is_some()];
        if given.into_iter().filter(|one| *one).count() != 1 {
            found.push(Problem::whole("give exactly one of `subscribe`, `patterns` and `stream`"));
        }
        if self.concurrency == 0 {
            found.push(Problem::at("concurrency", "at least 1"));
        }
        if let Some(stream) = &self.stream {
            if stream.key.is_empty() || stream.group.is_empty() {
                found.push(Problem::at("stream", "`key` and `group` are names, not empty"));
            }
            if stream.batch == 0 || stream.max_deliveries == 0 {
                found.push(Problem::at("stream", "`batch` and `max_deliveries` are at least 1"));
            }
            if stream.claim_idle(timeout) <= timeout {
                let text = format!(
                    "has to be longer than the service may take ({} s): another server would fetch what is still being handled",
                    timeout.as_secs_f64()
                );
                found.push(Problem::at("stream/claim_idle_secs", text));
            }
            if stream.dead_letter.as_ref() == Some(&stream.key) {
                found.push(Problem::at("stream/dead_letter", "has to be another stream than `key`"));
            }
        }
        if found.is_empty() { Ok(()) } else { Err(found) }
    }
}
