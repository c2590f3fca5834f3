//! The definitions as types: the one truth that the schema, the checks and the tables are made from.

mod channel;
mod limit;
mod security;

pub use caisson_capability::Secret;
pub use channel::{
    BodyPriority, Channel, Cors, DataFormat, InboundChannel, RestChannel, SoapChannel, SoapVersions,
    UrlPriority,
};
pub use limit::{Rate, RateBy, RateLimit};
pub use security::{ApiKey, BasicAuth, Group, Jwt, JwtAlgorithm, Mtls, Security, Wss};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Everything that operators define.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Definitions {
    /// Who may call.
    pub security: Vec<Security>,
    /// Named ways out: each a configured use of a capability.
    pub connections: Vec<Connection>,
    /// Ways in. For channels of one path, the first that fits a request is taken.
    pub channels: Vec<Channel>,
    /// Which services may use which connections.
    pub grants: Vec<Grant>,
    /// What services may use of the machine. Of several that name a service, the first counts.
    pub limits: Vec<ServiceLimits>,
}

/// What is left out means this: so it is neither stored nor shown, and a difference tells only what somebody wrote.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A named, configured way to another system. `Debug` shows no option: any of them may hold a secret.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Connection {
    /// The name that services use.
    pub name: String,
    /// Which capability it is a connection of, e.g. `http`, `sql`.
    #[serde(rename = "type")]
    pub capability: String,
    /// The capability's own options.
    #[serde(flatten)]
    pub options: BTreeMap<String, serde_json::Value>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Connection");
        shown.field("name", &self.name).field("capability", &self.capability).finish_non_exhaustive()
    }
}

/// What services may use of the machine. What is not said is as the package says, or as the server does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ServiceLimits {
    /// Names of services; `*` stands for any part of a name.
    #[schemars(length(min = 1))]
    pub services: Vec<String>,
    /// Memory of one instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub memory_bytes: Option<u64>,
    /// Processor time of one message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub cpu_time_ms: Option<u64>,
    /// Time for one message, waiting for others included.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub wall_time_ms: Option<u64>,
    /// Messages that are answered at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub concurrency: Option<u32>,
    /// Messages that wait while all places are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub queue: Option<u32>,
    /// Largest message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub payload_bytes: Option<u64>,
    /// Largest answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub answer_bytes: Option<u64>,
}

/// Lets services use a connection. `Debug` shows no restriction's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Grant {
    /// Names of services; `*` stands for any part of a name.
    pub services: Vec<String>,
    /// The connection.
    pub connection: String,
    /// What they may do with it; `*` for everything.
    pub operations: Vec<String>,
    /// What the capability restricts further, e.g. `keys` of Redis.
    #[serde(flatten)]
    pub restrictions: BTreeMap<String, serde_json::Value>,
}
