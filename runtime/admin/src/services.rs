//! Services: what can be called, and calling it.

use crate::auth::Caller;
use crate::problem::ApiError;
use crate::request::Name;
use crate::router::Shared;
use crate::shapes::{Problem, Service};
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use caisson_capability::{BoxFuture, ChannelInfo, Error, Invocation, Invoker, Principal};
use http::Uri;
use http::header::AUTHORIZATION;
use std::sync::Arc;
use tower::ServiceExt as _;

/// Name of the channel that messages through this API come by, and of what vouches for who sends them.
const CHANNEL: &str = "admin";

tokio::task_local! {
    /// Who sends the message that this task handles: the channel in between knows nothing of users.
    static CALLER: Option<Arc<str>>;
}

/// All services that can be called, sorted by name.
#[utoipa::path(
    get,
    path = "/api/v1/services",
    tag = "services",
    security(("token" = [])),
    responses(
        (status = 200, description = "All services, sorted by name", body = [Service]),
        (status = 401, description = "The token is missing or wrong", body = Problem)
    )
)]
pub(crate) async fn list(State(shared): State<Shared>) -> Json<Vec<Service>> {
    let mut services: Vec<Service> =
        shared.admin.deployer.list().into_iter().flat_map(Service::all_of).collect();
    services.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Json(services)
}

/// One service, with what it declares to take and to answer.
#[utoipa::path(
    get,
    path = "/api/v1/services/{name}",
    tag = "services",
    security(("token" = [])),
    params(("name" = String, Path, description = "Name of the service", example = "hello.hello-world")),
    responses(
        (status = 200, description = "The service", body = Service),
        (status = 400, description = "The name is not UTF-8", body = Problem),
        (status = 401, description = "The token is missing or wrong", body = Problem),
        (status = 404, description = "There is no such service", body = Problem)
    )
)]
pub(crate) async fn get(State(shared): State<Shared>, Name(name): Name) -> Result<Json<Service>, ApiError> {
    let mut all = shared.admin.deployer.list().into_iter().flat_map(Service::all_of);
    let found = all.find(|service| service.name == name).map(Json);
    found.ok_or_else(|| {
        ApiError::not_found(format!("no service is called {name:?}; `caisson ls services` lists them"))
    })
}

/// Sends a message to a service and answers what it answers: status, headers and body.
///
/// The query and all headers but `Authorization` reach the service as they do on any HTTP channel.
#[utoipa::path(
    post,
    path = "/api/v1/services/{name}/invoke",
    tag = "services",
    security(("token" = [])),
    params(("name" = String, Path, description = "Name of the service", example = "hello.hello-world")),
    request_body(
        description = "The message, in whatever form the service reads",
        content((serde_json::Value = "application/json", example = json!({"name": "Ada"})))
    ),
    responses(
        (
            status = 200,
            description = "What the service answered; it may choose any other status too",
            content_type = "*/*",
            body = serde_json::Value,
            example = json!({"greeting": "Hello, Ada"})
        ),
        (status = 401, description = "The token is missing or wrong", body = Problem),
        (status = 403, description = "The caller's role does not allow it", body = Problem),
        (status = 404, description = "There is no such service", body = Problem),
        (status = 500, description = "The service failed; `caisson logs --cid` shows why", body = Problem),
        (status = 503, description = "Too busy, or the server is starting", body = Problem)
    )
)]
pub(crate) async fn invoke(State(shared): State<Shared>, mut request: Request) -> Response {
    match service_uri(request.uri()) {
        Some(uri) => *request.uri_mut() = uri,
        None => return ApiError::not_found("there is no service without a name").into_response(),
    }
    // The admin token is nothing that a service may see.
    request.headers_mut().remove(AUTHORIZATION);
    let caller = request.extensions_mut().remove::<Caller>().map(|caller| caller.name);
    match CALLER.scope(caller, shared.channel.clone().oneshot(request)).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// The path under which the channel knows the service that is invoked, with its name as it was encoded.
fn service_uri(uri: &Uri) -> Option<Uri> {
    let name = uri.path().strip_prefix("/api/v1/services/")?.strip_suffix("/invoke")?;
    if name.is_empty() {
        return None;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("/services/{name}{query}").parse().ok()
}

/// The door that messages through this API go by: as every other, but the channel says where they came from.
pub(crate) struct Door {
    pub(crate) invoker: Arc<dyn Invoker>,
    pub(crate) with_login: bool,
}

impl Invoker for Door {
    fn invoke(
        &self,
        mut invocation: Invocation,
    ) -> BoxFuture<'_, Result<caisson_capability::Response, Error>> {
        invocation.channel = ChannelInfo::plain(CHANNEL);
        let caller = CALLER.try_with(Clone::clone).ok().flatten().filter(|_| self.with_login);
        invocation.principal = caller.map(|name| Arc::new(Principal::new(name, CHANNEL, CHANNEL)));
        self.invoker.invoke(invocation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_encoded_and_queries_stay() {
        let moved = |path: &str| service_uri(&path.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(moved("/api/v1/services/a.b/invoke").as_deref(), Some("/services/a.b"));
        assert_eq!(
            moved("/api/v1/services/a%2Fb/invoke?x=1&x=2").as_deref(),
            Some("/services/a%2Fb?x=1&x=2")
        );
        assert_eq!(moved("/api/v1/services//invoke"), None);
    }
}
