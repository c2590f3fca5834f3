//! What services may use and do use: grants against needs, uses, refusals, and how connections are.

use crate::problem::ApiError;
use crate::request::{Name, Params};
use crate::router::Shared;
use crate::shapes::{ConnectionHealth, ConnectionStatus, MissingGrant, Problem, Refusal, Use};
use axum::Json;
use axum::extract::State;
use caisson_audit::Filter;
use caisson_capability::LiveConnection;
use caisson_service::Need;
use http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use utoipa::IntoParams;

/// Entries that are given when nothing is said.
const DEFAULT_LIMIT: u32 = 100;

/// Most entries of one answer.
const MAX_LIMIT: u32 = 10_000;

/// How long the other side may take to show that it is there.
const PING: Duration = Duration::from_secs(10);

/// All connections of this server, sorted by name, with what was done over them.
#[utoipa::path(
    get,
    path = "/api/v1/connections",
    tag = "governance",
    security(("token" = [])),
    responses(
        (status = 200, description = "The connections", body = [ConnectionStatus]),
        (status = 401, description = "The token is missing or wrong", body = Problem)
    )
)]
pub(crate) async fn connections(State(shared): State<Shared>) -> Json<Vec<ConnectionStatus>> {
    let table = shared.admin.connections.table();
    let usage = shared.admin.connections.usage().all();
    let mut all: Vec<_> = table.iter().map(|one| ConnectionStatus::new(one, &usage)).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    Json(all)
}

/// Asks whether the other side of a connection is there and lets us in.
#[utoipa::path(
    post,
    path = "/api/v1/connections/{name}/ping",
    tag = "governance",
    security(("token" = [])),
    params(("name" = String, Path, description = "Name of the connection", example = "crm-db")),
    responses(
        (status = 200, description = "How it is", body = ConnectionHealth),
        (status = 401, description = "The token is missing or wrong", body = Problem),
        (status = 403, description = "The caller's role does not allow it", body = Problem),
        (status = 404, description = "There is none of this name", body = Problem)
    )
)]
pub(crate) async fn ping(
    State(shared): State<Shared>,
    Name(name): Name,
) -> Result<Json<ConnectionHealth>, ApiError> {
    let table = shared.admin.connections.table();
    let Some(live) = table.get(&name) else {
        return Err(ApiError::not_found(format!("there is no connection {name:?}")));
    };
    Ok(Json(asked(live).await))
}

async fn asked(live: &Arc<LiveConnection>) -> ConnectionHealth {
    let problem = match tokio::time::timeout(PING, live.connection().ping()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(match error.detail {
            Some(detail) => format!("{}: {detail}", error.message),
            None => error.message,
        }),
        Err(_) => Some(format!("no answer within {} seconds", PING.as_secs())),
    };
    ConnectionHealth { name: live.name().as_ref().to_owned(), ok: problem.is_none(), problem }
}

/// What packages ask for and no grant allows, each with the grant to add.
#[utoipa::path(
    get,
    path = "/api/v1/grants/missing",
    tag = "governance",
    security(("token" = [])),
    responses(
        (status = 200, description = "What is missing; nothing if the list is empty", body = [MissingGrant]),
        (status = 401, description = "The token is missing or wrong", body = Problem)
    )
)]
pub(crate) async fn missing(State(shared): State<Shared>) -> Json<Vec<MissingGrant>> {
    Json(missing_grants(&shared))
}

/// What the services of all packages ask for and may not do.
fn missing_grants(shared: &Shared) -> Vec<MissingGrant> {
    let mut missing = Vec::new();
    for package in shared.admin.deployer.list() {
        for service in &package.services {
            let of = Asking { package: &package.package, service: &service.name };
            missing.extend(package.about.needs.iter().filter_map(|need| of.need(shared, need)));
            let deployed = shared.admin.deployer.registry().get(&service.name);
            let interfaces = deployed.as_ref().map(|deployed| deployed.interfaces()).unwrap_or_default();
            missing.extend(interfaces.iter().filter_map(|interface| of.interface(shared, interface)));
        }
    }
    missing
}

