//! Dies in the middle of a request.

use guest::{Context, Error, Request, Response};

guest::handler!(handle);

fn handle(_: Context, _: Request) -> Result<Response, Error> {
    core::arch::wasm32::unreachable()
}
