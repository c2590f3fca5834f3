//! Calls functions of the capabilities with arguments that the request's body decides, sound ones and nasty ones. Whatever they
//! answer is fine: it goes on, and answers which functions it called and what each said.
//!
//! # Layout
//!
//! * [`amqp`], [`http`], [`redis`], [`sql`]: the functions of one capability each.
//! * [`values`]: texts, numbers and names that hosts have been hurt with. [`run`]: how a call is made, and what came of it.

mod amqp;
mod http;
mod redis;
mod run;
mod sql;
mod values;

mod bindings {
    //! What the contract says is asynchronous is so here too: a call can be given up.

    wit_bindgen::generate!({
        path: "../../../../wit",
        world: "caisson:service/service",
        generate_all,
    });
}

use arbitrary::Unstructured;
use bindings::exports::caisson::service::handler::{Context, Error, Guest, Request, Response};
use run::Run;

/// The most calls of one request.
const STEPS: usize = 40;

struct Component;

impl Guest for Component {
    async fn handle(_: Context, request: Request) -> Result<Response, Error> {
        let mut data = Unstructured::new(&request.body);
        let mut run = Run::default();
        for _ in 0..STEPS {
            // The data has come to its end.
            if data.is_empty() || step(&mut data, &mut run).await.is_err() {
                break;
            }
        }
        Ok(Response { status: 200, headers: Vec::new(), body: run.report(), settlement: None })
    }
}

async fn step(data: &mut Unstructured<'_>, run: &mut Run) -> arbitrary::Result<()> {
    match data.int_in_range(0..=9_u8)? {
        0..=3 => sql::step(data, run).await,
        4..=6 => http::step(data, run).await,
        7..=8 => redis::step(data, run).await,
        _ => amqp::step(data, run).await,
    }
}

bindings::export!(Component with_types_in bindings);
