//! The definitions as types: the one truth that the schema, the checks and the tables are made from.

mod channel;
mod limit;
mod secret;
mod security;

pub use channel::{
    BodyPriority, Channel, Cors, DataFormat, RestChannel, SoapChannel, SoapVersions, UrlPriority,
};
pub use limit::{Rate, RateBy, RateLimit};
pub use secret::Secret;
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
    /// Named ways out.
    pub connections: Vec<Connection>,
    /// Ways in. For channels of one path, the first that fits a request is taken.
    pub channels: Vec<Channel>,
    /// Which services may use which connections.
    pub grants: Vec<Grant>,
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

/// Lets services use a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Grant {
    /// Names of services; `*` stands for any part of a name.
    pub services: Vec<String>,
    /// The connection.
    pub connection: String,
    /// What they may do with it; `*` for everything.
    pub operations: Vec<String>,
}
