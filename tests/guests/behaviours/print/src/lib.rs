//! Writes to standard output, standard error and the host's log.

use guest::{Context, Error, Request, Response, answer, log};

guest::handler!(handle);

fn handle(_: Context, _: Request) -> Result<Response, Error> {
    println!("to standard output");
    eprintln!("to standard error");
    log::write(log::Level::Error, "a.logger", "to the log");
    answer("printed")
}
