//! Answers in pieces: iterators as bodies, server-sent events, and what ends them early.

use crate::harness::{Command, Raw, Server, Setup, assert_problem, eventually, guest};
use std::time::{Duration, Instant};

const SERVICES: &str = r#"
import time
from caisson import Service
from zato.common.exception import BadRequest

class Rows(Service):
    def handle(self):
        self.response.headers['X-Rows'] = '3'
        self.response.status_code = 203
        self.response.payload = ({'row': number} for number in range(3))

class Text(Service):
    def handle(self):
        self.response.payload = iter(['a', b'b', 'ż'])

class Nothing(Service):
    def handle(self):
        self.response.payload = iter(())

class Events(Service):
    def handle(self):
        self.response.content_type = 'text/event-stream'
        self.response.payload = self.events()

    async def events(self):
        yield {'event': 'begin', 'id': 7, 'data': 'two\nlines'}
        yield {'number': 1}
        yield {'comment': 'still here'}

class Slow(Service):
    def handle(self):
        self.response.payload = self.pieces()

    def pieces(self):
        yield 'first\n'
        while True:
            time.sleep(0.02)
            yield 'x' * 1000 + '\n'

class Waits(Service):
    def handle(self):
        self.response.payload = self.pieces()

    def pieces(self):
        yield 'first\n'
        time.sleep(2)
        yield 'last\n'

class FailsEarly(Service):
    def handle(self):
        self.response.payload = self.pieces()

    def pieces(self):
        raise BadRequest(self.cid, 'no rows', needs_msg=True)
        yield 'never'

class FailsLate(Service):
    def handle(self):
        self.response.payload = self.pieces()

    def pieces(self):
        yield 'first\n'
        raise ValueError('secret reason')

class Bad(Service):
    def handle(self):
        self.response.content_type = 'text/event-stream'
        self.response.payload = iter([{'data': 'a'}, {'data': 'b', 'id': 'two\nlines'}])

class Caller(Service):
    def handle(self):
        self.response.payload = self.invoke('s.rows')

class Counter(Service):
    def handle(self):
        self.response.payload = iter([str(globals().setdefault('seen', 0))])
        globals()['seen'] += 1
"#;

async fn started() -> Server {
    Setup::new().file("s.py", SERVICES).start().await
}

/// What the server sends for a request, until it closes the connection.
async fn raw(server: &Server, service: &str) -> String {
    let mut connection = Raw::connect(&server.listen).await;
    connection.send(request(service)).await;
    connection.until_closed().await
}

