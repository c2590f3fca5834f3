//! The headers of a request: the operator's, the service's, and those that are the host's alone.

use crate::error::unfit;
use caisson_capability::{Error, ErrorKind, Fault, Field, Invocation};
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// What frames a message or speaks to the next hop. hyper writes these itself; two opinions on them are how requests are smuggled.
const FRAMING: &[&str] = &[
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "te",
    "trailer",
    "upgrade",
    "keep-alive",
    "expect",
    "http2-settings",
    "x-caisson-cid",
];

/// What goes along to another origin. Anything else may be a secret by another name.
const TRAVELS: &[&str] = &[
    "accept",
    "accept-encoding",
    "accept-language",
    "content-type",
    "traceparent",
    "tracestate",
    "user-agent",
    "x-caisson-cid",
];

/// Whether a name is the host's.
pub(crate) fn reserved(name: &HeaderName) -> bool {
    FRAMING.contains(&name.as_str()) || name.as_str().starts_with("proxy-")
}

/// Adds what a service gave to the operator's headers.
pub(crate) fn merge(all: &mut HeaderMap, own: &[Field], secret: Option<&HeaderName>) -> Result<(), Error> {
    let mut replaced: Vec<HeaderName> = Vec::new();
    for (name, value) in own {
        let shown: String = name.chars().take(120).collect();
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| unfit(format!("`{}` is no name of a header", shown.escape_debug())))?;
        if reserved(&name) || secret == Some(&name) {
            let text = format!("the header `{name}` is set by the host: leave it out");
            return Err(Error::new(ErrorKind::AccessDenied, text).fault(Fault::Service));
        }
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
            unfit(format!("the value of the header `{name}` holds a line end or another control character"))
        })?;
        if replaced.contains(&name) {
            all.append(name, value);
        } else {
            all.insert(name.clone(), value);
            replaced.push(name);
        }
    }
    Ok(())
}

/// Adds what the host says of each request.
pub(crate) fn stamp(all: &mut HeaderMap, invocation: &Invocation, compression: bool) {
    let mut absent = |name: HeaderName, value: &str| {
        if let (false, Ok(value)) = (all.contains_key(&name), HeaderValue::from_str(value)) {
            all.insert(name, value);
        }
    };
    absent(HeaderName::from_static("x-caisson-cid"), invocation.cid.as_str());
    if let Some(parent) = &invocation.trace.traceparent {
        absent(HeaderName::from_static("traceparent"), parent);
    }
    if let Some(state) = &invocation.trace.tracestate {
        absent(HeaderName::from_static("tracestate"), state);
    }
    absent(header::USER_AGENT, concat!("caisson/", env!("CARGO_PKG_VERSION")));
    if compression {
        absent(header::ACCEPT_ENCODING, "gzip, br, zstd");
    }
}

/// Leaves only what may go to another origin.
pub(crate) fn abroad(all: &HeaderMap) -> HeaderMap {
    all.iter()
        .filter(|(name, _)| TRAVELS.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
