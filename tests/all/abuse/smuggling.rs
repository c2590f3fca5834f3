//! Requests that two readers in a row would take apart at different places: what one of them takes for a body, the other one
//! takes for a request that nobody has looked at.

use super::{CHANNELS, exchange, server};

/// What is to slip through. It ends the connection if it is answered.
const SECOND: &str = "GET /public/second HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

/// A head to which the framing is added, and what comes after it.
fn request(framing: &str, body: &str) -> String {
    format!("POST /public/first HTTP/1.1\r\nhost: x\r\n{framing}\r\n{body}")
}

#[tokio::test]
async fn no_second_request_slips_through_in_a_body() {
    let server = server(CHANNELS).await;
    let chunked = format!("0\r\n\r\n{SECOND}");
    let whole = format!("{:x}\r\n{SECOND}\r\n0\r\n\r\n", SECOND.len());
    let cases: Vec<(&str, String)> = vec![
        ("CL.TE", request("content-length: 5\r\ntransfer-encoding: chunked\r\n", &chunked)),
        ("TE.CL", request("transfer-encoding: chunked\r\ncontent-length: 5\r\n", &chunked)),
        ("CL.0", request("content-length: 0\r\ntransfer-encoding: chunked\r\n", &whole)),
        ("two lengths", request("content-length: 0\r\ncontent-length: 5\r\n", SECOND)),
        ("two lengths in one", request("content-length: 0, 5\r\n", SECOND)),
        ("a length with a sign", request("content-length: +0\r\n", SECOND)),
        ("a length in hex", request("content-length: 0x0\r\n", SECOND)),
        ("a length of words", request("content-length: zero\r\n", SECOND)),
        ("a length too large", request("content-length: 18446744073709551616\r\n", SECOND)),
        ("an empty length", request("content-length: \r\n", SECOND)),
        ("an unknown coding", request("transfer-encoding: xchunked\r\n", &chunked)),
        ("chunked is not last", request("transfer-encoding: chunked, identity\r\n", &chunked)),
        (
            "chunked is not last, in two",
            request("transfer-encoding: chunked\r\ntransfer-encoding: x\r\n", &chunked),
        ),
        ("identity", request("transfer-encoding: identity\r\n", &chunked)),
        ("no coding", request("transfer-encoding: \r\n", &chunked)),
        ("a quoted coding", request("transfer-encoding: \"chunked\"\r\n", &chunked)),
        ("a vertical tab", request("transfer-encoding: \u{b}chunked\r\n", &chunked)),
        ("a space before the colon", request("transfer-encoding : chunked\r\n", &chunked)),
        ("a space before the name", request(" transfer-encoding: chunked\r\n", &chunked)),
        ("a folded line", request("x: y\r\n transfer-encoding: chunked\r\n", &chunked)),
        ("a folded coding", request("transfer-encoding:\r\n chunked\r\n", &chunked)),
        ("a carriage return in a value", request("x: y\rtransfer-encoding: chunked\r\n", &chunked)),
        ("a null in a value", request("x: y\0\r\n", &chunked)),
        (
            "HTTP/1.0 with a coding",
            request("transfer-encoding: chunked\r\n", &chunked)
                .replace("HTTP/1.1\r\nhost: x\r\nt", "HTTP/1.0\r\nhost: x\r\nt"),
        ),
        ("a chunk with a sign", request("transfer-encoding: chunked\r\n", &format!("+0\r\n\r\n{SECOND}"))),
        ("a chunk in hex", request("transfer-encoding: chunked\r\n", &format!("0x0\r\n\r\n{SECOND}"))),
        ("a chunk without a size", request("transfer-encoding: chunked\r\n", &format!("\r\n\r\n{SECOND}"))),
        (
            "a chunk of a negative size",
            request("transfer-encoding: chunked\r\n", &format!("-1\r\n\r\n{SECOND}")),
        ),
        (
            "a chunk longer than it says",
            request("transfer-encoding: chunked\r\n", &format!("1\r\nabc\r\n{chunked}")),
        ),
        (
            "a chunk's end is missing",
            request("transfer-encoding: chunked\r\n", &format!("3\r\nabcxx{chunked}")),
        ),
        (
            "a size that overflows",
            request("transfer-encoding: chunked\r\n", &format!("10000000000000000\r\n{chunked}")),
        ),
    ];
    let mut wrong = Vec::new();
    for (what, bytes) in cases {
        let (statuses, said) = exchange(&server, bytes).await;
        let refused = statuses.first().is_some_and(|status| status == "400" || status == "501");
        // Both framings at once may be answered, but then nothing that follows is a request.
        if statuses.len() != 1 || !(refused || what.contains('.')) {
            wrong.push(format!("{what}: {statuses:?} {said}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn bodies_that_are_framed_well_are_still_read() {
    let server = server(CHANNELS).await;
    let last = "connection: close\r\n";
    for (what, bytes, length) in [
        ("a length", request(&format!("content-length: 3\r\n{last}"), "abc"), 3),
        (
            "chunks",
            request(&format!("transfer-encoding: chunked\r\n{last}"), "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"),
            3,
        ),
        (
            "a coding in capitals",
            request(&format!("Transfer-Encoding: Chunked\r\n{last}"), "1\r\na\r\n0\r\n\r\n"),
            1,
        ),
        (
            "an extension",
            request(&format!("transfer-encoding: chunked\r\n{last}"), "1;a=b\r\na\r\n0\r\n\r\n"),
            1,
        ),
        (
            "a trailer",
            request(&format!("transfer-encoding: chunked\r\n{last}"), "1\r\na\r\n0\r\nx: y\r\n\r\n"),
            1,
        ),
    ] {
        let (statuses, said) = exchange(&server, bytes).await;
        assert_eq!(statuses, ["200"], "{what}: {said}");
        assert!(said.replace(' ', "").contains(&format!("\"bytes\":{length}")), "{what}: {said}");
    }
}
