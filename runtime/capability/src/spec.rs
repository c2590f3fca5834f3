//! What a capability says of itself: names, options, operations. The one source of schemas, forms, checks and documentation.

use crate::connection::{Connection, Options, Problem, Setup};
use crate::inbound::{Consumer, Intake};
use schemars::JsonSchema;
use serde_json::Value;
use std::sync::Arc;

/// A protocol that the host speaks. One folder below `runtime/capabilities`.
pub trait Capability: Send + Sync + 'static {
    /// What it is. The same at each call.
    fn spec(&self) -> Spec;

    /// Makes a connection of its options, which have passed the schema. Opens nothing: the other side is reached at first use.
    ///
    /// # Errors
    ///
    /// All that is wrong with the options, each with its place. No text holds a secret.
    fn connection(&self, setup: &Setup, options: &Options) -> Result<Arc<dyn Connection>, Vec<Problem>>;

    /// Makes a consumer of a channel's options, which have passed the schema. It runs once it is polled.
    ///
    /// # Errors
    ///
    /// All that is wrong with the options; that nothing comes in by this capability.
    fn consumer(
        &self,
        _connection: &Arc<dyn Connection>,
        _options: &Options,
        _intake: Intake,
    ) -> Result<Box<dyn Consumer>, Vec<Problem>> {
        Err(vec![Problem::whole("nothing comes in by this capability")])
    }
}

/// What a capability is.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Value of `type` in definitions: `http`, `sql`.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// The interface in `wit/deps` that guests import: `caisson:sql/client@0.1.0`. Deployments that import it are told which
    /// grants they lack.
    pub interface: &'static str,
    /// JSON Schema of a connection's own options, an object.
    pub options: Value,
    /// Of a channel's own options, if messages come in by it.
    pub inbound: Option<Value>,
    /// JSON Schema of what its grants may restrict, if anything.
    pub restrictions: Option<Value>,
    /// Options that are secret: `password`, `auth/password`. `url` is one if it may hold a password.
    pub secrets: &'static [&'static str],
    /// What grants can name.
    pub operations: &'static [Operation],
}

/// Something that a service may be allowed to do with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its name in grants.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
}

/// The JSON Schema of a type, for [`Spec::options`].
#[must_use]
pub fn schema_of<T: JsonSchema>() -> Value {
    let mut settings = schemars::generate::SchemaSettings::draft2020_12();
    // A connection's schema becomes a part of a larger one, where references would lead elsewhere.
    settings.inline_subschemas = true;
    let mut schema = settings.into_generator().root_schema_for::<T>().to_value();
    if let Some(fields) = schema.as_object_mut() {
        fields.remove("$schema");
        fields.remove("title");
    }
    schema
}
