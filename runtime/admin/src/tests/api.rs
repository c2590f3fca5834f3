//! Health, metrics, the document, listing, invoking, unknown paths.

use super::fake::Api;
use crate::shapes::Package;
use http::{Method, Request, StatusCode};
use serde_json::Value;
use std::collections::BTreeSet;

#[tokio::test]
async fn ready_follows_what_is_loaded() {
    let api = Api::starting().await;
    assert_eq!(api.get("/healthz/live").await.status, StatusCode::OK);
    let reply = api.get("/healthz/ready").await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reply.headers["retry-after"], "1");
    assert!(reply.details().starts_with("starting"));
    api.deployer.restore(None).await;
    assert_eq!(api.get("/healthz/ready").await.status, StatusCode::OK);
    api.closing.cancel();
    assert!(api.get("/healthz/ready").await.details().starts_with("stopping"));
    assert_eq!(api.get("/healthz/live").await.status, StatusCode::OK);
}

#[tokio::test]
async fn metrics_are_open_metrics() {
    let reply = Api::open().await.get("/metrics").await;
    assert_eq!(reply.headers["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(reply.text.contains("caisson_services 0") && reply.text.ends_with("# EOF\n"), "{}", reply.text);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_json() {
    let api = Api::open().await;
    for path in ["/", "/api/v1", "/api/v1/cats", "/healthz", "/api/v1/packages/a/b/c", "/api/v1/packages/"] {
        let reply = api.get(path).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
        assert!(reply.details().contains("openapi.json"), "{path}");
    }
    let reply = api.call(Method::PATCH, "/api/v1/packages/a").await;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(reply.details().contains("does not answer PATCH"));
    let allowed = reply.headers["allow"].to_str().unwrap();
    assert!(allowed.contains("PUT") && allowed.contains("DELETE"), "{allowed}");
}

#[tokio::test]
async fn names_that_cannot_be_decoded_are_refused() {
    let api = Api::open().await;
    let reply = api.get("/api/v1/packages/%FF").await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(reply.details().contains("UTF-8"), "{reply:?}");
}

#[tokio::test]
async fn version_says_where_services_answer() {
    let value = Api::open().await.get("/api/v1/version").await.json();
    assert_eq!(value["listen"], "127.0.0.1:17010");
    assert_eq!(
        (value["dev"].as_bool(), value["version"].as_str()),
        (Some(true), Some(env!("CARGO_PKG_VERSION")))
    );
}

#[tokio::test]
async fn packages_look_as_the_deployer_says() {
    let api = Api::open().await;
    api.put_python("crm", "service crm.b\nservice crm.a\n").await;
    api.put_python("crm", "broken\n").await;
    api.put("native", "application/wasm", "wasm").await;
    let listed = api.get("/api/v1/packages").await.json();
    assert_eq!(listed, serde_json::to_value(api.deployer.list()).unwrap());
    assert_eq!(api.get("/api/v1/packages/crm").await.json(), listed[0]);
    let package: Package = serde_json::from_value(listed[0].clone()).unwrap();
    assert_eq!((package.state.as_str(), package.version), ("both", Some(1)));
    assert_eq!(package.error.unwrap().line, Some(1));
    let reply = api.get("/api/v1/packages/cmr").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert!(reply.details().contains("\"cmr\""));
}

#[tokio::test]
async fn services_are_one_sorted_list() {
    let api = Api::open().await;
    api.put_python("z", "service a.z\n").await;
    api.put_python("b", "service c.d\nservice b.c\n").await;
    let services = api.get("/api/v1/services").await.json();
    let names: Vec<&str> = services.as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a.z", "b.c", "c.d"]);
    assert_eq!(services[1]["package"], "b");
    assert_eq!(services[1]["line"], 2);
    assert_eq!(services[1]["class"], "Fake");
    assert_eq!(services[1]["input_schema"]["properties"]["who"]["type"], "string");
    let name = services[1]["name"].as_str().unwrap();
    assert_eq!(api.get(&format!("/api/v1/services/{name}")).await.json(), services[1]);
    let reply = api.get("/api/v1/services/nobody").await;
    assert!(reply.status == StatusCode::NOT_FOUND && reply.text.contains("nobody"), "{reply:?}");
    assert_eq!(services[1]["state"], "running");
}

#[tokio::test]
async fn invoking_passes_everything_on_but_the_token() {
    let api = Api::open().await;
    api.put_python("a", "service a.b\n").await;
    let request =
        Request::builder().header("x-tenant", "acme").header("authorization", "Bearer secret-of-the-admin");
    let reply = api.invoke("a.b", request.header("content-type", "text/plain"), "hello").await;
    assert_eq!(reply.status, StatusCode::ACCEPTED);
    assert_eq!(reply.headers["x-own"], "1");
    assert!(reply.headers.contains_key("x-caisson-cid"));
    let value = reply.json();
    assert_eq!(value["channel"], "admin");
    assert_eq!(value["principal"], Value::Null);
    assert_eq!((value["method"].as_str(), value["body"].as_str()), (Some("POST"), Some("hello")));
    assert_eq!(value["type"], "text/plain");
    assert!(reply.text.contains("acme") && !reply.text.contains("secret-of-the-admin"), "{}", reply.text);
    let request =
        Request::post("/api/v1/services/a.b/invoke?x=1&x=%20").body(axum::body::Body::empty()).unwrap();
    assert_eq!(api.send(request).await.json()["query"], "x=1&x=%20");
}

#[tokio::test]
async fn failing_services_show_no_traceback() {
    let api = Api::open().await;
    api.put_python("a", "service a.b\n").await;
    let reply = api.invoke("a.b", Request::builder(), "fail").await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(reply.details(), "An error has occurred");
    assert!(!reply.text.contains("secret"));
    let reply = api.invoke("no.such", Request::builder(), "").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert!(reply.details().contains("no.such"));
}

/// What the API has. A route that is added to the router has to be added here and is then looked for in the document.
const ROUTES: [(&str, &str); 35] = [
    ("GET", "/healthz/live"),
    ("GET", "/healthz/ready"),
    ("GET", "/metrics"),
    ("GET", "/api/v1/version"),
    ("GET", "/api/v1/packages"),
    ("GET", "/api/v1/packages/{name}"),
    ("PUT", "/api/v1/packages/{name}"),
    ("DELETE", "/api/v1/packages/{name}"),
    ("GET", "/api/v1/packages/{name}/history"),
    ("POST", "/api/v1/packages/{name}/rollback"),
    ("GET", "/api/v1/services"),
    ("GET", "/api/v1/services/{name}"),
    ("POST", "/api/v1/services/{name}/invoke"),
    ("GET", "/api/v1/logs"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/api/v1/definitions"),
    ("POST", "/api/v1/definitions/diff"),
    ("POST", "/api/v1/definitions/apply"),
    ("GET", "/api/v1/definitions/schema"),
    ("GET", "/api/v1/definitions/sections/{name}"),
    ("GET", "/api/v1/connections"),
    ("POST", "/api/v1/connections/{name}/ping"),
    ("GET", "/api/v1/grants/missing"),
    ("GET", "/api/v1/tasks"),
    ("POST", "/api/v1/tasks/{id}/retry"),
    ("DELETE", "/api/v1/tasks/{id}"),
    ("GET", "/api/v1/usage"),
    ("GET", "/api/v1/audit"),
    ("GET", "/api/v1/revisions"),
    ("GET", "/api/v1/revisions/{revision}"),
    ("POST", "/api/v1/revisions/{revision}/rollback"),
    ("GET", "/api/v1/cluster"),
    ("GET", "/api/v1/users"),
    ("PUT", "/api/v1/users/{name}"),
    ("DELETE", "/api/v1/users/{name}"),
];

#[tokio::test]
async fn every_route_is_in_the_document_and_the_other_way_round() {
    let api = Api::open().await;
    let document = api.get("/api/v1/openapi.json").await.json();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        documented
            .extend(item.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone())));
    }
    let expected: BTreeSet<_> =
        ROUTES.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(documented, expected);
    for (path, methods) in paths() {
        // axum names in `Allow` every method that the router has for a path.
        let reply = api.call(Method::TRACE, &path.replace("{name}", "x").replace("{revision}", "1")).await;
        assert_eq!(
            reply.status,
            StatusCode::METHOD_NOT_ALLOWED,
            "{path} is in the document, not in the router"
        );
        let allow: BTreeSet<String> =
            reply.headers["allow"].to_str().unwrap().split(',').map(str::to_owned).collect();
        let ours: BTreeSet<String> = allow.into_iter().filter(|method| method != "HEAD").collect();
        assert_eq!(ours, methods, "{path}");
    }
}

