//! Holds on to what the host gives, in the way that the request names (`MODE` or `MODE COUNT`), and answers what it got: a line
//! for each kind of answer, with how often it came.

mod bindings {
    //! What the contract says is asynchronous is so here too: a call can be given up.

    wit_bindgen::generate!({
        path: "../../../../wit",
        world: "caisson:service/service",
        generate_all,
    });
}
mod tally;

use bindings::caisson::capability::types::Error as Refused;
use bindings::caisson::http::client as http;
use bindings::caisson::sql::client as sql;
use bindings::exports::caisson::service::handler::{Context, Error, Guest, Request, Response};
use futures_util::future::join_all;
use std::task::Poll;
use tally::{Tally, given_up};

/// Calls under way at the same time.
const TOGETHER: u32 = 250;

struct Component;

impl Guest for Component {
    async fn handle(_: Context, request: Request) -> Result<Response, Error> {
        let text = String::from_utf8_lossy(&request.body);
        let (mode, count) = text.split_once(' ').unwrap_or((&text, "1"));
        let count = count.parse().unwrap_or(1);
        let mut tally = Tally::default();
        match mode {
            "transactions" => keep(count, &mut tally, || sql::begin("db".to_owned(), plain())).await,
            "cursors" => keep(count, &mut tally, || sql::open("db".to_owned(), statement(ENDLESS))).await,
            "bodies" => keep(count, &mut tally, || http::open("api".to_owned(), get("/endless"))).await,
            "uploads" => keep(count, &mut tally, || http::begin("api".to_owned(), post("/ok"))).await,
            "large" => large(count, &mut tally).await,
            "cancelled" => cancelled(&mut tally).await,
            "ended" => ended(&mut tally).await,
            "holds" => holds(count, &mut tally).await,
            "transaction" | "cursor" | "body" | "upload" | "mistaken" => {
                forged(mode, count, &mut tally).await
            }
            _ => dies(mode, &mut tally).await,
        }
        Ok(Response { status: 200, headers: Vec::new(), body: tally.report(), settlement: None })
    }
}

/// More rows than anybody waits for.
const ENDLESS: &str = "select * from generate_series(1, 1000000000)";

/// What nobody must see afterwards.
const LEFT: &str = "insert into items (n, t) values (-1, 'left open')";

/// Takes as many of something as there are, and gives none back.
async fn keep<T, F: Future<Output = Result<T, Refused>>>(
    count: u32,
    tally: &mut Tally,
    take: impl Fn() -> F,
) {
    let mut left = count;
    while left > 0 {
        let now = left.min(TOGETHER);
        for answer in join_all((0..now).map(|_| take())).await {
            // Kept until the request ends.
            std::mem::forget(tally.note("take", answer));
        }
        left -= now;
    }
}

/// Many calls at the same time, each with a megabyte to hold, while all sessions are taken.
async fn large(count: u32, tally: &mut Tally) {
    keep(100, tally, || sql::begin("db".to_owned(), plain())).await;
    let text = format!("select '{}'", "x".repeat(1 << 20));
    let mut calls = Vec::new();
    for _ in 0..count {
        let mut call = Box::pin(sql::query("db".to_owned(), statement(&text)));
        // Once begun, it holds nothing here any more.
        match std::future::poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await {
            Poll::Ready(answer) => drop(tally.note("query", answer)),
            Poll::Pending => calls.push(call),
        }
    }
    for answer in join_all(calls).await {
        tally.note("query", answer.map(drop));
    }
}

/// Gives up calls in the middle and goes on with what they were made on.
async fn cancelled(tally: &mut Tally) {
    if let Some(open) = tally.note("begin", sql::begin("db".to_owned(), plain()).await) {
        tally.note("execute", open.execute(statement(LEFT)).await);
        tally.gave_up("query", given_up(open.query(statement("select pg_sleep(30)"))).await);
        tally.note("query after", open.query(statement("select 1")).await.map(drop));
        tally.note("commit after", open.commit().await);
    }
    if let Some(cursor) = tally.note("open", sql::open("db".to_owned(), statement(SLOW)).await) {
        tally.gave_up("fetch", given_up(cursor.fetch(10)).await);
        tally.note("fetch after", cursor.fetch(10).await.map(drop));
    }
    if let Some(answer) = tally.note("get", http::open("api".to_owned(), get("/stalls")).await) {
        tally.gave_up("read", given_up(answer.body.read(10)).await);
        tally.note("read after", answer.body.read(10).await.map(drop));
    }
    if let Some(upload) = tally.note("upload", http::begin("api".to_owned(), post("/never")).await) {
        tally.gave_up("finish", given_up(upload.finish()).await);
        tally.note("finish after", upload.finish().await.map(drop));
    }
    tally.gave_up("begin", given_up(sql::begin("db".to_owned(), plain())).await);
}

