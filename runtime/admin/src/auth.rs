//! Who may use the API: whoever has the token, and in development mode whoever sits at the machine.

use crate::problem::ApiError;
use crate::router::{Login, Shared};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use caisson_control::Role;
use http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderValue, ORIGIN, WWW_AUTHENTICATE};
use http::{Method, StatusCode, Uri};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

/// Everything below this needs to pass. A new route under it is closed without anybody having to think of it.
const CLOSED: &str = "/api/";

/// Tells our own challenge from one of a service that is invoked.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"caisson-admin\"");

/// Lets a request pass or answers it.
pub(crate) async fn check(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with(CLOSED) {
        return next.run(request).await;
    }
    let caller = caller(&shared, request.headers(), request.uri());
    match caller.and_then(|caller| caller.allowed(request.method(), request.uri().path())) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(error) => error.into_response(),
    }
}

/// Who calls, and as what.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// What changes are recorded under.
    pub(crate) name: Arc<str>,
    role: Role,
}

impl Caller {
    fn new(name: &str, role: Role) -> Self {
        Self { name: name.into(), role }
    }

    fn allowed(self, method: &Method, path: &str) -> Result<Self, ApiError> {
        let needed = needed(method, path);
        if self.role >= needed {
            return Ok(self);
        }
        let details =
            format!("{} has the role {}, and this needs {}", self.name, self.role.as_str(), needed.as_str());
        Err(ApiError::new(StatusCode::FORBIDDEN, details))
    }
}

/// The role that a request needs. What is not named here needs the highest, so that a new route is closed until somebody
/// has thought of it.
fn needed(method: &Method, path: &str) -> Role {
    let rest = path.strip_prefix("/api/v1/").unwrap_or_default();
    let section = rest.split('/').next().unwrap_or_default();
    match section {
        "users" => Role::Admin,
        _ if *method == Method::GET || *method == Method::HEAD => Role::Viewer,
        "packages" | "services" => Role::Deployer,
        // Also for a mere look at the difference: it would tell whether a guessed password is the right one.
        "definitions" | "revisions" | "connections" | "tasks" => Role::Operator,
        _ => Role::Admin,
    }
}

fn caller(shared: &Shared, headers: &HeaderMap, uri: &Uri) -> Result<Caller, ApiError> {
    let (token, kept_in) = match &shared.admin.login {
        Login::Open => return at_the_machine(headers, uri).map(|()| Caller::new("dev", Role::Admin)),
        Login::Token { token, kept_in } => (token, kept_in),
    };
    let given = bearer(headers).ok_or_else(|| refusal(false, kept_in))?;
    if token.matches(given) {
        return Ok(Caller::new("admin", Role::Admin));
    }
    let user = shared.admin.control.users().by_token(given);
    user.map(|user| Caller::new(&user.name, user.role)).ok_or_else(|| refusal(true, kept_in))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn refusal(given: bool, kept_in: &Path) -> ApiError {
    let what = if given {
        "this is not the admin token, nor that of a user"
    } else {
        "this needs Authorization: Bearer <admin token>"
    };
    let details = format!("{what}; on the server it is in {}", kept_in.display());
    ApiError::new(StatusCode::UNAUTHORIZED, details).header(WWW_AUTHENTICATE, CHALLENGE)
}

/// Without a token, a web page that the developer happens to visit could deploy code: its scripts run on this machine
/// and reach this port. A browser says which site a request comes from (`Origin`), and a site that has its own name
/// resolve to this machine gives itself away in `Host`.
fn at_the_machine(headers: &HeaderMap, uri: &Uri) -> Result<(), ApiError> {
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
    let host = text(HOST).or_else(|| uri.authority().map(http::uri::Authority::as_str));
    let refused = |what: &str| {
        let details = format!("{what}; development mode answers only requests made on this machine itself");
        Err(ApiError::new(StatusCode::FORBIDDEN, details))
    };
    match host {
        Some(host) if !is_loopback(host) => return refused(&format!("the request was made to {host:?}")),
        _ => {}
    }
    match text(ORIGIN) {
        Some(origin) if origin.strip_prefix("http://") != host => {
            refused(&format!("the request comes from the web site {origin:?}"))
        }
        _ => Ok(()),
    }
}

/// Whether an authority (`host[:port]`) names this machine in a way that nobody else can arrange.
fn is_loopback(authority: &str) -> bool {
    let Ok(authority) = authority.parse::<http::uri::Authority>() else { return false };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(host: Option<&str>, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in [(HOST, host), (ORIGIN, origin)] {
            if let Some(value) = value {
                headers.insert(name, HeaderValue::from_str(value).unwrap());
            }
        }
        at_the_machine(&headers, &Uri::from_static("/api/v1/version")).is_ok()
    }

    #[test]
    fn development_mode_is_for_this_machine_only() {
        assert!(allowed(Some("127.0.0.1:8183"), None));
        assert!(allowed(Some("localhost"), None));
        assert!(allowed(Some("[::1]:8183"), None));
        assert!(allowed(Some("localhost:8183"), Some("http://localhost:8183")), "the web admin itself");
        assert!(!allowed(Some("evil.example:8183"), None), "a name that was made to resolve to this machine");
        assert!(!allowed(Some("localhost:8183"), Some("http://evil.example")));
        assert!(!allowed(Some("localhost:8183"), Some("null")), "a page from a file");
        assert!(!allowed(Some("localhost:8183"), Some("http://localhost:3000")), "another program's page");
        assert!(!allowed(Some("localhost.evil.example"), None));
        assert!(!allowed(Some("not a host"), None));
    }

    #[test]
    fn what_nobody_has_thought_of_needs_an_admin() {
        let needs = |method, path| needed(&method, path);
        assert_eq!(needs(Method::GET, "/api/v1/packages"), Role::Viewer);
        assert_eq!(needs(Method::GET, "/api/v1/users"), Role::Admin);
        assert_eq!(needs(Method::PUT, "/api/v1/packages/a"), Role::Deployer);
        assert_eq!(needs(Method::POST, "/api/v1/services/a/invoke"), Role::Deployer);
        assert_eq!(needs(Method::POST, "/api/v1/definitions/diff"), Role::Operator);
        assert_eq!(needs(Method::POST, "/api/v1/revisions/3/rollback"), Role::Operator);
        assert_eq!(needs(Method::DELETE, "/api/v1/tasks/1"), Role::Operator);
        assert_eq!(needs(Method::POST, "/api/v1/something"), Role::Admin);
        assert_eq!(needs(Method::POST, "/api/v2/definitions"), Role::Admin);
    }

    #[test]
    fn the_scheme_is_read_as_http_says() {
        let mut headers = HeaderMap::new();
        assert_eq!(bearer(&headers), None);
        for (value, token) in
            [("Bearer abc", Some("abc")), ("bearer  abc ", Some("abc")), ("Basic abc", None), ("abc", None)]
        {
            headers.insert(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
            assert_eq!(bearer(&headers), token, "{value}");
        }
    }
}
