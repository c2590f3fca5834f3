//! `caisson:http`.

use crate::bindings::caisson::http::client::{self, Incoming, Request};
use crate::run::Run;
use crate::values::{bytes, connection, count, most, text, timeout};
use arbitrary::{Result, Unstructured};

const CONNECTIONS: &[&str] = &["api", "api", "api", "any", "closed-api", "away"];

/// Paths of the other side of these tests, and what could be taken for another one.
const PATHS: &[&str] = &[
    "/ok",
    "/big",
    "/endless",
    "/never",
    "/cut",
    "/packed",
    "/bomb",
    "/redirect",
    "/heads",
    "/garbage",
    "/{id}",
    "/{id}/{id}/{x}",
    "/ok?a=b&{c}",
    "",
    "?",
    "//elsewhere.example/x",
    "/../../admin",
    "/%2e%2e/admin",
    "/a/..;/b",
    "/\\..\\admin",
    "@elsewhere.example",
    ":80/x",
    "/ok#x",
    "/ok\r\nHost: x",
    "/{",
    "/}",
    "/{}",
    "http://elsewhere.example/",
    "https://u:p@elsewhere.example/",
    "file:///etc/passwd",
    "gopher://x/",
    "http://[::1]:1/",
    "http://0x0a.1/",
    "HTTP://api.example:99999/",
];

const METHODS: &[&str] = &["GET", "GET", "POST", "PUT", "HEAD", "DELETE"];

const ODD_METHODS: &[&str] = &["CONNECT", "get", "", "GE T", "GET\r\n", "PRI", "TRACE", "\u{e9}"];

const NAMES: &[&str] = &[
    "x-a",
    "accept",
    "Host",
    "content-length",
    "transfer-encoding",
    "connection",
    "authorization",
    "x-key",
    "proxy-authorization",
    "x-caisson-cid",
    "traceparent",
    "cookie",
    "x\r\nb",
    "",
    ":path",
    "x y",
];

pub(crate) async fn step(data: &mut Unstructured<'_>, run: &mut Run) -> Result<()> {
    match data.int_in_range(0..=7_u8)? {
        0..=1 => {
            let (to, request) = (connection(data, CONNECTIONS)?, request(data, true)?);
            run.call(data, "http send", client::send(to, request)).await?;
        }
        2..=3 => {
            let (to, request) = (connection(data, CONNECTIONS)?, request(data, true)?);
            let answer = run.call(data, "http open", client::open(to, request)).await?;
            keep(run, answer);
        }
        4 => {
            let with_body = data.ratio(1, 8)?;
            let (to, request) = (connection(data, CONNECTIONS)?, request(data, with_body)?);
            let upload = run.call(data, "http begin", client::begin(to, request)).await?;
            run.uploads.extend(upload);
        }
        5..=6 => read(data, run).await?,
        _ => upload(data, run).await?,
    }
    Ok(())
}

fn keep(run: &mut Run, answer: Option<Incoming>) {
    run.bodies.extend(answer.map(|answer| answer.body));
}

async fn read(data: &mut Unstructured<'_>, run: &mut Run) -> Result<()> {
    let Some(body) = run.bodies.pop() else { return Ok(()) };
    let want = most(data)?;
    if data.ratio(1, 4)? {
        // Both at once: the second finds it taken.
        let (one, two) = futures_util::future::join(body.read(want), body.read(want)).await;
        run.note("http body.read", Some(one));
        run.note("http body.read", Some(two));
    } else {
        run.call(data, "http body.read", body.read(want)).await?;
    }
    if data.ratio(2, 3)? {
        run.bodies.push(body);
    }
    Ok(())
}

async fn upload(data: &mut Unstructured<'_>, run: &mut Run) -> Result<()> {
    let Some(upload) = run.uploads.pop() else { return Ok(()) };
    if data.ratio(1, 2)? {
        let piece = bytes(data)?;
        run.call(data, "http upload.write", upload.write(piece)).await?;
    } else {
        let answer = run.call(data, "http upload.finish", upload.finish()).await?;
        keep(run, answer);
    }
    if data.ratio(2, 3)? {
        run.uploads.push(upload);
    }
    Ok(())
}

fn request(data: &mut Unstructured<'_>, with_body: bool) -> Result<Request> {
    let methods = if data.ratio(9, 10)? { METHODS } else { ODD_METHODS };
    let odd = data.ratio(1, 3)?;
    let path = match data.int_in_range(0..=19_u8)? {
        0 => text(data)?,
        1 => "{a}".repeat(20_000),
        _ if odd => (*data.choose(PATHS)?).to_owned(),
        _ => (*data.choose(&PATHS[..3])?).to_owned(),
    };
    Ok(Request {
        method: (*data.choose(methods)?).to_owned(),
        path,
        params: if odd { fields(data)? } else { Vec::new() },
        headers: if data.ratio(1, 3)? { fields(data)? } else { Vec::new() },
        body: if with_body && data.ratio(1, 3)? { Some(bytes(data)?) } else { None },
        timeout_ms: timeout(data)?,
    })
}

fn fields(data: &mut Unstructured<'_>) -> Result<Vec<(String, String)>> {
    let name = if data.ratio(1, 2)? { data.choose(&["id", "x", "a"])? } else { data.choose(NAMES)? };
    let one = ((*name).to_owned(), text(data)?);
    let many = if one.1.len() > 100 { 3 } else { 40_000 };
    let count = count(data, many)?;
    if data.ratio(1, 2)? {
        return Ok(vec![one; count]);
    }
    Ok((0..count).map(|number| (format!("x-{number}"), one.1.clone())).collect())
}
