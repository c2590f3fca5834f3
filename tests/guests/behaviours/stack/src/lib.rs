//! Calls itself until the stack ends.

use guest::{Context, Error, Request, Response, answer};

guest::handler!(handle);

fn handle(_: Context, request: Request) -> Result<Response, Error> {
    answer(deeper(request.body.len() as u64).to_string())
}

#[inline(never)]
#[allow(unconditional_recursion, reason = "that is what it is for")]
fn deeper(depth: u64) -> u64 {
    let next = std::hint::black_box(depth.wrapping_add(1));
    std::hint::black_box(deeper(next)).wrapping_add(1)
}
