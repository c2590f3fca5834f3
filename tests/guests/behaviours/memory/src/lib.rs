//! Takes all the memory that it can get, and writes to each page of it.

use guest::{Context, Error, Request, Response};

guest::handler!(handle);

fn handle(_: Context, _: Request) -> Result<Response, Error> {
    let mut kept = Vec::new();
    loop {
        kept.push(std::hint::black_box(vec![1_u8; 1 << 20]));
    }
}
