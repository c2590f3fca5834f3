//! The description of a channel, at `?wsdl`: what the operator wrote, or else what is known of it.
//!
//! A WSDL that is made here says which operations there are and where; what is within them is what their services declare, and
//! anything where they declare nothing.

use super::Endpoint;
use super::typed::fields;
use crate::headers;
use crate::layers::Outcome;
use bytes::Bytes;
use caisson_capability::{Describe, Error, ErrorKind, Response};
use caisson_soap::names::is_name;
use caisson_soap::wsdl::{Operation, Service, write};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderName};
use http::request;
use http::uri::Authority;

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The operation of a channel that names none: its service answers all.
const ANY: &str = "Invoke";

/// Whether a query asks for the description.
pub(super) fn is_wanted(query: Option<&str>) -> bool {
    let first = query.unwrap_or_default().split(['&', '=']).next().unwrap_or_default();
    first.eq_ignore_ascii_case("wsdl")
}

/// The description.
pub(super) fn serve(endpoint: &Endpoint, services: Option<&dyn Describe>, head: &request::Parts) -> Outcome {
    let body = match &endpoint.wsdl {
        Some(written) => written.clone(),
        None => Bytes::from(write(&described(endpoint, services, address(head))).map_err(unwritable)?),
    };
    let header = |name: HeaderName, value: &str| (name.as_str().to_owned(), value.to_owned());
    // The address in it is that which this client has used.
    let headers = vec![header(CONTENT_TYPE, "text/xml; charset=utf-8"), header(CACHE_CONTROL, "no-cache")];
    Ok(Response { status: 200, headers, body: body.into(), ..Response::default() })
}

fn unwritable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Internal, "internal error")
        .detail("no WSDL can be made of the channel")
        .source(error)
}

fn described(endpoint: &Endpoint, services: Option<&dyn Describe>, address: String) -> Service {
    let name = if is_name(&endpoint.name) { endpoint.name.clone() } else { format!("_{}", endpoint.name) };
    let namespace = endpoint.namespace.clone().unwrap_or_else(|| format!("urn:{}", endpoint.name));
    let named: Vec<&str> = endpoint.operations.keys().map(String::as_str).collect();
    let names = if named.is_empty() { vec![ANY] } else { named };
    let operation = |name: &str| {
        let service = endpoint.operations.get(name).or(endpoint.service.as_ref());
        let description = service.and_then(|service| services?.describe(service)).unwrap_or_default();
        let schemas = &description.schemas;
        Operation {
            name: name.to_owned(),
            soap_action: action(&namespace, name),
            input: schemas.input.as_deref().and_then(fields),
            output: schemas.output.as_deref().and_then(fields),
        }
    };
    Service {
        name,
        operations: names.into_iter().map(operation).collect(),
        namespace: namespace.clone(),
        endpoint: address,
        versions: endpoint.versions().to_vec(),
    }
}

fn action(namespace: &str, operation: &str) -> String {
    let ends = namespace.ends_with(['/', '#', ':']);
    format!("{namespace}{}{operation}", if ends { "" } else { "#" })
}

/// Where the client has found the channel. What it says itself is believed, as it is only told to itself.
fn address(head: &request::Parts) -> String {
    let text = |name: HeaderName| head.headers.get(name).map(headers::text);
    let named = text(HOST).and_then(|host| host.parse::<Authority>().ok());
    let authority = named.or_else(|| head.uri.authority().cloned());
    let host = authority.map_or_else(|| "localhost".to_owned(), |authority| authority.to_string());
    let forwarded = text(FORWARDED_PROTO);
    let forwarded = forwarded.as_deref().and_then(|text| text.split(',').next()).map(str::trim);
    let secure =
        forwarded.or(head.uri.scheme_str()).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    format!("{}://{host}{}", if secure { "https" } else { "http" }, head.uri.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_spelling_of_the_query_asks_for_it_and_nothing_else() {
        for (query, wanted) in [
            (Some("wsdl"), true),
            (Some("WSDL"), true),
            (Some("wsdl=1"), true),
            (Some("wsdl&x=1"), true),
            (Some("x=wsdl"), false),
            (Some("wsdls"), false),
            (Some(""), false),
            (None, false),
        ] {
            assert_eq!(is_wanted(query), wanted, "{query:?}");
        }
    }

    #[test]
    fn the_address_is_where_the_client_has_found_it() {
        for (uri, headers, expected) in [
            ("/a?wsdl", vec![("host", "h:8")], "http://h:8/a"),
            ("https://h/a", vec![], "https://h/a"),
            ("/a", vec![("host", "h"), ("x-forwarded-proto", "https, http")], "https://h/a"),
            ("/a", vec![("host", "\"><evil/>")], "http://localhost/a"),
            ("/a", vec![], "http://localhost/a"),
        ] {
            let mut request = http::Request::get(uri);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            assert_eq!(address(&request.body(()).unwrap().into_parts().0), expected, "{uri}");
        }
    }
}
