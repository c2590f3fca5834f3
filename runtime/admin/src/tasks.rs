//! Calls in the background: which wait, which have failed, and what is to become of those.

use crate::problem::ApiError;
use crate::request::{Number, Params};
use crate::router::Shared;
use crate::shapes::{Problem, Task, TaskState};
use axum::Json;
use axum::extract::State;
use caisson_background::Filter;
use caisson_capability::Error;
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

/// Entries that are given when nothing is said.
const DEFAULT_LIMIT: u32 = 100;

/// Most entries of one answer.
const MAX_LIMIT: u32 = 10_000;

/// Which calls are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Only those in this state.
    state: Option<TaskState>,
    /// Only those of this service.
    #[param(example = "crm.sync")]
    service: Option<String>,
    /// At most so many; 100 when nothing is said.
    #[param(example = 100)]
    limit: Option<u32>,
}

/// Calls in the background that this server keeps, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/tasks",
    tag = "tasks",
    security(("token" = [])),
    params(Wanted),
    responses(
        (status = 200, description = "The calls, newest first", body = [Task]),
        (status = 400, description = "A parameter makes no sense", body = Problem),
        (status = 401, description = "The token is missing or wrong", body = Problem),
        (status = 503, description = "The file of calls cannot be read", body = Problem)
    )
)]
pub(crate) async fn list(
    State(shared): State<Shared>,
    Params(wanted): Params<Wanted>,
) -> Result<Json<Vec<Task>>, ApiError> {
    let filter = Filter {
        state: wanted.state.map(Into::into),
        service: wanted.service,
        limit: wanted.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT),
    };
    let entries = shared.admin.background.list(&filter).await.map_err(away)?;
    Ok(Json(entries.into_iter().map(Task::from).collect()))
}

/// Makes a call that has failed once more.
#[utoipa::path(
    post,
    path = "/api/v1/tasks/{id}/retry",
    tag = "tasks",
    security(("token" = [])),
    params(("id" = u64, Path, description = "Number of the call", example = 7)),
    responses(
        (status = 204, description = "It waits for its turn"),
        (status = 400, description = "That is no number", body = Problem),
        (status = 401, description = "The token is missing or wrong", body = Problem),
        (status = 403, description = "The caller's role does not allow it", body = Problem),
        (status = 404, description = "No call of this number has failed", body = Problem),
        (status = 503, description = "The file of calls cannot be written", body = Problem)
    )
)]
pub(crate) async fn retry(State(shared): State<Shared>, Number(id): Number) -> Result<StatusCode, ApiError> {
    let found = shared.admin.background.retry(id).await.map_err(away)?;
    done(found, || format!("no call in the background has the number {id} and has failed"))
}

/// Removes a call that waits or has failed.
#[utoipa::path(
    delete,
    path = "/api/v1/tasks/{id}",
    tag = "tasks",
    security(("token" = [])),
    params(("id" = u64, Path, description = "Number of the call", example = 7)),
    responses(
        (status = 204, description = "It is gone"),
        (status = 400, description = "That is no number", body = Problem),
        (status = 401, description = "The token is missing or wrong", body = Problem),
        (status = 403, description = "The caller's role does not allow it", body = Problem),
        (status = 404, description = "No call that can be removed has this number", body = Problem),
        (status = 503, description = "The file of calls cannot be written", body = Problem)
    )
)]
pub(crate) async fn remove(State(shared): State<Shared>, Number(id): Number) -> Result<StatusCode, ApiError> {
    let found = shared.admin.background.remove(id).await.map_err(away)?;
    done(found, || {
        format!("no call in the background has the number {id}, is not being made, and belongs to no group")
    })
}

fn done(found: bool, otherwise: impl FnOnce() -> String) -> Result<StatusCode, ApiError> {
    if found { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::not_found(otherwise())) }
}

fn away(error: Error) -> ApiError {
    tracing::error!(%error, detail = error.detail, "the file of calls in the background cannot be used");
    ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "the file of calls in the background cannot be used now; the server's log says why",
    )
}