fn paths() -> Vec<(&'static str, BTreeSet<String>)> {
    let unique: BTreeSet<&str> = ROUTES.iter().map(|(_, path)| *path).collect();
    let methods = |wanted: &str| {
        ROUTES.iter().filter(|(_, path)| *path == wanted).map(|(m, _)| (*m).to_owned()).collect()
    };
    unique.into_iter().map(|path| (path, methods(path))).collect()
}

#[tokio::test]
async fn every_operation_is_explained_with_answers() {
    let document = Api::open().await.get("/api/v1/openapi.json").await.json();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let place = format!("{method} {path}");
            assert!(
                operation["summary"].as_str().is_some_and(|text| text.len() > 5),
                "{place} has no summary"
            );
            assert!(operation["tags"].is_array(), "{place} has no tag");
            let closed = path.starts_with("/api/");
            assert_eq!(operation["security"].is_array(), closed, "{place}: login");
            assert_eq!(operation["responses"]["401"].is_object(), closed, "{place}: 401");
            assert!(has_example(operation, &document), "{place} has no example");
        }
    }
}

/// An example of its own, or in the schema that it refers to.
fn has_example(operation: &Value, document: &Value) -> bool {
    let text = operation.to_string();
    if text.contains("\"example\"") {
        return true;
    }
    let names = text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next());
    names
        .filter(|name| *name != "Problem")
        .any(|name| document["components"]["schemas"][name].to_string().contains("\"example"))
}
