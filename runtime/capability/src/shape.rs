//! What is known of a service's messages: what it declares that it takes and answers.
//!
//! It comes from the package, so it is data to be shown and never something to go by.

use serde_json::Value;
use std::sync::Arc;

/// What a service declares of its messages. Schemas are of JSON Schema 2020-12.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// First paragraph of its documentation.
    pub doc: Option<String>,
    /// What it takes, unless it declares nothing. Always an object.
    pub input: Option<Value>,
    /// What it answers, unless it declares nothing. Always an object.
    pub output: Option<Value>,
}

/// Knows the shapes of services as they run now.
pub trait Shapes: Send + Sync + 'static {
    /// The shape of a service, if there is such a service.
    fn shape(&self, service: &str) -> Option<Arc<Shape>>;

    /// The names of all services, sorted.
    fn services(&self) -> Vec<Arc<str>>;

    /// A number that is another one whenever services or their shapes may have changed.
    fn generation(&self) -> u64;
}
