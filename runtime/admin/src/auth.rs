//! Who may use the API: whoever has the token, and in development mode whoever sits at the machine.

use crate::problem::ApiError;
use crate::router::{Login, Shared};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderValue, ORIGIN, WWW_AUTHENTICATE};
use http::{StatusCode, Uri};
use std::net::IpAddr;
use std::path::Path;

/// Everything below this needs to pass. A new route under it is closed without anybody having to think of it.
const CLOSED: &str = "/api/";

/// Tells our own challenge from one of a service that is invoked.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"caisson-admin\"");

/// Lets a request pass or answers it.
pub(crate) async fn check(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let closed = request.uri().path().starts_with(CLOSED);
    let allowed = match &shared.admin.login {
        _ if !closed => Ok(()),
        Login::Open => at_the_machine(request.headers(), request.uri()),
        Login::Token { token, kept_in } => match bearer(request.headers()) {
            Some(given) if token.matches(given) => Ok(()),
            given => Err(refusal(given.is_some(), kept_in)),
        },
    };
    match allowed {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn refusal(given: bool, kept_in: &Path) -> ApiError {
    let what =
        if given { "this is not the admin token" } else { "this needs Authorization: Bearer <admin token>" };
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
