//! Users of this API.

use crate::auth::Caller;
use crate::problem::ApiError;
use crate::request::{Name, read};
use crate::router::Shared;
use crate::shapes::{MadeUser, NewUser, Problem, UserEntry};
use axum::body::Body;
use axum::extract::State;
use axum::{Extension, Json};
use http::StatusCode;

/// All users, sorted by name.
#[utoipa::path(
    get,
    path = "/api/v1/users",
    tag = "users",
    security(("token" = [])),
    responses(
        (status = 200, description = "All users", body = [UserEntry]),
        (status = 401, description = "The token is missing or wrong", body = Problem),
        (status = 403, description = "The caller's role does not allow it", body = Problem)
    )
)]
pub(crate) async fn list(State(shared): State<Shared>) -> Json<Vec<UserEntry>> {
    Json(shared.admin.control.users().list().into_iter().map(UserEntry::from).collect())
}

/// Makes a user. The answer has the token, which is shown this once.
#[utoipa::path(
    put,
    path = "/api/v1/users/{name}",
    tag = "users",
    security(("token" = [])),
    params(("name" = String, Path, description = "Name of the user", example = "ann")),
    request_body(content = NewUser, content_type = "application/json"),
    responses(
        (status = 201, description = "The user and the token", body = MadeUser),
        (status = 400, description = "The body is malformed", body = Problem),
        (status = 401, description = "The token is missing or wrong", body = Problem),
        (status = 403, description = "The caller's role does not allow it", body = Problem),
        (status = 408, description = "The body did not arrive in time", body = Problem),
        (status = 409, description = "There is a user of this name", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 422, description = "The name or the role cannot be used", body = Problem),
        (status = 503, description = "The state store cannot be reached", body = Problem),
        (status = 507, description = "The state store has no room left; make some, then repeat it", body = Problem)
    )
)]
pub(crate) async fn create(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
    body: Body,
) -> Result<(StatusCode, Json<MadeUser>), ApiError> {
    let new: NewUser = read(body).await?;
    let role =
        new.role.parse().map_err(|text: String| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, text))?;
    let (user, token) = shared.admin.control.users().create(&name, role, &caller.name).await?;
    Ok((StatusCode::CREATED, Json(MadeUser { user: user.into(), token })))
}

/// Takes a user away, and the token with it.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{name}",
    tag = "users",
    security(("token" = [])),
    params(("name" = String, Path, description = "Name of the user", example = "ann")),
    responses(
        (status = 204, description = "The user is gone"),
        (status = 401, description = "The token is missing or wrong", body = Problem),
        (status = 403, description = "The caller's role does not allow it", body = Problem),
        (status = 404, description = "There is none of this name", body = Problem),
        (status = 503, description = "The state store cannot be reached", body = Problem),
        (status = 507, description = "The state store has no room left; make some, then repeat it", body = Problem)
    )
)]
pub(crate) async fn remove(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
) -> Result<StatusCode, ApiError> {
    shared.admin.control.users().remove(&name, &caller.name).await?;
    Ok(StatusCode::NO_CONTENT)
}
