//! Health, metrics, version: what monitoring asks.

use crate::problem::ApiError;
use crate::router::Shared;
use crate::shapes::{Health, Problem, StateHealth, Version};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};

/// The format of Prometheus in its standardised form.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The process is alive.
#[utoipa::path(
    get,
    path = "/healthz/live",
    tag = "health",
    responses((status = 200, description = "The process is alive", body = Health, example = json!({"status": "live"})))
)]
pub(crate) async fn live() -> Json<Health> {
    Json(Health { status: "live".to_owned(), state: None })
}

/// Everything that was found at start answers or has been reported as broken, and the routes are in place. A server whose
/// state store is away is ready, as it serves; the answer says so.
#[utoipa::path(
    get,
    path = "/healthz/ready",
    tag = "health",
    responses(
        (status = 200, description = "Ready for traffic", body = Health, example = json!({"status": "ready", "state": {
            "connected": true, "since": "2026-11-24T12:00:00Z", "revision": 7, "live_revision": 7
        }})),
        (
            status = 503,
            description = "Not yet, or not any more",
            body = Problem,
            example = json!({
                "result": "Error", "cid": "0h2k7m3p9q4r8s1t5v6w2x0y",
                "details": "starting: not all packages are loaded yet"
            })
        )
    )
)]
pub(crate) async fn ready(State(shared): State<Shared>) -> Result<Json<Health>, ApiError> {
    let reason = if shared.admin.closing.is_cancelled() {
        "stopping: requests in flight are being finished"
    } else if !shared.admin.deployer.ready() {
        "starting: not all packages are loaded yet"
    } else {
        return Ok(Json(Health { status: "ready".to_owned(), state: Some(state(&shared)) }));
    };
    let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, reason);
    Err(error.header(RETRY_AFTER, HeaderValue::from_static("1")))
}

/// All metrics.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "health",
    responses((
        status = 200,
        description = "The metrics in the OpenMetrics text format",
        content_type = "application/openmetrics-text",
        body = String,
        example = json!("caisson_services 3\n# EOF\n")
    ))
)]
pub(crate) async fn metrics(State(shared): State<Shared>) -> ([(HeaderName, &'static str); 1], String) {
    let state = state(&shared);
    shared.admin.metrics.state(state.connected, state.revision, state.live_revision);
    ([(CONTENT_TYPE, OPEN_METRICS)], shared.admin.metrics.encode())
}

/// How the state store is, without its last error: whoever asks for health needs no login.
fn state(shared: &Shared) -> StateHealth {
    let health = shared.admin.control.store().health();
    let status = shared.admin.progress.status();
    StateHealth {
        connected: health.connected,
        since: health.since,
        revision: health.revision,
        live_revision: status.serving,
    }
}

/// What the server is and where its services answer.
#[utoipa::path(
    get,
    path = "/api/v1/version",
    tag = "server",
    security(("token" = [])),
    responses(
        (status = 200, description = "The server", body = Version),
        (status = 401, description = "The token is missing or wrong", body = Problem)
    )
)]
pub(crate) async fn version(State(shared): State<Shared>) -> Json<Version> {
    Json(Version {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        listen: shared.admin.listen.to_string(),
        dev: matches!(shared.admin.login, crate::Login::Open),
    })
}
