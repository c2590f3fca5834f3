//! The server's own log on standard error: readable lines on a terminal, JSON for machines.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// The log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The filter is not one that `tracing` understands.
    #[error("log filter {filter:?} is not valid: {source}; write for example info or caisson=debug,warn")]
    Filter {
        /// What was given.
        filter: String,
        /// Why it was refused.
        source: tracing_subscriber::filter::ParseError,
    },
    /// Somebody has set up logging in this process before.
    #[error("logging is already set up in this process")]
    AlreadySet,
}

/// Sends the server's log to standard error. `filter` is a `tracing` filter such as `info` or `caisson=debug,warn`.
///
/// # Errors
///
/// A filter that cannot be read; a second call in one process.
pub fn init(filter: &str, json: bool) -> Result<(), ConsoleError> {
    let wrong = |source| ConsoleError::Filter { filter: filter.to_owned(), source };
    let parsed = EnvFilter::try_new(filter).map_err(wrong)?;
    // It writes messages of services that came back, whole: whoever published them is told of it as an error.
    let parsed = parsed.add_directive("lapin::returned_messages=off".parse().map_err(wrong)?);
    let colours = std::io::stderr().is_terminal();
    let builder =
        tracing_subscriber::fmt().with_env_filter(parsed).with_writer(std::io::stderr).with_ansi(colours);
    let done = if json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.with_target(false).try_init()
    };
    done.map_err(|_error| ConsoleError::AlreadySet)
}
