//! Tests of the table of routes.

use super::*;

fn found(routes: &Routes, method: &str, path: &str, accept: &str) -> String {
    let mut headers = HeaderMap::new();
    if !accept.is_empty() {
        headers.insert(ACCEPT, accept.parse().unwrap());
    }
    match routes.find(&method.parse().unwrap(), path, &headers) {
        Ok(Lead::Service(target, _)) => target.service.to_string(),
        Ok(Lead::Preflight(_)) => "preflight".to_owned(),
        Ok(Lead::Options(methods)) => methods.names(),
        Ok(Lead::Document) => "document".to_owned(),
        Err(error) => error.headers.first().map_or(error.message, |(_, allow)| format!("not: {allow}")),
    }
}

fn built(channels: serde_json::Value) -> Routes {
    let channels: Vec<Channel> = serde_json::from_value(channels).unwrap();
    let shared = Shared::new();
    let guards = Guards::new(&[], &shared).unwrap();
    Routes::build(&channels, &guards, &shared, true).unwrap()
}

#[test]
fn dev_routes_call_the_service_that_the_path_names() {
    let cases = [
        ("/services/hello.hello-world", "hello.hello-world"),
        ("/services/hello/", "hello"),
        ("/services/hello/a//b%2F/..", "hello"),
        ("/services/my%20service/x", "my service"),
        ("/services/%c3%B3", "\u{f3}"),
    ];
    for (path, service) in cases {
        assert_eq!(found(&Routes::dev(), "GET", path, ""), service, "{path}");
        assert_eq!(found(&Routes::none(), "GET", path, ""), "URL not found", "{path}");
    }
}

#[test]
fn everything_else_leads_nowhere() {
    for path in ["", "*", "/", "/services", "/services/", "/services//x", "/Services/a", "/x/services/a"] {
        assert_eq!(found(&Routes::dev(), "GET", path, ""), "URL not found", "{path}");
    }
    for malformed in ["/services/%", "/services/a%2", "/services/%zz", "/services/%ff", "/services/%+1"] {
        assert!(found(&Routes::dev(), "GET", malformed, "").contains("malformed"), "{malformed}");
    }
}

#[test]
fn the_first_channel_that_fits_method_path_and_media_type_wins() {
    let routes = built(serde_json::json!([
        {"type": "rest", "name": "off", "path": "/a/{x}", "service": "off", "enabled": false},
        {"type": "rest", "name": "xml", "path": "/a/{x}", "service": "xml", "methods": ["GET"], "accept": "text/xml"},
        {"type": "rest", "name": "get", "path": "/a/{x}", "service": "get", "methods": ["GET"]},
        {"type": "rest", "name": "special", "path": "/a/special", "service": "special"},
        {"type": "rest", "name": "only-xml", "path": "/b", "service": "b", "methods": ["GET"], "accept": "text/xml"},
        {"type": "rest", "name": "options", "path": "/o", "service": "o", "methods": ["OPTIONS"]},
    ]));
    let cases = [
        ("GET", "/a/1", "", "xml"),
        ("GET", "/a/1", "*/*", "xml"),
        ("GET", "/a/1", "application/json", "get"),
        ("GET", "/a/1", "text/*;q=0.5", "xml"),
        ("GET", "/a/1", "text/xml;q=0, */*", "get"),
        ("HEAD", "/a/special", "application/json", "get"),
        ("POST", "/a/special", "", "special"),
        ("POST", "/a/1", "", "not: GET, HEAD, OPTIONS"),
        ("POST", "/a/special/", "", "not: GET, HEAD, OPTIONS"),
        ("BREW", "/a/1", "", "not: GET, HEAD, OPTIONS"),
        ("BREW", "/nowhere", "", "not: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
        ("OPTIONS", "/a/special", "", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
        ("OPTIONS", "/o", "", "o"),
        ("GET", "/b", "text/html", "Not acceptable: nothing here has that media type"),
        ("GET", "/b/", "", "URL not found"),
        ("GET", "/a", "", "URL not found"),
        ("GET", "/x/../b", "", "b"),
        ("BREW", "/services/dev", "", "dev"),
    ];
    for (method, path, accept, expected) in cases {
        assert_eq!(found(&routes, method, path, accept), expected, "{method} {path} {accept}");
    }
}

#[test]
fn a_table_holds_all_channels_or_is_none() {
    let channels: Vec<Channel> = serde_json::from_value(serde_json::json!([
        {"type": "soap", "name": "soapy", "path": "/s/{", "service": "x"},
        {"type": "rest", "name": "broken", "path": "/{", "service": "x"},
        {"type": "rest", "name": "fine", "path": "/f", "service": "f"},
    ]))
    .unwrap();
    let shared = Shared::new();
    let guards = Guards::new(&[], &shared).unwrap();
    let wrong = Routes::build(&channels, &guards, &shared, true).unwrap_err();
    assert!(wrong.len() == 2 && wrong[0].contains("`soapy`") && wrong[1].contains("`broken`"), "{wrong:?}");
    let switched_off = serde_json::json!([{"type": "soap", "name": "s", "path": "/s/{", "enabled": false}]);
    let channels: Vec<Channel> = serde_json::from_value(switched_off).unwrap();
    assert!(Routes::build(&channels, &guards, &shared, true).is_ok());
}
