//! HTTP/2 without TLS on the same port.

use crate::harness::{SHORT, Server, soon};
use caisson_channel::HttpOptions;
use http::{Request, StatusCode, Version};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

type H2 = Client<HttpConnector, Full<bytes::Bytes>>;

fn client() -> H2 {
    Client::builder(TokioExecutor::new()).http2_only(true).build(HttpConnector::new())
}

fn request(server: &Server, path: &str, body: &'static str) -> Request<Full<bytes::Bytes>> {
    let uri = format!("http://{}{path}", server.addr);
    Request::post(uri).version(Version::HTTP_2).body(Full::from(body)).unwrap()
}

#[tokio::test]
async fn a_request_looks_the_same_to_the_service() {
    let server = Server::start().await;
    let client = client();
    let response = soon(client.request(request(&server, "/services/echo/x?y=1", "hello"))).await.unwrap();
    assert_eq!((response.status(), response.version()), (StatusCode::OK, Version::HTTP_2));
    let seen = server.fake.last();
    assert_eq!(response.headers()["x-caisson-cid"], seen.cid.as_str());
    let http = seen.request.http.unwrap();
    assert_eq!((&*http.path, &*http.query), ("/services/echo/x", "y=1"));
    assert!(http.headers.contains(&("host".to_owned(), server.addr.to_string())), "{:?}", http.headers);
    assert_eq!(soon(response.into_body().collect()).await.unwrap().to_bytes(), "hello");
}

#[tokio::test]
async fn requests_run_beside_each_other_on_one_connection() {
    let server = Server::with(HttpOptions { max_connections: 1, ..HttpOptions::default() }).await;
    let client = client();
    let hanging = tokio::spawn(client.request(request(&server, "/services/hang", "")));
    soon(server.fake.begun.notified()).await;
    let other = soon(client.request(request(&server, "/services/echo", ""))).await.unwrap();
    assert_eq!(other.status(), StatusCode::OK);
    assert!(!hanging.is_finished());
    server.fake.release.notify_one();
    assert_eq!(soon(hanging).await.unwrap().unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn limits_hold_here_too() {
    let options =
        HttpOptions { max_body_bytes: 4, max_headers: 5, body_timeout: SHORT, ..HttpOptions::default() };
    let server = Server::with(options).await;
    let client = client();
    let large = soon(client.request(request(&server, "/services/echo", "hello"))).await.unwrap();
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let mut many = request(&server, "/services/echo", "");
    for name in ["x-1", "x-2", "x-3", "x-4", "x-5", "x-6"] {
        many.headers_mut().insert(name, "1".parse().unwrap());
    }
    let many = soon(client.request(many)).await.unwrap();
    assert_eq!(many.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert!(many.headers().contains_key("x-caisson-cid"));
    assert_eq!(server.fake.count(), 0);
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let server = Server::with(HttpOptions { max_header_bytes: 8 * 1024, ..HttpOptions::default() }).await;
    let client = client();
    for (bytes, status) in
        [(6 * 1024, StatusCode::OK), (12 * 1024, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)]
    {
        let mut filled = request(&server, "/services/echo", "");
        filled.headers_mut().insert("x-filler", "x".repeat(bytes).parse().unwrap());
        assert_eq!(soon(client.request(filled)).await.unwrap().status(), status, "{bytes}");
    }
}

#[tokio::test]
async fn statuses_without_a_body_have_no_length() {
    let server = Server::start().await;
    let client = client();
    for status in [204, 304] {
        let raw = caisson_capability::Response {
            status,
            headers: Vec::new(),
            body: "not to be sent".into(),
            ..caisson_capability::Response::default()
        };
        *server.fake.raw.lock().unwrap() = Some(Ok(raw));
        let response = soon(client.request(request(&server, "/services/raw", ""))).await.unwrap();
        assert_eq!((response.status().as_u16(), response.headers().get("content-length")), (status, None));
    }
}

#[tokio::test]
async fn a_reset_stream_cancels_its_invocation_alone() {
    let server = Server::start().await;
    let client = client();
    let hanging = tokio::spawn(client.request(request(&server, "/services/hang", "")));
    soon(server.fake.begun.notified()).await;
    hanging.abort();
    soon(server.fake.dropped.notified()).await;
    let other = soon(client.request(request(&server, "/services/echo", ""))).await.unwrap();
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_request_in_flight_is_finished_when_the_server_stops() {
    let server = Server::start().await;
    let client = client();
    let hanging = tokio::spawn(client.request(request(&server, "/services/hang", "late")));
    soon(server.fake.begun.notified()).await;
    let fake = std::sync::Arc::clone(&server.fake);
    let stopped = tokio::spawn(server.stop());
    tokio::time::sleep(SHORT).await;
    assert!(!stopped.is_finished());
    fake.release.notify_one();
    let response = soon(hanging).await.unwrap().unwrap();
    assert_eq!(soon(response.into_body().collect()).await.unwrap().to_bytes(), "late");
    assert!(soon(stopped).await.unwrap().is_clean());
}

#[tokio::test]
async fn an_idle_connection_ends() {
    let server = Server::with(HttpOptions { idle_timeout: SHORT, ..HttpOptions::default() }).await;
    let client = client();
    assert!(soon(client.request(request(&server, "/services/echo", ""))).await.is_ok());
    tokio::time::sleep(SHORT * 6).await;
    assert_eq!(server.stop().await.open, 0);
}
