//! Definitions: look at them, compare, apply.

use crate::auth::Caller;
use crate::problem::ApiError;
use crate::request::{Name, read};
use crate::router::Shared;
use crate::shapes::{AppliedDefinitions, DefinitionsText, Problem, ProposedDefinitions, Submitted};
use axum::body::Body;
use axum::extract::State;
use axum::{Extension, Json};
use caisson_definition::diff::Diff;
use serde_json::Value;
use std::time::Duration;

/// How long a change waits for its revision to be live here before it is answered that it is not yet.
pub(crate) const LIVE_WAIT: Duration = Duration::from_secs(10);

/// The definitions as a file, with references in the place of secrets.
#[utoipa::path(
    get,
    path = "/api/v1/definitions",
    tag = "definitions",
    security(("token" = [])),
    responses(
        (status = 200, description = "All definitions", body = DefinitionsText),
        (status = 401, description = "The token is missing or wrong", body = Problem)
    )
)]
pub(crate) async fn export(State(shared): State<Shared>) -> Result<Json<DefinitionsText>, ApiError> {
    let (revision, text) = shared.admin.control.export()?;
    Ok(Json(DefinitionsText { revision, text }))
}

/// What definitions would change. Nothing is changed.
#[utoipa::path(
    post,
    path = "/api/v1/definitions/diff",
    tag = "definitions",
    security(("token" = [])),
    request_body(content = Submitted, content_type = "application/json"),
    responses(
        (status = 200, description = "The difference", body = ProposedDefinitions),
        (status = 400, description = "The body is malformed", body = Problem),
        (status = 401, description = "The token is missing or wrong", body = Problem),
        (status = 403, description = "The caller's role does not allow it", body = Problem),
        (status = 408, description = "The body did not arrive in time", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 422, description = "The definitions are refused, with every reason", body = Problem)
    )
)]
pub(crate) async fn diff(
    State(shared): State<Shared>,
    body: Body,
) -> Result<Json<ProposedDefinitions>, ApiError> {
    let submitted: Submitted = read(body).await?;
    let proposal = shared.admin.control.propose(submitted.submission).await?;
    let (unchanged, diff, text) = shown(&proposal.diff);
    Ok(Json(ProposedDefinitions { base: proposal.base, unchanged, diff, text, warnings: proposal.warnings }))
}

/// Makes the definitions what they are here, all at once: what is left out is taken away.
#[utoipa::path(
    post,
    path = "/api/v1/definitions/apply",
    tag = "definitions",
    security(("token" = [])),
    request_body(content = Submitted, content_type = "application/json"),
    responses(
        (status = 200, description = "They hold", body = AppliedDefinitions),
        (status = 400, description = "The body is malformed", body = Problem),
        (status = 401, description = "The token is missing or wrong", body = Problem),
        (status = 403, description = "The caller's role does not allow it", body = Problem),
        (status = 408, description = "The body did not arrive in time", body = Problem),
        (status = 409, description = "Somebody else has changed something since; the details say who and what", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 422, description = "The definitions are refused, with every reason; nothing has changed", body = Problem),
        (status = 503, description = "The state store cannot be reached", body = Problem),
        (status = 507, description = "The state store has no room left; make some, then repeat it", body = Problem)
    )
)]
pub(crate) async fn apply(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<Json<AppliedDefinitions>, ApiError> {
    let Submitted { submission, base, message } = read(body).await?;
    let message = message.unwrap_or_else(|| "apply".to_owned());
    let applied = shared.admin.control.apply(submission, base, &caller.name, &message).await?;
    let status = shared.admin.progress.clone().reached(applied.revision, LIVE_WAIT).await;
    let (unchanged, diff, text) = shown(&applied.diff);
    Ok(Json(AppliedDefinitions {
        revision: applied.revision,
        unchanged,
        live: status.revision >= applied.revision && status.problem.is_none(),
        problem: status.problem,
        diff,
        text,
        warnings: applied.warnings,
    }))
}

/// A difference in its three forms.
pub(crate) fn shown(diff: &Diff) -> (bool, Value, String) {
    // Names, texts and lists can always be written as JSON.
    (diff.is_empty(), serde_json::to_value(diff).unwrap_or_default(), diff.render())
}

/// The JSON Schema of a file of definitions, for editors.
#[utoipa::path(
    get,
    path = "/api/v1/definitions/schema",
    tag = "definitions",
    security(("token" = [])),
    responses(
        (status = 200, description = "The schema", body = serde_json::Value, example = json!({"type": "object"})),
        (status = 401, description = "The token is missing or wrong", body = Problem)
    )
)]
pub(crate) async fn schema(State(shared): State<Shared>) -> Json<Value> {
    Json(caisson_definition::schema::schema(shared.admin.control.catalog()))
}

/// The definitions of one section, in their order, with references in the place of secrets.
#[utoipa::path(
    get,
    path = "/api/v1/definitions/sections/{name}",
    tag = "definitions",
    security(("token" = [])),
    params(("name" = String, Path, description = "security, connections, channels, grants or limits", example = "channels")),
    responses(
        (status = 200, description = "The definitions", body = [serde_json::Value]),
        (status = 401, description = "The token is missing or wrong", body = Problem),
        (status = 404, description = "There is no such section", body = Problem)
    )
)]
pub(crate) async fn section(
    State(shared): State<Shared>,
    Name(name): Name,
) -> Result<Json<Vec<Value>>, ApiError> {
    let mut section = shared.admin.control.section(&name)?;
    if name == "channels" {
        section.iter_mut().for_each(|channel| with_status(channel, &shared));
    }
    Ok(Json(section))
}

/// Says of a channel by which messages come in how it is on this server.
fn with_status(channel: &mut Value, shared: &Shared) {
    let name = channel.get("name").and_then(Value::as_str).unwrap_or_default();
    let Some(status) = shared.admin.inbound.get(name) else { return };
    if let Some(fields) = channel.as_object_mut() {
        let status = match status.problem {
            None => Value::from("running"),
            Some(problem) => Value::from(problem),
        };
        fields.insert("$status".to_owned(), status);
    }
}
