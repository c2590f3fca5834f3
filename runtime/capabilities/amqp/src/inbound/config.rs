//! What an operator writes of a channel of type `amqp`.

use crate::config::Target;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Options of a channel that takes messages from a queue.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The queue. It has to be there: declare it on the broker, or by `declare` of the connection.
    #[schemars(length(min = 1, max = 255))]
    pub queue: String,
    /// The most messages that the broker hands out before the first of them is settled.
    #[serde(default = "prefetch")]
    #[schemars(range(min = 1, max = 65_535))]
    pub prefetch: u16,
    /// The most messages that are with the service at the same time; as many as `prefetch` if not given. With 1 they are handled
    /// in their order.
    #[serde(default)]
    #[schemars(range(min = 1, max = 65_535))]
    pub concurrency: Option<u16>,
    /// When a message is acknowledged.
    #[serde(default)]
    pub ack: Ack,
    /// How a message is delivered again that the service could not handle. It waits in a queue of its own for that, named after
    /// this one with `.caisson-retry` at its end. If not given, it waits in the memory of the server for the time that the service
    /// or its error says, and goes back into the queue, as often as it takes.
    #[serde(default)]
    pub retry: Option<Retry>,
    /// Where messages are published that were rejected, or delivered `max_deliveries` times. If not given, they are rejected: the
    /// queue's own dead letter exchange has them, if there is one.
    #[serde(default)]
    pub dead_letter: Option<Target>,
    /// The name that the broker shows for this consumer, unique in its virtual host. The broker makes one if not given.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub consumer_tag: String,
    /// Nobody else may consume from the queue.
    #[serde(default)]
    pub exclusive: bool,
    /// More, by the broker's names: `x-priority: 10`.
    #[serde(default)]
    pub arguments: Map<String, Value>,
}

/// When a message is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ack {
    /// When the service has handled it: it is handled at least once.
    #[default]
    After,
    /// Before the service is called: it is handled at most once.
    OnReceipt,
}

/// How a message is delivered again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// How long it waits, in milliseconds. A service may ask for longer.
    #[schemars(range(min = 1, max = 86_400_000))]
    pub delay_ms: u32,
    /// How often it is delivered, the first time included.
    #[schemars(range(min = 1, max = 1_000))]
    pub max_deliveries: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Self { delay_ms: 5_000, max_deliveries: 5 }
    }
}

fn prefetch() -> u16 {
    10
}
