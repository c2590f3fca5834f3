//! What an operator writes of a connection of type `amqp`.

pub use caisson_capability::Secret;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Options of a connection with a broker.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the broker is: `amqp://HOST[:PORT][/VHOST]`, or `amqps://` with TLS. `/` within the name of a virtual host is written
    /// `%2f`; without a path it is the virtual host `/`. User and password may be in it, percent-encoded.
    pub url: Secret,
    /// The user, unless it is in the URL.
    #[serde(default)]
    pub username: Option<String>,
    /// The user's password, unless it is in the URL.
    #[serde(default)]
    pub password: Option<Secret>,
    /// Certificates, for `amqps://`.
    #[serde(default)]
    pub tls: Option<Tls>,
    /// The broker and we tell each other at least so often that we are there, in seconds; 0: never. The broker may want it
    /// more often.
    #[serde(default = "heartbeat_secs")]
    #[schemars(range(max = 3_600))]
    pub heartbeat_secs: u16,
    /// Channels that messages are published on.
    #[serde(default)]
    pub channels: Channels,
    /// Messages are kept on disk by queues that are durable, unless a service says otherwise.
    #[serde(default = "yes")]
    pub persistent: bool,
    /// The largest body of a message, in bytes: of one that is published, and of one that is taken in.
    #[serde(default = "message_bytes")]
    #[schemars(range(min = 1))]
    pub message_bytes: usize,
    /// What has to be there. It is declared each time that a connection with the broker is made.
    #[serde(default)]
    pub declare: Declare,
}

/// Certificates. Each is PEM, or the path of a file.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// Certificates that vouch for the broker. Those of the system if not given.
    pub ca: Option<String>,
    /// The certificate that we show.
    pub cert: Option<String>,
    /// Its key.
    pub key: Option<Secret>,
}

/// The pool of channels.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Channels {
    /// The most calls that publish at the same time; more wait. Each has a channel of its own in confirm mode.
    #[schemars(range(min = 1, max = 2_000))]
    pub max: u16,
}

impl Default for Channels {
    fn default() -> Self {
        Self { max: 8 }
    }
}

/// Exchanges and queues.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Declare {
    /// Exchanges.
    pub exchanges: Vec<Exchange>,
    /// Queues with their bindings.
    pub queues: Vec<Queue>,
}

/// An exchange.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// Its name.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// `direct`, `fanout`, `topic`, `headers`, or a type that a plug-in of the broker brings.
    #[serde(rename = "type")]
    pub kind: String,
    /// It outlives a restart of the broker.
    #[serde(default = "yes")]
    pub durable: bool,
    /// It goes with its last binding.
    #[serde(default)]
    pub auto_delete: bool,
    /// More, by the broker's names.
    #[serde(default)]
    pub arguments: Map<String, Value>,
}

/// A queue.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Its name.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// It outlives a restart of the broker.
    #[serde(default = "yes")]
    pub durable: bool,
    /// It is for one channel alone, and goes with its connection with the broker.
    #[serde(default)]
    pub exclusive: bool,
    /// It goes with its last consumer.
    #[serde(default)]
    pub auto_delete: bool,
    /// More, by the broker's names: `x-queue-type: quorum`.
    #[serde(default)]
    pub arguments: Map<String, Value>,
    /// Where the broker puts what is rejected or has expired: the arguments `x-dead-letter-exchange` and
    /// `x-dead-letter-routing-key`.
    #[serde(default)]
    pub dead_letter: Option<Target>,
    /// Where its messages come from.
    #[serde(default)]
    pub bindings: Vec<Binding>,
}

/// Where messages are put.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The exchange; empty for the default exchange, whose routing keys are names of queues.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub exchange: String,
    /// The routing key. The message's own if not given.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub routing_key: Option<String>,
}

/// A binding of a queue to an exchange.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// The exchange.
    #[schemars(length(min = 1, max = 255))]
    pub exchange: String,
    /// The routing key, or a pattern of it.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub routing_key: String,
    /// More, for exchanges of type `headers`.
    #[serde(default)]
    pub arguments: Map<String, Value>,
}

/// What a grant may restrict. `*` stands for any part of a name.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Restrictions {
    /// Exchanges that may be published to; empty text for the default exchange. All if not given.
    pub exchanges: Option<Vec<String>>,
    /// Routing keys that may be used. All if not given.
    pub routing_keys: Option<Vec<String>>,
}

fn heartbeat_secs() -> u16 {
    30
}

fn message_bytes() -> usize {
    16 * 1024 * 1024
}

fn yes() -> bool {
    true
}
