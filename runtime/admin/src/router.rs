//! All routes of the API, one list, and the OpenAPI document that is made from it.

use crate::services::Door;
use crate::token::Token;
use crate::{
    auth, definitions, governance, health, logs, packages, problem::ApiError, revisions, services, tasks,
    users,
};
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use bytes::Bytes;
use caisson_audit::Audit;
use caisson_background::Queue;
use caisson_capability::{Cid, Connections, Invoker};
use caisson_channel::{CID_HEADER, HttpOptions, Routes};
use caisson_control::inbound::InboundStates;
use caisson_control::live::Progress;
use caisson_control::{Control, Packages};
use caisson_service::Deployer;
use caisson_telemetry::{LogHub, Metrics};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Who may use `/api/`.
#[derive(Clone, Debug)]
pub enum Login {
    /// Everybody on this machine: development mode.
    Open,
    /// Whoever has the token.
    Token {
        /// The token.
        token: Token,
        /// The file that it is kept in, as it is named to those who do not have it.
        kept_in: PathBuf,
    },
}

/// What the API is about.
#[derive(Clone)]
pub struct Admin {
    /// Who may use it.
    pub login: Login,
    /// What is deployed on this server.
    pub deployer: Deployer,
    /// Deploys and undeploys, on all servers.
    pub packages: Packages,
    /// Definitions, revisions, users.
    pub control: Control,
    /// How far this server has got with the revisions.
    pub progress: Progress,
    /// How the channels are by which connections bring messages in.
    pub inbound: InboundStates,
    /// What services reach.
    pub connections: Arc<Connections>,
    /// What was refused.
    pub audit: Arc<Audit>,
    /// Calls in the background.
    pub background: Arc<Queue>,
    /// The door to services, the same as that of the other channels.
    pub invoker: Arc<dyn Invoker>,
    /// Limits for messages to services.
    pub http: HttpOptions,
    /// What `/metrics` shows.
    pub metrics: Arc<Metrics>,
    /// What services wrote.
    pub logs: Arc<LogHub>,
    /// Where services answer.
    pub listen: SocketAddr,
    /// Cancelled when the server begins to stop: it is no longer ready, and followers of the log are let go.
    pub closing: CancellationToken,
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin")
            .field("login", &self.login)
            .field("listen", &self.listen)
            .finish_non_exhaustive()
    }
}

/// What all handlers share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) admin: Arc<Admin>,
    /// The way of a message to a service and of the answer back.
    pub(crate) channel: Router,
    document: Bytes,
}

/// The API's router. Serve it with a [`Listener`](caisson_channel::Listener), which sets the limits on connections.
pub fn router(admin: Admin) -> Router {
    let (routes, document) = routes();
    let with_login = matches!(admin.login, Login::Token { .. });
    let door = Arc::new(Door { invoker: Arc::clone(&admin.invoker), with_login });
    let shared = Shared {
        channel: caisson_channel::router(door, Routes::dev(), &admin.http),
        admin: Arc::new(admin),
        // Texts can always be written as JSON.
        document: serde_json::to_vec(&document).unwrap_or_default().into(),
    };
    routes
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(shared.clone(), auth::check))
        .layer(from_fn(identify))
        .with_state(shared)
}

/// The list.
fn routes() -> (Router<Shared>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(health::version))
        .routes(routes!(packages::list))
        .routes(routes!(packages::get, packages::deploy, packages::undeploy))
        .routes(routes!(packages::history))
        .routes(routes!(packages::rollback))
        .routes(routes!(services::list))
        .routes(routes!(services::get))
        .routes(routes!(services::invoke))
        .routes(routes!(logs::logs))
        .routes(routes!(definitions::export))
        .routes(routes!(definitions::diff))
        .routes(routes!(definitions::apply))
        .routes(routes!(definitions::schema))
        .routes(routes!(definitions::section))
        .routes(routes!(governance::connections))
        .routes(routes!(governance::ping))
        .routes(routes!(governance::missing))
        .routes(routes!(governance::usage))
        .routes(routes!(governance::audit))
        .routes(routes!(tasks::list))
        .routes(routes!(tasks::remove))
        .routes(routes!(tasks::retry))
        .routes(routes!(revisions::list))
        .routes(routes!(revisions::diff))
        .routes(routes!(revisions::rollback))
        .routes(routes!(revisions::cluster))
        .routes(routes!(users::list))
        .routes(routes!(users::create, users::remove))
        .routes(routes!(openapi))
        .split_for_parts()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Caisson admin API",
        description = "Deploys packages, calls services, shows logs and health. Errors have one shape: Problem.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    modifiers(&TokenScheme),
    tags(
        (name = "health", description = "For monitoring; no login"),
        (name = "server", description = "The server itself"),
        (name = "packages", description = "What is deployed"),
        (name = "services", description = "What can be called"),
        (name = "logs", description = "What services wrote"),
        (name = "definitions", description = "Who may call, and what answers where"),
        (name = "tasks", description = "Calls in the background"),
        (name = "governance", description = "What services may use, and what they did use"),
        (name = "revisions", description = "What was changed, by whom, and how to go back"),
        (name = "users", description = "Who may use this API")
    )
)]
struct Document;

/// Describes the login.
struct TokenScheme;

impl utoipa::Modify for TokenScheme {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let description = "The token in the file admin.token of the data folder, or a user's own. Not needed in development mode.";
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description)).build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// This document.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "server",
    security(("token" = [])),
    responses(
        (status = 200, description = "The OpenAPI document of this API", body = serde_json::Value, example = json!({"openapi": "3.1.0"})),
        (status = 401, description = "The token is missing or wrong", body = crate::shapes::Problem)
    )
)]
async fn openapi(State(shared): State<Shared>) -> ([(HeaderName, &'static str); 1], Bytes) {
    ([(CONTENT_TYPE, "application/json")], shared.document.clone())
}

async fn unknown_path(request: Request) -> ApiError {
    let path = request.uri().path();
    ApiError::not_found(format!("nothing is at {path:?}; GET /api/v1/openapi.json lists what there is"))
}

async fn wrong_method(request: Request) -> ApiError {
    let (method, path) = (request.method(), request.uri().path());
    let details = format!("{path:?} does not answer {method}; GET /api/v1/openapi.json lists what there is");
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, details)
}

/// Gives every answer that has none yet a correlation id.
async fn identify(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(Cid::new().as_str()) {
        response.headers_mut().entry(CID_HEADER).or_insert(value);
    }
    response
}
