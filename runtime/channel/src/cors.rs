//! The CORS protocol of the Fetch standard: which web pages of other origins may call a channel.

use crate::routes::Methods;
use caisson_capability::{Field, Response};
use caisson_definition::model::Cors;
use http::HeaderMap;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, HeaderName, ORIGIN, VARY,
};

fn field(name: &HeaderName, value: impl Into<String>) -> Field {
    (name.as_str().to_owned(), value.into())
}

/// Whether one origin is answered like any other.
fn is_for_all(cors: &Cors) -> bool {
    !cors.credentials && cors.origins.iter().any(|origin| origin == "*")
}

/// What `Access-Control-Allow-Origin` says; nothing if the request is not from a page, or from one that may not call.
fn allowed_origin(cors: &Cors, headers: &HeaderMap) -> Option<String> {
    let origin = headers.get(ORIGIN)?.to_str().ok()?;
    if is_for_all(cors) {
        return Some("*".to_owned());
    }
    // `*` together with credentials would let every page act as whoever looks at it; it counts for nothing then.
    cors.origins.iter().any(|allowed| allowed == origin && allowed != "*").then(|| origin.to_owned())
}

/// The answer to a page that asks whether it may call. A page that may not is told nothing.
pub(crate) fn preflight(cors: &Cors, methods: Methods, headers: &HeaderMap) -> Response {
    let mut fields =
        vec![field(&VARY, "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")];
    if let Some(origin) = allowed_origin(cors, headers) {
        fields.push(field(&ACCESS_CONTROL_ALLOW_ORIGIN, origin));
        fields.push(field(&ACCESS_CONTROL_ALLOW_METHODS, methods.names()));
        fields.push(field(&ACCESS_CONTROL_MAX_AGE, cors.max_age_secs.to_string()));
        if cors.credentials {
            fields.push(field(&ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"));
        }
        // A literal `*` would not cover `Authorization`, so what was asked for is said instead.
        let asked = headers.get(ACCESS_CONTROL_REQUEST_HEADERS).and_then(|value| value.to_str().ok());
        let names = if cors.headers.iter().any(|name| name == "*") {
            asked.unwrap_or_default().to_owned()
        } else {
            cors.headers.join(", ")
        };
        if !names.is_empty() {
            fields.push(field(&ACCESS_CONTROL_ALLOW_HEADERS, names));
        }
    }
    Response { status: 204, headers: fields, ..Response::default() }
}

/// What is put on every answer of a channel, errors as well.
pub(crate) fn fields(cors: &Cors, headers: &HeaderMap) -> Vec<Field> {
    let mut fields = Vec::new();
    if !is_for_all(cors) {
        fields.push(field(&VARY, "Origin"));
    }
    if let Some(origin) = allowed_origin(cors, headers) {
        fields.push(field(&ACCESS_CONTROL_ALLOW_ORIGIN, origin));
        if cors.credentials {
            fields.push(field(&ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"));
        }
        if !cors.expose.is_empty() {
            fields.push(field(&ACCESS_CONTROL_EXPOSE_HEADERS, cors.expose.join(", ")));
        }
    }
    fields
}

/// Puts the fields on an answer. The operator's word counts: what a service says about CORS itself is dropped.
pub(crate) fn put(fields: &[Field], headers: &mut Vec<Field>) {
    headers.retain(|(name, _)| {
        let prefix = name.get(.."access-control-".len());
        !prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case("access-control-"))
    });
    headers.extend_from_slice(fields);
}
