//! What a service sees of a request, and a client of an answer.

use crate::harness::{Server, soon};
use caisson_capability::{Error, ErrorKind, Response};
use tokio::io::AsyncWriteExt as _;

#[tokio::test]
async fn a_service_sees_the_request_as_received() {
    let server = Server::start().await;
    let answer = server
        .ask(
            "POST /services/my.echo/a%2Fb//c?x=1&x=%20 HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nX-One: 2\r\n\
             Content-Type: text/csv\r\nContent-Length: 5\r\n\r\nhello",
        )
        .await;
    answer.expect(200);
    assert_eq!(answer.body, "hello");
    let seen = server.fake.last();
    assert_eq!((&*seen.service, &*seen.channel.name, seen.attempt, seen.depth), ("my.echo", "dev", 1, 0));
    assert_eq!(answer.header("x-caisson-cid"), Some(seen.cid.as_str()));
    assert!(seen.principal.is_none());
    assert_eq!(seen.request.content_type.as_deref(), Some("text/csv"));
    let http = seen.request.http.unwrap();
    assert_eq!(
        (&*http.method, &*http.path, &*http.query),
        ("POST", "/services/my.echo/a%2Fb//c", "x=1&x=%20")
    );
    let ones: Vec<_> =
        http.headers.iter().filter(|(name, _)| name == "x-one").map(|(_, value)| &**value).collect();
    assert_eq!(ones, ["1", "2"]);
}

#[tokio::test]
async fn each_request_gets_an_id_of_its_own() {
    let server = Server::start().await;
    let request = "GET /services/echo HTTP/1.1\r\nHost: h\r\nX-Caisson-CID: mine\r\n\r\n";
    let (one, two) = (server.ask(request).await, server.ask(request).await);
    let ids = (one.header("x-caisson-cid").unwrap(), two.header("x-caisson-cid").unwrap());
    assert!(ids.0 != ids.1 && ids.0 != "mine", "{ids:?}");
}

#[tokio::test]
async fn a_trace_context_is_carried_and_a_wrong_one_dropped() {
    let server = Server::start().await;
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = |parent: &str| {
        format!("GET /services/echo HTTP/1.1\r\nHost: h\r\ntraceparent: {parent}\r\ntracestate: a=1\r\n\r\n")
    };
    server.ask(&request(parent)).await.expect(200);
    let trace = server.fake.last().trace;
    assert_eq!((trace.traceparent.as_deref(), trace.tracestate.as_deref()), (Some(parent), Some("a=1")));
    server.ask(&request("nonsense")).await.expect(200);
    assert!(server.fake.last().trace.traceparent.is_none());
}

