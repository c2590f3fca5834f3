//! What is inside a request: bodies that are no JSON, far too deep, no text, chunked without sense, or slow.

use super::{CHANNELS, exchange, server};
use crate::harness::{Answer, Raw, Server, assert_problem, post, status_lines};
use serde_json::Value;
use std::time::Duration;

async fn send(server: &Server, path: &str, body: Vec<u8>) -> Answer {
    post(&server.http, &format!("http://{}{path}", server.listen), body).await.unwrap()
}

#[tokio::test]
async fn a_body_that_is_no_json_reaches_its_service_as_bytes_and_harms_nobody() {
    let server = server(CHANNELS).await;
    let deep = |open: &str, times: usize, close: &str| {
        format!("{}{}", open.repeat(times), close.repeat(times)).into_bytes()
    };
    let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("half of it", b"{\"a\": ".to_vec(), &["bytes"]),
        ("words", b"hello".to_vec(), &["bytes"]),
        ("two of them", b"{} {}".to_vec(), &["bytes"]),
        ("a comma too many", b"[1,]".to_vec(), &["bytes"]),
        ("no UTF-8", b"{\"a\": \"\xff\xfe\"}".to_vec(), &["bytes"]),
        ("half a character", b"\"\xe2\x82\"".to_vec(), &["bytes"]),
        ("nulls", vec![0; 1_000], &["bytes"]),
        ("lists a thousand deep and open", "[".repeat(1_000).into_bytes(), &["bytes"]),
        ("lists a hundred deep", deep("[", 100, "]"), &["list"]),
        // Deeper than the parser goes, or not: nothing breaks either way.
        ("lists a million deep", deep("[", 1_000_000, "]"), &["bytes", "list"]),
        ("objects a million deep and open", "{\"a\":".repeat(1_000_000).into_bytes(), &["bytes"]),
        ("a number of 100,000 digits", format!("[{}]", "9".repeat(100_000)).into_bytes(), &["bytes", "list"]),
        ("what is JSON", b"[1]".to_vec(), &["list"]),
    ];
    let mut wrong = Vec::new();
    for (what, body, types) in cases {
        let answer = send(&server, "/parsed", body).await;
        let found = if answer.status == 200 { answer.json()["type"].clone() } else { Value::Null };
        if !types.iter().any(|one| found == *one) {
            wrong.push(format!("{what}: {} {}", answer.status, answer.text()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let raw = send(&server, "/raw", b"\xff\xfe\x00".to_vec()).await;
    assert_eq!(raw.json()["bytes"], 3, "a channel of bytes takes all of them: {}", raw.text());
}

#[tokio::test]
async fn chunks_without_sense_are_refused() {
    let server = server(CHANNELS).await;
    let head = "POST /raw HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    let extension = format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(100_000));
    let extensions = format!("{}0\r\n\r\n", "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\na\r\n".repeat(50_000));
    let trailer = format!("0\r\nx: {}\r\n\r\n", "y".repeat(200_000));
    let trailers = format!("0\r\n{}\r\n", "x: y\r\n".repeat(20_000));
    for (what, body) in [
        ("a huge extension", extension),
        ("more extensions than body", extensions),
        ("a huge trailer", trailer),
        ("many trailers", trailers),
        ("no size", "g\r\nabc\r\n0\r\n\r\n".to_owned()),
        ("a size with a space", "1 1\r\na\r\n0\r\n\r\n".to_owned()),
        ("a line feed alone", "1\na\n0\n\n".to_owned()),
    ] {
        let (statuses, said) = exchange(&server, format!("{head}{body}")).await;
        let refused = statuses.len() == 1 && statuses[0].starts_with('4');
        // The server may also hang up on somebody who does not stop talking.
        assert!(refused || statuses.is_empty(), "{what}: {said}");
    }
    assert_eq!(send(&server, "/raw", b"abc".to_vec()).await.json()["bytes"], 3);
}

#[tokio::test]
async fn a_slow_body_does_not_outlive_the_deadline_of_its_channel() {
    let server = server(CHANNELS).await;
    for framing in ["content-length: 100000", "transfer-encoding: chunked"] {
        let mut connection = Raw::connect(&server.listen).await;
        connection.send(format!("POST /hurried HTTP/1.1\r\nhost: x\r\n{framing}\r\n\r\n")).await;
        let bytes = "1\r\na\r\n".repeat(2_000);
        let said = connection.drip(bytes.as_bytes(), Duration::from_millis(100)).await;
        assert_eq!(status_lines(&said), ["408"], "{framing}: {said}");
        assert!(said.contains("limit timeout_secs"), "{framing}: {said}");
    }
    assert_problem(&server.path_with(http::Method::GET, "/nothing", &[]).await, 404, "");
}
