//! The task `gen`: documents that are made from measurements or from the code, and never by hand.
//!
//! Each has a module of its own. What takes long to measure is kept as data beside the document, so that a test can tell at
//! once whether the document is the data's.

mod stdlib;
mod zato;

use crate::context::Context;
use anyhow::Result;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    document: Document,
}

#[derive(Debug, clap::Subcommand)]
enum Document {
    /// docs/zato.md: what services of Zato use, and what becomes of it here, by services that show it
    Zato,
    /// docs/stdlib.md: what of the standard library works in the sandbox, by CPython's own tests
    Stdlib(stdlib::Options),
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<()> {
    match &options.document {
        Document::Zato => zato::run(context),
        Document::Stdlib(options) => stdlib::run(context, options),
    }
}