fn request(service: &str) -> String {
    format!("GET /services/{service} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
}

#[tokio::test]
async fn an_iterator_is_a_body_with_status_headers_and_a_type_that_follows_from_it() {
    let server = started().await;
    let answer = server.get("s.rows").await;
    assert_eq!((answer.status.as_u16(), answer.header("x-rows")), (203, "3"));
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    assert_eq!(answer.text(), "{\"row\": 0}\n{\"row\": 1}\n{\"row\": 2}\n");
    let answer = server.get("s.text").await;
    assert_eq!((answer.header("content-type"), &*answer.text()), ("text/plain", "abż"));
    assert_eq!(server.get("s.nothing").await.good(), "");
    assert_eq!(server.get("s.caller").await.good(), "{\"row\": 0}\n{\"row\": 1}\n{\"row\": 2}\n");
}

#[tokio::test]
async fn events_are_written_as_the_standard_has_them() {
    let answer = started().await.get("s.events").await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let expected = "event: begin\nid: 7\ndata: two\ndata: lines\n\ndata: {\"number\": 1}\n\n: still here\n\n";
    assert_eq!(answer.good(), expected);
}

#[tokio::test]
async fn a_piece_is_there_while_the_next_one_is_made() {
    let server = started().await;
    let mut connection = Raw::connect(&server.listen).await;
    let begun = Instant::now();
    connection.send(request("s.waits")).await;
    let head = connection.until("first\n", 1).await;
    let early = begun.elapsed();
    assert!(head.contains("transfer-encoding: chunked") && !head.contains("last"), "{head}");
    connection.until("last\n", 1).await;
    // The service sleeps two seconds between the two.
    assert!(
        begun.elapsed() - early >= Duration::from_secs(1),
        "the first piece came {early:?} after the request"
    );
}

#[tokio::test]
async fn an_error_before_the_first_piece_is_an_answer_like_any_other() {
    let server = started().await;
    assert_problem(&server.get("s.fails-early").await, 400, "no rows");
}

#[tokio::test]
async fn an_error_after_the_first_piece_cuts_the_connection_and_is_logged() {
    let server = started().await;
    for (service, sent) in [("s.fails-late", "first\n"), ("s.bad", "data: a\n\n")] {
        let answer = raw(&server, service).await;
        assert!(answer.contains(sent), "{answer}");
        assert!(!answer.contains("\r\n0\r\n\r\n"), "it must not look whole: {answer}");
        assert!(!answer.contains("secret reason") && !answer.contains("Traceback"), "{answer}");
    }
    eventually("the reason is logged", async || {
        server.logged("service=s.fails-late").await.contains("secret reason").then_some(())
    })
    .await;
    let metrics = server.admin_get("/metrics").await.text();
    assert!(
        metrics.contains("invocations_total{service=\"s.fails-late\",outcome=\"failed\"} 1"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_caller_who_leaves_stops_the_service() {
    let server = started().await;
    let mut connection = Raw::connect(&server.listen).await;
    connection.send(request("s.slow")).await;
    connection.until("first\n", 1).await;
    let active = async |number: u32| {
        let metrics = server.admin_get("/metrics").await.text();
        metrics.contains(&format!("caisson_invocations_active {number}\n")).then_some(())
    };
    eventually("it runs", async || active(1).await).await;
    drop(connection);
    eventually("it has ended", async || active(0).await).await;
    let metrics = server.admin_get("/metrics").await.text();
    assert!(metrics.contains("invocations_total{service=\"s.slow\",outcome=\"cancelled\"} 1"), "{metrics}");
}

#[tokio::test]
async fn the_wall_time_of_a_service_ends_its_stream() {
    let settings = "[limits]\nwall_time_ms = 500\n";
    let server = Setup::new().file("s.py", SERVICES).file("s.toml", settings).start().await;
    let answer = raw(&server, "s.slow").await;
    assert!(answer.contains("first\n") && !answer.contains("\r\n0\r\n\r\n"), "{answer}");
    eventually("the limit is logged", async || {
        server.logged("service=s.slow").await.contains("wall_time_ms = 500").then_some(())
    })
    .await;
}

#[tokio::test]
async fn each_stream_has_a_pristine_instance() {
    let server = started().await;
    for _ in 0..5 {
        assert_eq!(server.get("s.counter").await.good(), "0");
    }
}

#[tokio::test]
async fn channels_limit_and_compress_what_is_streamed() {
    let server = started().await;
    let channels = "version: 1\nchannels:\n  \
        - {name: small, type: rest, path: /small, service: s.slow, max_response_bytes: 5000}\n  \
        - {name: packed, type: rest, path: /packed, service: s.rows, compress: true}\n  \
        - {name: head, type: rest, path: /head, service: s.slow, methods: [GET]}\n";
    let file = server.write("caisson.yaml", channels);
    Command::to(&server, ["apply", "-f", &file, "--yes"]).run().await.good();
    let mut connection = Raw::connect(&server.listen).await;
    connection.send("GET /small HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    let answer = connection.until_closed().await;
    assert!(answer.len() < 6_000 && !answer.contains("\r\n0\r\n\r\n"), "{} bytes", answer.len());
    let packed = server.path_with(::http::Method::GET, "/packed", &[("accept-encoding", "gzip")]).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    let head = server.path_with(::http::Method::HEAD, "/head", &[]).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
}

#[tokio::test]
async fn a_component_that_answers_in_pieces_is_held_to_the_rules() {
    let limits = "[limits]\nanswer_bytes = 1000\n";
    let server = Setup::new().file("pieces.wasm", guest("pieces")).file("pieces.toml", limits).start().await;
    let begun = "already; go on with `write`";
    for (words, status, says) in [
        ("begin 201 write 3 write 2", 201, "ppppp"),
        ("begin 200", 200, ""),
        ("begin 200 write 0 write 1 write 0", 200, "p"),
        ("write 3", 200, "ErrorKind::InvalidInput: the answer has not begun; call `begin` first"),
        ("begin 42", 200, "ErrorKind::InvalidInput: 42 is no HTTP status; give one from 100 to 999"),
        ("begin 200 begin 201", 200, &format!("ErrorKind::InvalidInput: the answer has begun {begun}")),
        (
            "begin 200 write 1001",
            200,
            "ErrorKind::QuotaExceeded: a piece of the answer is larger than the limit answer_bytes = 1000",
        ),
    ] {
        let answer = server.post("pieces", words).await;
        assert_eq!((answer.status.as_u16(), &*answer.text()), (status, says), "{words}");
    }
    let whole: String = (0..50).map(|_| " write 1000").collect();
    assert_eq!(
        server.post("pieces", format!("begin 200{whole}")).await.body.len(),
        50_000,
        "each piece for itself"
    );
    assert_eq!(server.post("pieces", "begin 200").await.header("x-begun"), "1");
    assert_problem(&server.post("pieces", "trap").await, 500, "");
    let mut connection = Raw::connect(&server.listen).await;
    let body = "begin 200 write 5 trap";
    let head = "POST /services/pieces HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
    connection.send(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())).await;
    let answer = connection.until_closed().await;
    assert!(answer.contains("ppppp") && !answer.contains("\r\n0\r\n\r\n"), "{answer}");
}
