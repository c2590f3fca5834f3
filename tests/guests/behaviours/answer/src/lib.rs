//! Answers as many bytes as the request says.

use guest::{Context, Error, Request, Response, answer};

guest::handler!(handle);

fn handle(_: Context, request: Request) -> Result<Response, Error> {
    let text = String::from_utf8_lossy(&request.body);
    answer(vec![b'x'; text.trim().parse().unwrap_or(0)])
}
