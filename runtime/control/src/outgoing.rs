//! Definitions of connections and grants become the table that guests are served from.

use caisson_capability::connections::Table;
use caisson_capability::{Catalog, Grant, LiveConnection, Options, Problem, Setup};
use caisson_definition::{Connection, Definitions};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A table of all connections. What has not changed since the table before stays: its pools, its breaker, its rate.
///
/// # Errors
///
/// A connection that cannot be made of its options; `apply` refuses those, so this is a definition of another version.
pub(crate) fn table(
    definitions: &Definitions,
    catalog: &Catalog,
    before: &Table,
) -> Result<Table, Vec<String>> {
    let mut table = Table::new();
    let mut problems = Vec::new();
    for connection in &definitions.connections {
        let made_of = made_of(connection);
        let known = before.get(&connection.name).filter(|known| *known.made_of() == made_of);
        let live = match known {
            Some(known) => Ok(Arc::clone(known)),
            None => make(connection, made_of, catalog),
        };
        match live {
            Ok(live) => table.insert(live, grants(definitions, &connection.name)),
            Err(found) => problems.extend(found.into_iter().map(|problem| {
                format!("connections/{}/{}: {}", connection.name, problem.place, problem.message)
            })),
        }
    }
    if problems.is_empty() { Ok(table) } else { Err(problems) }
}

fn make(
    connection: &Connection,
    made_of: [u8; 32],
    catalog: &Catalog,
) -> Result<Arc<LiveConnection>, Vec<Problem>> {
    let Some(capability) = catalog.get(&connection.capability) else {
        let text = format!("this server has no capability `{}`", connection.capability);
        return Err(vec![Problem::at("type", text)]);
    };
    let (policy, own) = Catalog::split(map(&connection.options))?;
    let name: Arc<str> = connection.name.as_str().into();
    let setup = Setup { name: Arc::clone(&name), timeout: policy.timeout() };
    let made = capability.connection(&setup, &own)?;
    Ok(Arc::new(LiveConnection::new(name, capability.spec().name, made_of, made, policy)))
}

/// A digest of a definition with its secrets: a connection whose password has changed is another one.
fn made_of(connection: &Connection) -> [u8; 32] {
    // Maps of texts and values can always be written.
    let text = serde_json::to_vec(connection).unwrap_or_default();
    blake3::hash(&text).into()
}

fn grants(definitions: &Definitions, connection: &str) -> Vec<Arc<Grant>> {
    let written =
        definitions.grants.iter().filter(|grant| grant.connection == connection).map(|grant| Grant {
            services: grant.services.clone(),
            operations: grant.operations.clone(),
            restrictions: Options::new(map(&grant.restrictions)),
        });
    written.map(Arc::new).collect()
}

/// Options as capabilities take them.
pub(crate) fn map(options: &BTreeMap<String, Value>) -> Map<String, Value> {
    options.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}
