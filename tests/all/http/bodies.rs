//! Bodies that are not what their channel says: each gets a clear answer, and the connection goes on.

use crate::harness::{Answer, Command, Server, send};
use bytes::Bytes;
use http_body_util::Full;
use serde_json::json;

const LOOK: &str = "\
from caisson import Service

class Look(Service):
    def handle(self):
        payload = self.request.payload
        names = sorted(payload) if isinstance(payload, dict) else None
        self.response.payload = {'kind': type(payload).__mro__[-2].__name__, 'names': names, 'a': repr(payload)[:20]}

class Merge(Service):
    def handle(self):
        self.response.payload = {'a': self.request.input['a']}
";

const CHANNELS: &str = "\
channels:
  - {name: json, type: rest, path: /json, service: look.look, data_format: json}
  - {name: form, type: rest, path: /form, service: look.look, data_format: form}
  - {name: auto, type: rest, path: \"/auto/{a}\", service: look.merge}
  - {name: url, type: rest, path: \"/url/{a}\", service: look.merge, body_priority: url-over-body}
  - {name: body, type: rest, path: \"/body/{a}\", service: look.merge, body_priority: body-over-url}
";

async fn serving() -> Server {
    let server = Server::with("look.py", LOOK).await;
    let file = server.write("caisson.yaml", format!("version: 1\n{CHANNELS}"));
    Command::to(&server, ["apply", "-f", &file, "--yes"]).run().await.good();
    server
}

async fn post(server: &Server, path: &str, content_type: &str, body: impl Into<Bytes>) -> Answer {
    let request = http::Request::post(format!("http://{}{path}", server.listen));
    let request = request.header("content-type", content_type).body(Full::new(body.into())).unwrap();
    send(&server.http, request).await.unwrap()
}

#[tokio::test]
async fn a_body_that_is_not_the_json_it_should_be_reaches_the_service_as_bytes() {
    let server = serving().await;
    let utf16: Vec<u8> = "{\"a\": 1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_objects = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("JSON", b"{\"a\": 1}".to_vec(), "dict"),
        ("a name that is there twice", b"{\"a\": 1, \"a\": 2}".to_vec(), "dict"),
        ("with a mark of its byte order", b"\xef\xbb\xbf{\"a\": 1}".to_vec(), "dict"),
        ("UTF-16", utf16, "dict"),
        ("Latin-1", b"{\"a\": \"\xe9\"}".to_vec(), "bytes"),
        ("an overlong encoding", b"{\"a\": \"\xc0\xaf\"}".to_vec(), "bytes"),
        ("half a surrogate", b"{\"a\": \"\\ud800\"}".to_vec(), "dict"),
        ("cut off", b"{\"a\": ".to_vec(), "bytes"),
        ("something after it", b"{} {}".to_vec(), "bytes"),
        ("not a number", b"{\"a\": NaN}".to_vec(), "dict"),
        ("a large number", b"{\"a\": 1e999}".to_vec(), "dict"),
        ("more digits than Python reads", format!("{{\"a\": {}}}", "9".repeat(10_000)).into_bytes(), "bytes"),
        ("nested deep", deep.into_bytes(), "bytes"),
        ("objects nested deep", deep_objects.into_bytes(), "bytes"),
        ("a null byte", b"\0".to_vec(), "bytes"),
        ("nothing", Vec::new(), "str"),
    ];
    let mut wrong = Vec::new();
    for (what, body, kind) in cases {
        let answer = post(&server, "/json", "text/plain; charset=utf-16", body).await;
        if answer.status != 200 || answer.json()["kind"] != kind {
            wrong.push(format!("{what}: {} {}", answer.status, answer.text()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let twice = post(&server, "/json", "application/json", "{\"a\": 1, \"a\": 2}").await.json();
    assert_eq!(twice["a"], "{'a': 2}", "the last one counts");
}

#[tokio::test]
async fn a_body_that_is_no_form_is_the_callers_mistake_or_an_odd_form_and_never_a_failure() {
    let server = serving().await;
    for (content_type, body) in [
        ("application/x-www-form-urlencoded", &b"a=%zz&%ff=\xff&=&a"[..]),
        ("application/x-www-form-urlencoded", b"{\"a\": 1}"),
        ("application/json", b"{\"a\": 1}"),
        ("text/plain", b"\0\xff"),
        ("", b"a=1"),
        ("multipart/form-data", b"a=1"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"--x\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n1"),
        ("multipart/form-data; boundary=x", b"--y\r\n\r\n--y--"),
        ("multipart/form-data; boundary=", b"--\r\n\r\n----"),
    ] {
        let answer = post(&server, "/form", content_type, body.to_vec()).await;
        let status = answer.status.as_u16();
        assert!(matches!(status, 200 | 400 | 415), "{content_type:?} {body:?}: {status} {}", answer.text());
    }
}

#[tokio::test]
async fn of_two_fields_of_one_name_that_counts_which_the_channel_says() {
    let server = serving().await;
    for (path, expected) in [
        ("/auto/path", "body"),
        ("/auto/path?a=query", "body"),
        ("/url/path", "path"),
        ("/url/path?a=query", "query"),
        ("/body/path?a=query", "body"),
    ] {
        let answer = post(&server, path, "application/json", "{\"a\": \"body\"}").await;
        assert_eq!(answer.json(), json!({"a": expected}), "{path}");
    }
    assert_eq!(post(&server, "/auto/path", "application/json", "{}").await.json(), json!({"a": "path"}));
}
