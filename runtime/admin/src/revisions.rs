//! Revisions: what was changed, by whom, and going back. The servers that share them.

use crate::auth::Caller;
use crate::definitions::{LIVE_WAIT, shown};
use crate::problem::ApiError;
use crate::request::{Number, Params};
use crate::router::Shared;
use crate::shapes::{ClusterView, Member, Problem, ProposedDefinitions, RevisionEntry};
use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::IntoParams;

/// Most revisions in one answer.
const MAX_LISTED: usize = 1_000;

/// Which revisions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listing {
    /// Only those before this one.
    before: Option<u64>,
    /// At most this many; 50 when left out, at most 1000.
    limit: Option<usize>,
}

/// What a rollback was made for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Base {
    /// The revision that the caller has seen. Given, the rollback is refused when anything has changed since.
    base: Option<u64>,
}

/// Revisions, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/revisions",
    tag = "revisions",
    security(("token" = [])),
    params(Listing),
    responses(
        (status = 200, description = "Revisions, newest first", body = [RevisionEntry]),
        (status = 400, description = "The query is malformed", body = Problem),
        (status = 401, description = "The token is missing or wrong", body = Problem),
        (status = 503, description = "The state store cannot be reached", body = Problem)
    )
)]
pub(crate) async fn list(
    State(shared): State<Shared>,
    Params(listing): Params<Listing>,
) -> Result<Json<Vec<RevisionEntry>>, ApiError> {
    let limit = listing.limit.unwrap_or(50).clamp(1, MAX_LISTED);
    let revisions = shared.admin.control.history(listing.before, limit).await?;
    Ok(Json(revisions.into_iter().map(RevisionEntry::from).collect()))
}

/// What a revision changed in the definitions.
#[utoipa::path(
    get,
    path = "/api/v1/revisions/{revision}",
    tag = "revisions",
    security(("token" = [])),
    params(("revision" = u64, Path, description = "Number of the revision", example = 3)),
    responses(
        (status = 200, description = "The difference to the revision before it", body = ProposedDefinitions),
        (status = 400, description = "That is no number", body = Problem),
        (status = 401, description = "The token is missing or wrong", body = Problem),
        (status = 404, description = "There is no such revision, or it is no longer kept", body = Problem),
        (status = 503, description = "The state store cannot be reached", body = Problem)
    )
)]
pub(crate) async fn diff(
    State(shared): State<Shared>,
    Number(revision): Number,
) -> Result<Json<ProposedDefinitions>, ApiError> {
    let diff = shared.admin.control.diff_of(revision).await?;
    let (unchanged, diff, text) = shown(&diff);
    let base = revision.saturating_sub(1);
    Ok(Json(ProposedDefinitions { base, unchanged, diff, text, warnings: Vec::new() }))
}

/// Makes the definitions what they were at a revision. It is a change of its own and can be rolled back too.
#[utoipa::path(
    post,
    path = "/api/v1/revisions/{revision}/rollback",
    tag = "revisions",
    security(("token" = [])),
    params(("revision" = u64, Path, description = "Number of the revision", example = 3), Base),
    responses(
        (status = 200, description = "The new revision", body = RevisionEntry),
        (status = 400, description = "That is no number", body = Problem),
        (status = 401, description = "The token is missing or wrong", body = Problem),
        (status = 403, description = "The caller's role does not allow it", body = Problem),
        (status = 404, description = "There is no such revision, or it is no longer kept", body = Problem),
        (status = 409, description = "Somebody else has changed something since", body = Problem),
        (status = 503, description = "The state store cannot be reached", body = Problem),
        (status = 507, description = "The state store has no room left; make some, then repeat it", body = Problem)
    )
)]
pub(crate) async fn rollback(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Number(revision): Number,
    Params(base): Params<Base>,
) -> Result<Json<RevisionEntry>, ApiError> {
    let made = shared.admin.control.rollback(revision, base.base, &caller.name).await?;
    shared.admin.progress.clone().reached(made.revision, LIVE_WAIT).await;
    Ok(Json(made.into()))
}

/// The state store, and the servers that share it.
#[utoipa::path(
    get,
    path = "/api/v1/cluster",
    tag = "revisions",
    security(("token" = [])),
    responses(
        (status = 200, description = "The cluster as this server sees it", body = ClusterView),
        (status = 401, description = "The token is missing or wrong", body = Problem)
    )
)]
pub(crate) async fn cluster(State(shared): State<Shared>) -> Json<ClusterView> {
    let store = shared.admin.control.store();
    let (health, status) = (store.health(), shared.admin.progress.status());
    // Without the store nobody can say who else is there; that it is away is part of the answer, and known without asking it.
    let members = if health.connected { store.members().await.unwrap_or_default() } else { Vec::new() };
    let member = |one: caisson_cluster::MemberStatus| Member {
        lag: health.revision.saturating_sub(one.revision),
        node: one.node,
        listen: one.listen,
        admin: one.admin,
        version: one.version,
        revision: one.revision,
        joined_at: one.joined_at,
    };
    Json(ClusterView {
        revision: health.revision,
        live: status.revision,
        problem: status.problem,
        connected: health.connected,
        since: health.since.clone(),
        last_error: health.last_error.clone(),
        members: members.into_iter().map(member).collect(),
    })
}
