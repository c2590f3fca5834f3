//! What is said about connections, grants, uses and refusals.

use caisson_audit::Entry;
use caisson_capability::LiveConnection;
use caisson_capability::policy::Enforcement;
use caisson_capability::usage::{Counts, Outcome, UsageKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A connection as it is on this server.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ConnectionStatus {
    /// Its name.
    #[schema(example = "crm-db")]
    pub name: String,
    /// The capability that it is of.
    #[serde(rename = "type")]
    #[schema(example = "sql")]
    pub capability: String,
    /// `enforce`, or `observe`: calls that no grant allows are let through and recorded.
    #[schema(example = "enforce")]
    pub enforcement: String,
    /// Calls since the server started, by outcome.
    pub calls: BTreeMap<String, u64>,
}

impl ConnectionStatus {
    pub(crate) fn new(live: &LiveConnection, usage: &[(UsageKey, Counts)]) -> Self {
        let mut calls = BTreeMap::new();
        for (_, counts) in usage.iter().filter(|(key, _)| key.connection == *live.name()) {
            for (outcome, number) in outcomes(counts) {
                *calls.entry(outcome).or_insert(0) += number;
            }
        }
        let enforcement = match live.policy().enforcement {
            Enforcement::Enforce => "enforce",
            Enforcement::Observe => "observe",
        };
        Self {
            name: live.name().as_ref().to_owned(),
            capability: live.capability().to_owned(),
            enforcement: enforcement.to_owned(),
            calls,
        }
    }
}

/// Whether the other side is there.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ConnectionHealth {
    /// The connection.
    #[schema(example = "crm-db")]
    pub name: String,
    /// It is there and lets us in.
    pub ok: bool,
    /// Why not.
    pub problem: Option<String>,
}

/// Something that a package asks for and no grant allows.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MissingGrant {
    /// The package.
    #[schema(example = "crm")]
    pub package: String,
    /// The service.
    #[schema(example = "crm.sync")]
    pub service: String,
    /// The connection.
    #[schema(example = "crm-db")]
    pub connection: String,
    /// The operations that no grant allows.
    pub operations: Vec<String>,
    /// There is a connection of this name.
    pub defined: bool,
    /// The grant to add, as it is written in definitions.
    #[schema(example = "{services: [crm.sync], connection: crm-db, operations: [query]}")]
    pub grant: String,
}

impl MissingGrant {
    pub(crate) fn new(
        package: &str,
        service: &str,
        connection: &str,
        operations: Vec<String>,
        defined: bool,
    ) -> Self {
        let grant = format!(
            "{{services: [{service}], connection: {connection}, operations: [{}]}}",
            operations.join(", ")
        );
        Self {
            package: package.to_owned(),
            service: service.to_owned(),
            connection: connection.to_owned(),
            operations,
            defined,
            grant,
        }
    }
}

/// What one service did over one connection since the server started.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Use {
    /// The service.
    #[schema(example = "crm.sync")]
    pub service: String,
    /// The connection.
    #[schema(example = "crm-db")]
    pub connection: String,
    /// The capability that the connection is of.
    #[serde(rename = "type")]
    #[schema(example = "sql")]
    pub capability: String,
    /// The operation.
    #[schema(example = "query")]
    pub operation: String,
    /// How often, by outcome: `ok`, `refused`, `observed`, `limited`, `timeout`, `cancelled`, `failed`.
    pub calls: BTreeMap<String, u64>,
    /// Bytes that went out.
    pub sent_bytes: u64,
    /// Bytes that came back.
    pub received_bytes: u64,
    /// Time that the calls took, in seconds.
    pub seconds: f64,
    /// Attempts after the first one.
    pub retries: u64,
}

impl From<(UsageKey, Counts)> for Use {
    fn from((key, counts): (UsageKey, Counts)) -> Self {
        Self {
            service: key.service.as_ref().to_owned(),
            connection: key.connection.as_ref().to_owned(),
            capability: key.capability.to_owned(),
            operation: key.operation.to_owned(),
            calls: outcomes(&counts).collect(),
            sent_bytes: counts.sent_bytes,
            received_bytes: counts.received_bytes,
            seconds: counts.duration.as_secs_f64(),
            retries: counts.retries,
        }
    }
}

fn outcomes(counts: &Counts) -> impl Iterator<Item = (String, u64)> {
    let all = Outcome::ALL.iter().zip(counts.outcomes).filter(|(_, number)| *number > 0);
    all.map(|(outcome, number)| (outcome.as_str().to_owned(), number))
}

/// A use that no grant allowed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Refusal {
    /// When it was first wanted, RFC 3339.
    #[schema(example = "2026-11-24T12:00:00Z")]
    pub at: String,
    /// Correlation id of the first.
    pub cid: String,
    /// The service.
    #[schema(example = "crm.sync")]
    pub service: String,
    /// The connection.
    #[schema(example = "crm-db")]
    pub connection: String,
    /// The operation.
    #[schema(example = "execute")]
    pub operation: String,
    /// The caller whose message the service was answering, if known.
    pub principal: Option<String>,
    /// What was beyond the grants, when the operation itself is granted.
    pub detail: Option<String>,
    /// It was let through: the connection only observes.
    pub observed: bool,
    /// How often, within a second.
    pub count: u64,
}

impl From<Entry> for Refusal {
    fn from(entry: Entry) -> Self {
        Self {
            at: entry.at,
            cid: entry.cid,
            service: entry.service,
            connection: entry.connection,
            operation: entry.operation,
            principal: entry.principal,
            detail: entry.detail,
            observed: entry.observed,
            count: entry.count,
        }
    }
}
