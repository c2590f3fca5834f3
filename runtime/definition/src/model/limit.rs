//! How often something may happen.

pub use caisson_capability::Rate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A token bucket, counted by each node for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RateLimit {
    /// How many requests in which time: `100/s`, `600/m`, `5000/h`, `10000/d`.
    pub rate: Rate,
    /// How many may come at once; by default as many as `rate` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub burst: Option<u32>,
    /// Whose requests are counted together.
    #[serde(default)]
    pub by: RateBy,
}

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RateBy {
    /// Those of one network address, counted before anybody is authenticated. IPv6 addresses of one /64 are one.
    #[default]
    Address,
    /// Those of one authenticated caller, counted after authentication.
    Principal,
    /// All of the channel.
    Channel,
}
