//! Answers in pieces. The request's body says what to do, a word at a time: `begin STATUS`, `write BYTES`, `trap`; what was
//! refused is the next piece, or the answer when nothing has begun.

use guest::{Context, Error, Request, Response, answer, bindings::caisson::service::answer as pieces};

guest::handler!(handle);

fn handle(_: Context, request: Request) -> Result<Response, Error> {
    let text = String::from_utf8_lossy(&request.body).into_owned();
    let mut words = text.split_whitespace();
    let mut refused = String::new();
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|number| number.parse().ok()).unwrap_or(0_usize);
        let done = match word {
            "begin" => {
                pieces::begin(u16::try_from(number()).unwrap_or(0), &[("x-begun".to_owned(), "1".to_owned())])
            }
            "write" => pieces::write(&vec![b'p'; number()]),
            _ => core::arch::wasm32::unreachable(),
        };
        if let Err(error) = done {
            refused = format!("{:?}: {}", error.kind, error.message);
            // Before the answer has begun there is nowhere to write it to, and it is answered as a whole.
            drop(pieces::write(refused.as_bytes()));
        }
    }
    answer(refused)
}
