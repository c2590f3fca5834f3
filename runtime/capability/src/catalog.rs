//! All capabilities of a server.

use crate::connection::Problem;
use crate::policy::Policy;
use crate::spec::{Capability, Spec, schema_of};
use serde_json::{Map, Value, json};
use std::fmt;
use std::sync::Arc;

/// The capabilities that a server offers, in the order of the explicit list. Cheap to clone.
#[derive(Clone, Default)]
pub struct Catalog(Arc<[Arc<dyn Capability>]>);

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.specs().map(|spec| spec.name)).finish()
    }
}

impl Catalog {
    /// A catalog of these.
    #[must_use]
    pub fn new(all: Vec<Arc<dyn Capability>>) -> Self {
        Self(all.into())
    }

    /// A capability by its name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Capability>> {
        self.0.iter().find(|one| one.spec().name == name)
    }

    /// What they are.
    pub fn specs(&self) -> impl Iterator<Item = Spec> {
        self.0.iter().map(|one| one.spec())
    }

    /// The JSON Schema of a connection of a capability: `name`, `type`, the options of every connection, and its own.
    #[must_use]
    pub fn connection_schema(spec: &Spec) -> Value {
        let mut schema = spec.options.clone();
        let policy = schema_of::<Policy>();
        let mut properties = Map::new();
        properties.insert(
            "name".to_owned(),
            json!({"type": "string", "description": "The name that services use."}),
        );
        properties.insert("type".to_owned(), json!({"const": spec.name, "description": spec.summary}));
        for part in [&schema, &policy] {
            let own = part.get("properties").and_then(Value::as_object).into_iter().flatten();
            properties.extend(own.map(|(name, value)| (name.clone(), value.clone())));
        }
        let mut required = vec![json!("name"), json!("type")];
        required.extend(schema.get("required").and_then(Value::as_array).into_iter().flatten().cloned());
        if let Some(fields) = schema.as_object_mut() {
            fields.insert("properties".to_owned(), Value::Object(properties));
            fields.insert("required".to_owned(), Value::Array(required));
            fields.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
        schema
    }

    /// Takes a connection's options apart: what the layers go by, and what is the capability's own.
    ///
    /// # Errors
    ///
    /// The policy cannot be understood.
    pub fn split(options: Map<String, Value>) -> Result<(Policy, crate::Options), Vec<Problem>> {
        let (policy, own): (Map<_, _>, Map<_, _>) =
            options.into_iter().partition(|(name, _)| Policy::NAMES.contains(&name.as_str()));
        let policy = serde_json::from_value(Value::Object(policy))
            .map_err(|error| vec![Problem::whole(error.to_string())])?;
        Ok((policy, crate::Options::new(own)))
    }
}