/// A service that asks for something.
struct Asking<'a> {
    package: &'a str,
    service: &'a str,
}

impl Asking<'_> {
    fn need(&self, shared: &Shared, need: &Need) -> Option<MissingGrant> {
        let granted = shared.admin.connections.granted(&need.connection, self.service);
        let lacks = |operation: &&String| !granted.as_ref().is_some_and(|all| all.allows(operation));
        let operations: Vec<String> = need.operations.iter().filter(lacks).cloned().collect();
        let (connection, defined) = (&need.connection, granted.is_some());
        (!operations.is_empty())
            .then(|| MissingGrant::new(self.package, self.service, connection, operations, defined))
    }

    /// A component that imports a capability and may use no connection of it.
    fn interface(&self, shared: &Shared, interface: &str) -> Option<MissingGrant> {
        let specs = shared.admin.control.catalog().specs();
        let spec = { specs }.find(|spec| spec.interface == interface)?;
        let connections = &shared.admin.connections;
        let may_use = |live: &Arc<LiveConnection>| {
            let granted = connections.granted(live.name(), self.service);
            granted.is_some_and(|all| spec.operations.iter().any(|operation| all.allows(operation.name)))
        };
        let table = connections.table();
        let all: Vec<_> = table.iter().filter(|live| live.capability() == spec.name).collect();
        if all.iter().any(|live| may_use(live)) {
            return None;
        }
        let connection = match all.first() {
            Some(live) => live.name().as_ref().to_owned(),
            None => format!("<a connection of type {}>", spec.name),
        };
        let operations = spec.operations.iter().map(|operation| operation.name.to_owned()).collect();
        Some(MissingGrant::new(self.package, self.service, &connection, operations, !all.is_empty()))
    }
}

/// What services did over connections since this server started.
#[utoipa::path(
    get,
    path = "/api/v1/usage",
    tag = "governance",
    security(("token" = [])),
    responses(
        (status = 200, description = "The uses, by service, connection and operation", body = [Use]),
        (status = 401, description = "The token is missing or wrong", body = Problem)
    )
)]
pub(crate) async fn usage(State(shared): State<Shared>) -> Json<Vec<Use>> {
    Json(shared.admin.connections.usage().all().into_iter().map(Use::from).collect())
}

/// Which refusals are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Only those of this service.
    #[param(example = "crm.sync")]
    service: Option<String>,
    /// Only those of this connection.
    connection: Option<String>,
    /// Only those with this correlation id.
    cid: Option<String>,
    /// Only those that were let through (`true`), or that were not (`false`).
    observed: Option<bool>,
    /// Not older than this, RFC 3339.
    since: Option<String>,
    /// At most so many; 100 when nothing is said.
    #[param(example = 100)]
    limit: Option<u32>,
}

/// What was refused on this server, or would have been, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    tag = "governance",
    security(("token" = [])),
    params(Wanted),
    responses(
        (status = 200, description = "The refusals, newest first", body = [Refusal]),
        (status = 400, description = "A parameter makes no sense", body = Problem),
        (status = 401, description = "The token is missing or wrong", body = Problem),
        (status = 500, description = "The audit file cannot be read", body = Problem)
    )
)]
pub(crate) async fn audit(
    State(shared): State<Shared>,
    Params(wanted): Params<Wanted>,
) -> Result<Json<Vec<Refusal>>, ApiError> {
    let since = wanted.since.as_deref().map(str::parse).transpose().map_err(|_error| {
        ApiError::new(StatusCode::BAD_REQUEST, "`since` has to be a time like 2026-11-24T12:00:00Z")
    })?;
    let filter = Filter {
        service: wanted.service,
        connection: wanted.connection,
        cid: wanted.cid,
        observed: wanted.observed,
        since,
        limit: wanted.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT),
    };
    let entries = shared.admin.audit.query(&filter).await.map_err(|error| {
        tracing::error!(%error, "the audit file cannot be read");
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the audit file cannot be read; the server's log says why",
        )
    })?;
    Ok(Json(entries.into_iter().map(Refusal::from).collect()))
}
