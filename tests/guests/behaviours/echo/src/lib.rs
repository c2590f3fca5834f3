//! Answers what it was sent.

use guest::{Context, Error, Request, Response, answer};

guest::handler!(handle);

fn handle(_: Context, request: Request) -> Result<Response, Error> {
    answer(request.body)
}
