//! Leaves handles of the host open: as many as the request says.

use guest::{Context, Error, Request, Response, answer};
use wasip2::clocks::monotonic_clock;

guest::handler!(handle);

fn handle(_: Context, request: Request) -> Result<Response, Error> {
    let text = String::from_utf8_lossy(&request.body);
    let count: u32 = text.trim().parse().unwrap_or(1);
    for _ in 0..count {
        std::mem::forget(monotonic_clock::subscribe_duration(1_000_000_000_000));
    }
    answer(format!("{count} left open"))
}
