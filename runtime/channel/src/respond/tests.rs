//! Tests of the mapping to HTTP.

use super::*;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use tracing_subscriber::fmt::MakeWriter;

fn answer_to(error: Error) -> http::Response<Body> {
    respond(Err(error.into()), &"c1".into(), false)
}

async fn text_of(answer: http::Response<Body>) -> String {
    let bytes = crate::body::collect(answer.into_body(), 10_000).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn every_kind_has_its_status() {
    let table = [
        (ErrorKind::InvalidInput, 400),
        (ErrorKind::Unauthenticated, 401),
        (ErrorKind::AccessDenied, 403),
        (ErrorKind::NotFound, 404),
        (ErrorKind::MethodNotAllowed, 405),
        (ErrorKind::Conflict, 409),
        (ErrorKind::QuotaExceeded, 429),
        (ErrorKind::Cancelled, 499),
        (ErrorKind::Internal, 500),
        (ErrorKind::Unavailable, 503),
        (ErrorKind::Timeout, 504),
    ];
    for (kind, status) in table {
        let error = Error::new(kind, "").fault(Fault::Caller);
        assert_eq!(answer_to(error).status().as_u16(), status, "{kind:?}");
    }
    let own_limit = Error::new(ErrorKind::QuotaExceeded, "").fault(Fault::Service);
    assert_eq!(answer_to(own_limit).status().as_u16(), 500, "the caller cannot help it");
}

#[test]
fn a_status_that_the_error_names_wins_if_it_is_one() {
    for (chosen, status) in [(418, 418), (413, 413), (999, 999), (100, 409), (99, 409), (1000, 409), (0, 409)]
    {
        let mut error = Error::new(ErrorKind::Conflict, "");
        error.status = Some(chosen);
        assert_eq!(answer_to(error).status().as_u16(), status, "{chosen}");
    }
}

#[test]
fn what_services_say_to_services_is_not_said_to_clients() {
    let fields =
        || vec![("X-Caisson-Model".to_owned(), "1".to_owned()), ("x-own".to_owned(), "a".to_owned())];
    let response = Response { status: 200, headers: fields(), ..Response::default() };
    let mut error = Error::new(ErrorKind::Conflict, "");
    error.headers = fields();
    for answer in [respond(Ok(response), &"c1".into(), false), answer_to(error)] {
        assert!(!answer.headers().contains_key("x-caisson-model"), "{answer:?}");
        assert_eq!(answer.headers()["x-own"], "a");
    }
}

#[tokio::test]
async fn the_body_tells_the_message_and_nothing_else() {
    let error =
        Error::new(ErrorKind::Internal, "say \"it\"\n").detail("detail").source(io::Error::other("source"));
    let answer = answer_to(error);
    assert_eq!(answer.headers()[CONTENT_TYPE], "application/json");
    assert_eq!(answer.headers()[CID_HEADER], "c1");
    assert_eq!(text_of(answer).await, r#"{"result":"Error","cid":"c1","details":"say \"it\"\n"}"#);
}

#[test]
fn retry_after_is_in_whole_seconds_and_never_zero() {
    let after =
        |error| answer_to(error).headers().get(RETRY_AFTER).map(|value| value.to_str().unwrap().to_owned());
    let unavailable = || Error::new(ErrorKind::Unavailable, "");
    assert_eq!(after(unavailable()).as_deref(), Some("1"));
    assert_eq!(after(unavailable().retry_after(Duration::from_millis(10))).as_deref(), Some("1"));
    assert_eq!(after(unavailable().retry_after(Duration::from_millis(2_001))).as_deref(), Some("3"));
    assert_eq!(after(Error::new(ErrorKind::Internal, "")), None);
    let mut own = unavailable();
    own.headers.push(("Retry-After".to_owned(), "77".to_owned()));
    assert_eq!(after(own).as_deref(), Some("77"));
}

#[test]
fn an_errors_own_headers_are_sent_but_cannot_change_the_body() {
    let mut error = Error::new(ErrorKind::Conflict, "");
    for (name, value) in
        [("x-a", "1"), ("content-type", "text/html"), ("content-length", "0"), ("bad name", "1")]
    {
        error.headers.push((name.to_owned(), value.to_owned()));
    }
    let answer = answer_to(error);
    assert_eq!((answer.status().as_u16(), &answer.headers()["x-a"]), (409, &HeaderValue::from_static("1")));
    assert_eq!(answer.headers().get_all(CONTENT_TYPE).iter().collect::<Vec<_>>(), ["application/json"]);
    assert!(!answer.headers().contains_key(CONTENT_LENGTH));
}

#[test]
fn only_a_final_status_is_an_answer() {
    for (status, sent) in
        [(200, 200), (599, 599), (999, 999), (0, 500), (99, 500), (100, 500), (199, 500), (1000, 500)]
    {
        let response = Response { status, ..Response::default() };
        assert_eq!(respond(Ok(response), &"c".into(), false).status().as_u16(), sent, "{status}");
    }
}

#[tokio::test]
async fn head_has_the_length_and_no_body() {
    let response =
        Response { status: 200, headers: Vec::new(), body: "twelve bytes".into(), ..Response::default() };
    let answer = respond(Ok(response), &"c".into(), true);
    assert_eq!(answer.headers()[CONTENT_LENGTH], "12");
    assert_eq!(text_of(answer).await, "");
}

#[test]
fn repeated_headers_stay() {
    let cookie = |value: &str| ("Set-Cookie".to_owned(), value.to_owned());
    let response = Response {
        status: 200,
        headers: vec![cookie("a=1"), cookie("b=2")],
        body: caisson_capability::Body::default(),
        ..Response::default()
    };
    let answer = respond(Ok(response), &"c".into(), false);
    assert_eq!(answer.headers().get_all("set-cookie").iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
}

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn logged(outcome: Outcome) -> String {
    let sink = Sink::default();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::INFO)
        .with_writer(sink.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || drop(respond(outcome, &"c1".into(), false)));
    let bytes = sink.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn an_error_is_logged_once_and_as_loud_as_its_fault() {
    let failure =
        |error: Error| Err(Failure { error: Box::new(error), service: Some("a.b".into()), form: Form::Json });
    let log = logged(failure(
        Error::new(ErrorKind::Internal, "m")
            .fault(Fault::Host)
            .detail("traceback")
            .source(io::Error::other("root")),
    ));
    assert_eq!(log.lines().count(), 1, "{log}");
    for part in ["ERROR", "cid=c1", "a.b", "internal", "traceback", "root"] {
        assert!(log.contains(part), "{part} is missing: {log}");
    }
    assert!(logged(failure(Error::new(ErrorKind::Unavailable, "m"))).contains("WARN"));
    assert_eq!(logged(failure(Error::new(ErrorKind::NotFound, "m"))), "");
    let of_service = Error::new(ErrorKind::Internal, "m").fault(Fault::Service);
    assert_eq!(logged(failure(of_service)), "", "it is in the service's own log");
}

#[test]
fn a_wrong_header_is_logged_by_name_and_without_its_value() {
    let with = |name: &str, value: &str| {
        let headers = vec![(name.to_owned(), value.to_owned())];
        logged(Ok(Response { status: 200, headers, ..Response::default() }))
    };
    let log = with("x-token", "se\ncret");
    assert!(log.contains("x-token") && !log.contains("cret"), "{log}");
    let log = with("x\ny", "secret");
    assert!(log.contains("\\n") && !log.contains("secret") && log.lines().count() == 1, "{log}");
}
