//! What services say about themselves: for documents that are made of it.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a service declares to take and to answer, as JSON Schema documents (2020-12): texts of JSON objects. They are data of a
/// guest: nothing but that has been checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schemas {
    /// What it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// What it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

impl Schemas {
    /// Whether nothing is declared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.input.is_none() && self.output.is_none()
    }
}

/// What a service says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// First paragraph of its documentation.
    pub doc: Option<String>,
    /// What it declares.
    pub schemas: Schemas,
}

/// Knows what services say about themselves.
pub trait Describe: Send + Sync + 'static {
    /// The names of all services, sorted.
    fn names(&self) -> Vec<Arc<str>>;

    /// What a service says about itself, if there is one of this name.
    fn describe(&self, service: &str) -> Option<Arc<Description>>;

    /// Another number whenever there are other services, or they say something else: what was made of them is then out of date.
    fn generation(&self) -> u64;
}
