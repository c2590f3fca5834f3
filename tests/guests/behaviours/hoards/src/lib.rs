//! Takes without end what outlives a request (locks, entries of caches, calls in the background), in the way that the request names
//! (`MODE` or `MODE WHAT`), and answers what it got: a line for each kind of answer, with how often it came.

mod bindings {
    //! What the contract says is asynchronous is so here too: many calls go on at the same time.

    wit_bindgen::generate!({
        path: "../../../../wit",
        world: "caisson:service/service",
        generate_all,
    });
}
mod caches;
mod later;
mod locks;
mod tally;

use bindings::caisson::capability::types::ErrorKind;
use bindings::exports::caisson::service::handler::{Context, Error, Guest, Request, Response};
use tally::Tally;

struct Component;

impl Guest for Component {
    async fn handle(context: Context, request: Request) -> Result<Response, Error> {
        let text = String::from_utf8_lossy(&request.body);
        let (mode, what) = text.split_once(' ').unwrap_or((&text, ""));
        let (count, own) = (what.parse().unwrap_or(1), context.service.as_str());
        let mut tally = Tally::default();
        match mode {
            "locks" => locks::take(count, &mut tally).await,
            "try" => locks::try_one(what, &mut tally).await,
            "holds" => locks::hold(count, &mut tally).await,
            "waits" => locks::wait(count, &mut tally).await,
            "dies" => locks::die(what, &mut tally).await?,
            "unfit-locks" => locks::unfit(&mut tally).await,
            "entries" => caches::entries(count, &mut tally),
            "values" => caches::values(count, &mut tally),
            "caches" => caches::names(count, &mut tally),
            "large" => caches::large(count, &mut tally),
            "unfit-caches" => caches::unfit(&mut tally),
            "remember" => caches::remember(what, &mut tally),
            "recall" => caches::recall(&mut tally),
            "search" => caches::search(&mut tally),
            "groups" => later::groups(count, own, &mut tally).await,
            "multiplies" => later::multiply(own, &mut tally).await,
            "unfit-calls" => later::unfit(own, &mut tally).await,
            "later" => later::note(what, own, &mut tally).await,
            "note" => tally::log(what),
            other => return Err(unknown(other)),
        }
        Ok(Response { status: 200, headers: Vec::new(), body: tally.report(), settlement: None })
    }
}

fn unknown(mode: &str) -> Error {
    failed(ErrorKind::InvalidInput, format!("there is no mode {mode}"))
}

fn failed(kind: ErrorKind, message: String) -> Error {
    Error { kind, status: None, message, detail: None, retryable: false, headers: Vec::new() }
}

bindings::export!(Component with_types_in bindings);