/// Rows of which the first does not come soon.
const SLOW: &str = "select pg_sleep(30)";

/// Goes on with a transaction after each of its ends.
async fn ended(tally: &mut Tally) {
    for commit in [true, false] {
        let Some(open) = tally.note("begin", sql::begin("db".to_owned(), plain()).await) else { continue };
        tally.note("end", if commit { open.commit().await } else { open.rollback().await });
        tally.note("query", open.query(statement("select 1")).await.map(drop));
        tally.note("execute", open.execute(statement(LEFT)).await.map(drop));
        tally.note("batch", open.batch(LEFT.to_owned(), vec![sql::Params::None]).await.map(drop));
        tally.note("commit", open.commit().await);
        tally.note("rollback", open.rollback().await);
    }
}

/// A transaction that takes its time and comes to a good end.
async fn holds(count: u32, tally: &mut Tally) {
    let Some(open) = tally.note("begin", sql::begin("db".to_owned(), plain()).await) else { return };
    tally.note("execute", open.execute(statement("insert into items (n, t) values (5, 'held')")).await);
    for _ in 0..count {
        tally.note("query", open.query(statement("select pg_sleep(0.1)")).await.map(drop));
    }
    tally.note("commit", open.commit().await);
}

/// Uses a number as a handle that was never given, or that is one of another kind.
async fn forged(what: &str, number: u32, tally: &mut Tally) {
    let made_up = |tally: &mut Tally, answer| {
        tally.note(what, answer);
    };
    // SAFETY: none; the host has to find out.
    match what {
        "transaction" => {
            let forged = unsafe { sql::Transaction::from_handle(number) };
            made_up(tally, forged.commit().await);
        }
        "cursor" => made_up(tally, unsafe { sql::Cursor::from_handle(number) }.fetch(1).await.map(drop)),
        "body" => made_up(tally, unsafe { http::Body::from_handle(number) }.read(1).await.map(drop)),
        "upload" => made_up(tally, unsafe { http::Upload::from_handle(number) }.finish().await.map(drop)),
        _ => {
            let answer = http::open("api".to_owned(), get("/ok")).await;
            let Some(answer) = tally.note("open", answer) else { return };
            let mistaken = unsafe { sql::Transaction::from_handle(answer.body.handle()) };
            made_up(tally, mistaken.commit().await);
        }
    }
}

/// Changes something in a transaction and does not come to its end, or ends without it.
async fn dies(how: &str, tally: &mut Tally) {
    let Some(open) = tally.note("begin", sql::begin("db".to_owned(), plain()).await) else { return };
    tally.note("execute", open.execute(statement(LEFT)).await);
    match how {
        "traps" => std::process::abort(),
        "spins" => loop {
            std::hint::black_box(0);
        },
        "waits" => loop {
            tally.note("query", open.query(statement("select pg_sleep(0.1)")).await.map(drop));
        },
        _ => std::mem::forget(open),
    }
}

fn plain() -> sql::TransactionOptions {
    sql::TransactionOptions { isolation: None, read_only: false }
}

fn statement(text: &str) -> sql::Statement {
    sql::Statement { text: text.to_owned(), params: sql::Params::None, timeout_ms: None }
}

fn get(path: &str) -> http::Request {
    http::Request {
        method: "GET".to_owned(),
        path: path.to_owned(),
        params: Vec::new(),
        headers: Vec::new(),
        body: None,
        timeout_ms: None,
    }
}

fn post(path: &str) -> http::Request {
    http::Request { method: "POST".to_owned(), ..get(path) }
}

bindings::export!(Component with_types_in bindings);
