//! The head of a request, as services see it.

use caisson_capability::{Field, Http};
use http::header::{COOKIE, HOST, HeaderValue};
use http::{Version, request};

/// The HTTP side of a message.
pub(crate) fn http(head: &request::Parts, params: Vec<Field>) -> Http {
    Http {
        method: head.method.as_str().to_ascii_uppercase(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        params,
        headers: fields(head),
    }
}

/// All headers, names in lower case, order and repetitions kept.
///
/// Services see the same whatever version the request came by: what HTTP/2 spells otherwise is put into the terms of
/// HTTP/1 (RFC 9113, sections 8.2.3 and 8.3.1).
pub(crate) fn fields(head: &request::Parts) -> Vec<Field> {
    let mut fields = Vec::with_capacity(head.headers.len() + 1);
    let http2 = head.version == Version::HTTP_2;
    if http2
        && !head.headers.contains_key(HOST)
        && let Some(authority) = head.uri.authority()
    {
        fields.push((HOST.as_str().to_owned(), authority.as_str().to_owned()));
    }
    for (name, value) in &head.headers {
        if http2 && name == COOKIE && !fields.is_empty() {
            let crumbs = fields.iter_mut().find(|(name, _): &&mut Field| name == COOKIE.as_str());
            if let Some((_, cookie)) = crumbs {
                cookie.push_str("; ");
                cookie.push_str(&text(value));
                continue;
            }
        }
        fields.push((name.as_str().to_owned(), text(value)));
    }
    fields
}

/// A value as text: UTF-8, or else Latin-1, which HTTP once prescribed and which any bytes are.
pub(crate) fn text(value: &HeaderValue) -> String {
    let bytes = value.as_bytes();
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().copied().map(char::from).collect(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn fields_of(request: Request<()>) -> Vec<(String, String)> {
        fields(&request.into_parts().0)
    }

    fn field(name: &str, value: &str) -> Field {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn names_are_lower_case_and_repetitions_stay() {
        let request =
            Request::get("/").header("X-B", "1").header("Cookie", "a=1").header("x-b", "2").body(()).unwrap();
        let fields = fields_of(request);
        let b: Vec<_> =
            fields.iter().filter(|(name, _)| name == "x-b").map(|(_, value)| value.as_str()).collect();
        assert_eq!(b, ["1", "2"]);
        assert_eq!(fields.len(), 3);
    }

    #[test]
    fn bytes_that_are_no_utf_8_are_read_as_latin_1() {
        let value = |bytes: &[u8]| text(&HeaderValue::from_bytes(bytes).unwrap());
        assert_eq!(value("za\u{17c}".as_bytes()), "za\u{17c}");
        assert_eq!(value(b"caf\xe9"), "caf\u{e9}");
    }

    #[test]
    fn http_2_looks_like_http_1() {
        let request = Request::get("http://example.com/")
            .version(Version::HTTP_2)
            .header("cookie", "a=1")
            .header("cookie", "b=2")
            .body(())
            .unwrap();
        assert_eq!(fields_of(request), [field("host", "example.com"), field("cookie", "a=1; b=2")]);
    }
}
