//! What a package says about itself, beside how it runs: which release it is, and what it wants to use.
//!
//! None of it changes how the package runs. It is stored with the package, travels to the other servers with it, and is there
//! to be shown and to be compared with what operators have granted.

use caisson_capability::Schemas;
use serde::{Deserialize, Serialize};

/// What a package says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Its developers' own name for this release, the `version` of `service.toml`. Versions counted by the server are apart
    /// from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The connections that it wants to use, in the order in which they were written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
    /// Of a component, what its service takes and answers. Python services declare that themselves.
    #[serde(default, skip_serializing_if = "Schemas::is_empty")]
    pub schemas: Schemas,
}

/// A connection that a package wants to use. A wish and not a permission: that is a grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// The connection's name.
    pub connection: String,
    /// What is done with it, as grants say it; never empty.
    pub operations: Vec<String>,
    /// What for, in the developers' words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
