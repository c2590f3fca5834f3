//! Checks what definitions say of capabilities: options, operations, and that names lead to connections that fit.

use crate::check::Finding;
use crate::model::{Channel, Connection, Definitions};
use crate::nearest::hint;
use caisson_capability::{Catalog, Setup, Spec};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The connections, and what is known of their capabilities.
pub(crate) struct Uses<'a> {
    pub(crate) connections: &'a [Connection],
    pub(crate) catalog: &'a Catalog,
}

impl Uses<'_> {
    /// All that is wrong. Shapes have been checked by the schema.
    pub(crate) fn findings(&self, definitions: &Definitions) -> Vec<Finding> {
        let mut found = Vec::new();
        for connection in &definitions.connections {
            self.connection(connection, &mut found);
        }
        for channel in &definitions.channels {
            if let Channel::Inbound(inbound) = channel {
                let place = format!("channels/{}", inbound.name);
                self.inbound(&place, &inbound.connection, &inbound.capability, &mut found);
                if inbound.service.is_empty() {
                    let text = "`service` must not be empty: name the service that answers";
                    found.push(error(format!("{place}/service"), text));
                }
            }
        }
        for (index, grant) in definitions.grants.iter().enumerate() {
            self.grant(&format!("grants/{index}"), grant, &mut found);
        }
        found
    }

    fn connection(&self, connection: &Connection, found: &mut Vec<Finding>) {
        let place = format!("connections/{}", connection.name);
        let Some(capability) = self.catalog.get(&connection.capability) else {
            // Without capabilities nothing is known of connections: so files can be read that no server here will serve.
            if self.catalog.specs().next().is_some() {
                let names: Vec<_> = self.catalog.specs().map(|spec| spec.name).collect();
                let hint = hint(&connection.capability, names.iter().copied());
                let text = format!(
                    "there is no capability `{}`{hint}; known here: {}",
                    connection.capability,
                    names.join(", ")
                );
                found.push(error(format!("{place}/type"), text));
            }
            return;
        };
        let made = Catalog::split(map(&connection.options)).and_then(|(policy, own)| {
            let setup = Setup { name: connection.name.as_str().into(), timeout: policy.timeout() };
            capability.connection(&setup, &own)
        });
        for problem in made.err().unwrap_or_default() {
            let inner =
                if problem.place.is_empty() { place.clone() } else { format!("{place}/{}", problem.place) };
            found.push(error(inner, problem.message));
        }
    }

    fn inbound(&self, place: &str, connection: &str, capability: &str, found: &mut Vec<Finding>) {
        let names = self.connections.iter().map(|one| one.name.as_str());
        match self.connections.iter().find(|one| one.name == connection) {
            None => {
                let text = format!("there is no connection `{connection}`{}", hint(connection, names));
                found.push(error(format!("{place}/connection"), text));
            }
            Some(one) if one.capability != capability => {
                let text = format!(
                    "`{connection}` is of type {}, and this channel of type {capability}",
                    one.capability
                );
                found.push(error(format!("{place}/connection"), text));
            }
            Some(_) => {}
        }
    }

    fn grant(&self, place: &str, grant: &crate::model::Grant, found: &mut Vec<Finding>) {
        let connection = self.connections.iter().find(|one| one.name == grant.connection);
        let Some(spec) = connection.and_then(|one| self.catalog.get(&one.capability)).map(|one| one.spec())
        else {
            return;
        };
        let known: Vec<_> = spec.operations.iter().map(|operation| operation.name).collect();
        for (index, operation) in grant.operations.iter().enumerate() {
            if operation != "*" && !known.contains(&operation.as_str()) {
                let hint = hint(operation, known.iter().copied());
                let text = format!(
                    "{} has no operation `{operation}`{hint}; it has {} and `*` for all",
                    spec.name,
                    known.join(", ")
                );
                found.push(error(format!("{place}/operations/{index}"), text));
            }
        }
        restrictions(place, &grant.restrictions, &spec, found);
    }
}

/// What a grant restricts has to be what its capability knows of.
fn restrictions(place: &str, given: &BTreeMap<String, Value>, spec: &Spec, found: &mut Vec<Finding>) {
    let known =
        spec.restrictions.as_ref().and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    for name in given.keys() {
        if !known.is_some_and(|known| known.contains_key(name)) {
            let names: Vec<&str> = known.into_iter().flat_map(Map::keys).map(String::as_str).collect();
            let text = match names.as_slice() {
                [] => format!("a grant for {} has no `{name}`: it restricts nothing further", spec.name),
                _ => format!("a grant for {} has no `{name}`; it has {}", spec.name, names.join(", ")),
            };
            found.push(error(format!("{place}/{name}"), text));
        }
    }
}

/// Options as capabilities take them.
fn map(options: &BTreeMap<String, Value>) -> Map<String, Value> {
    options.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn error(place: impl Into<String>, message: impl Into<String>) -> Finding {
    Finding { place: place.into(), message: message.into(), warning: false }
}