#[tokio::test]
async fn paths_outside_the_routes_are_not_found() {
    let server = Server::start().await;
    for path in ["/", "/services", "/services/", "/other/echo"] {
        let answer = server.ask(&format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n")).await;
        answer.expect_error(404, "URL not found");
    }
    assert_eq!(server.fake.count(), 0);
}

#[tokio::test]
async fn head_has_the_length_and_no_body() {
    let server = Server::start().await;
    let response =
        Response { status: 200, headers: Vec::new(), body: "twelve bytes".into(), ..Response::default() };
    *server.fake.raw.lock().unwrap() = Some(Ok(response));
    let mut client = server.connect().await;
    client.send("HEAD /services/raw HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let answer = client.answer_to("HEAD").await;
    assert_eq!(answer.expect(200).header("content-length"), Some("12"));
    // A body would stand where this answer begins.
    client
        .send("HEAD /nowhere HTTP/1.1\r\nHost: h\r\n\r\nGET /services/echo HTTP/1.1\r\nHost: h\r\n\r\n")
        .await;
    assert_ne!(client.answer_to("HEAD").await.expect(404).header("content-length"), Some("0"));
    client.answer().await.expect(200);
}

#[tokio::test]
async fn statuses_without_a_body_have_none() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    for status in [204, 304] {
        let response =
            Response { status, headers: Vec::new(), body: "not to be sent".into(), ..Response::default() };
        *server.fake.raw.lock().unwrap() = Some(Ok(response));
        client.send("GET /services/raw HTTP/1.1\r\nHost: h\r\n\r\n").await;
        assert_eq!(client.answer().await.expect(status).header("content-length"), None);
    }
    client.send("GET /services/echo HTTP/1.1\r\nHost: h\r\n\r\n").await;
    client.answer().await.expect(200);
}

#[tokio::test]
async fn a_service_cannot_inject_headers_or_frame_the_answer() {
    let server = Server::start().await;
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    for (name, value) in
        [("x-a", "1\r\nset-cookie: stolen=1"), ("x a", "1"), ("", "1"), ("x-a\r\nx-b", "1"), ("x-a", "\0")]
    {
        let response = Response {
            status: 200,
            headers: vec![field(name, value)],
            body: "ok".into(),
            ..Response::default()
        };
        *server.fake.raw.lock().unwrap() = Some(Ok(response));
        let answer = server.ask("GET /services/raw HTTP/1.1\r\nHost: h\r\n\r\n").await;
        answer.expect_error(500, "invalid answer");
        assert!(answer.header("set-cookie").is_none() && answer.header("x-b").is_none(), "{answer:?}");
    }
    let headers = vec![
        field("Content-Length", "1000"),
        field("Transfer-Encoding", "chunked"),
        field("Connection", "close"),
        field("Keep-Alive", "timeout=1"),
        field("Upgrade", "websocket"),
        field("X-Caisson-CID", "forged"),
        field("X-Kept", "yes"),
    ];
    *server.fake.raw.lock().unwrap() =
        Some(Ok(Response { status: 200, headers, body: "ok".into(), ..Response::default() }));
    let answer = server.ask("GET /services/raw HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!(
        (answer.expect(200).header("content-length"), answer.header("x-kept")),
        (Some("2"), Some("yes"))
    );
    for gone in ["transfer-encoding", "connection", "keep-alive", "upgrade"] {
        assert!(answer.header(gone).is_none(), "{gone}: {answer:?}");
    }
    assert_eq!(answer.header("x-caisson-cid"), Some(server.fake.last().cid.as_str()));
    assert_eq!(answer.head.to_lowercase().matches("x-caisson-cid").count(), 1);
}

#[tokio::test]
async fn an_error_of_the_service_keeps_its_headers() {
    let server = Server::start().await;
    let mut error = Error::new(ErrorKind::Unauthenticated, "who are you?").detail("for the operator");
    error.headers.push(("WWW-Authenticate".to_owned(), "Basic realm=\"x\"".to_owned()));
    *server.fake.raw.lock().unwrap() = Some(Err(error));
    let answer = server.ask("GET /services/raw HTTP/1.1\r\nHost: h\r\n\r\n").await;
    answer.expect_error(401, "who are you?");
    assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"x\""));
    assert!(!answer.body.contains("operator"));
}

#[tokio::test]
async fn a_panic_costs_one_request_and_not_the_connection() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.send("GET /services/panic HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let answer = client.answer().await;
    answer.expect_error(500, "internal error");
    assert!(!answer.body.contains("told to"));
    client.send("GET /services/echo HTTP/1.1\r\nHost: h\r\n\r\n").await;
    client.answer().await.expect(200);
}

#[tokio::test]
async fn a_body_is_asked_for_with_100_continue() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client
        .send("POST /services/echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        .await;
    client.answer().await.expect(100);
    client.send("hello").await;
    assert_eq!(client.answer().await.expect(200).body, "hello");
}

#[tokio::test]
async fn a_chunked_body_arrives_whole() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.send("POST /services/echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    for part in ["4\r\nhell\r\n", "1\r\no\r\n", "6\r\n world\r\n", "0\r\n\r\n"] {
        client.send(part).await;
        soon(client.stream.flush()).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(client.answer().await.expect(200).body, "hello world");
}
