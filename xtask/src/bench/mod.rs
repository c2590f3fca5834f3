//! The task `bench`.
//!
//! Absolute numbers say little: machines differ, and one machine differs from day to day. So whatever can be compared is
//! measured beside its reference, in turns, in the same run.
//!
//! # Layout
//!
//! * [`contenders`]: the servers that are compared; [`wrk`]: the load; [`http`]: who gets which load, and the table.
//! * [`memory`], [`deploy`], [`thousand`], [`engine`], [`transforms`], [`models`], [`channels`], [`apply`], [`calls`], [`invoke`], [`native`],
//!   [`database`], [`upstreams`], [`consume`]: one measurement each; [`race`]: the same load on several, [`behind`]: databases and brokers.
//! * [`statistics`], [`report`]: numbers and how they are written down.

mod apply;
mod behind;
mod calls;
mod channels;
mod consume;
mod contenders;
mod database;
mod deploy;
mod engine;
mod http;
mod invoke;
mod memory;
mod models;
mod native;
mod race;
mod report;
mod statistics;
mod thousand;
mod transforms;
mod upstreams;
mod wrk;

use crate::{binary, context::Context, shell};
use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use report::Table;
use std::{fs, path::PathBuf};

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    measurement: Measurement,
}

#[derive(Debug, Clone, Copy, Args)]
struct Effort {
    /// Measure less and sooner: to see that it works, not to publish
    #[arg(long)]
    quick: bool,
    /// Write the tables into docs/benchmarks.md
    #[arg(long)]
    write: bool,
}

#[derive(Debug, Subcommand)]
enum Measurement {
    /// Requests per second and latencies, beside a bare axum server and FastAPI
    Http(Effort),
    /// Memory of the server with ten services, and how long it takes to start
    Memory(Effort),
    /// From a saved file to the first answer of the new version, under load
    Deploy(Effort),
    /// A thousand services on one server
    Thousand(Effort),
    /// The engine alone, without HTTP
    Engine(Effort),
    /// Transforms of messages and calls of Python's library, beside CPython
    Transforms(Effort),
    /// A declared model of 20 fields, beside pydantic
    Models(Effort),
    /// Finding a channel, and what stands before a service
    Channels(Effort),
    /// From an apply to the first answer, on one server and on two through etcd
    Apply(Effort),
    /// What a call to a connection costs before the connection does anything
    Calls(Effort),
    /// A service that calls another, and calls in the background beside Redis Streams
    Invoke(Effort),
    /// A service in Rust, beside a bare axum server and `wasmtime serve`
    Native(Effort),
    /// A row from PostgreSQL, beside axum with sqlx and FastAPI with asyncpg
    Database(Effort),
    /// Many requests that wait for a slow system
    Upstreams(Effort),
    /// Messages taken from RabbitMQ and acknowledged, beside a bare consumer
    Consume(Effort),
    /// All of them
    All(Effort),
}

/// What a measurement needs.
#[derive(Debug)]
struct Bench<'a> {
    context: &'a Context,
    /// The release build of `caisson`.
    binary: PathBuf,
    quick: bool,
}

impl Bench<'_> {
    /// A folder that is empty.
    fn empty_folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.context.scratch("bench")?.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }
}

/// A measurement: its name in the document, and how it is done.
type Named = (&'static str, fn(&Bench<'_>) -> Result<Table>);

const ALL: [Named; 15] = [
    ("http", http::measure),
    ("memory", memory::measure),
    ("deploy", deploy::measure),
    ("thousand", thousand::measure),
    ("engine", engine::measure),
    ("transforms", transforms::measure),
    ("models", models::measure),
    ("channels", channels::measure),
    ("apply", apply::measure),
    ("calls", calls::measure),
    ("invoke", invoke::measure),
    ("native", native::measure),
    ("database", database::measure),
    ("upstreams", upstreams::measure),
    ("consume", consume::measure),
];

pub(crate) fn run(context: &Context, options: &Options) -> Result<()> {
    let (chosen, effort) = match &options.measurement {
        Measurement::Http(effort) => ("http", effort),
        Measurement::Memory(effort) => ("memory", effort),
        Measurement::Deploy(effort) => ("deploy", effort),
        Measurement::Thousand(effort) => ("thousand", effort),
        Measurement::Engine(effort) => ("engine", effort),
        Measurement::Transforms(effort) => ("transforms", effort),
        Measurement::Models(effort) => ("models", effort),
        Measurement::Channels(effort) => ("channels", effort),
        Measurement::Apply(effort) => ("apply", effort),
        Measurement::Calls(effort) => ("calls", effort),
        Measurement::Invoke(effort) => ("invoke", effort),
        Measurement::Native(effort) => ("native", effort),
        Measurement::Database(effort) => ("database", effort),
        Measurement::Upstreams(effort) => ("upstreams", effort),
        Measurement::Consume(effort) => ("consume", effort),
        Measurement::All(effort) => ("", effort),
    };
    let bench = Bench { context, binary: binary::release(context)?, quick: effort.quick };
    let mut tables = vec![("machine", report::machine(context)?)];
    for (name, measure) in ALL.iter().filter(|(name, _)| chosen.is_empty() || *name == chosen) {
        tables.push((name, shell::step(&format!("measuring: {name}"), || measure(&bench))?));
    }
    for (name, table) in &tables {
        println!("\n## {name}\n\n{table}");
    }
    if effort.write {
        report::write(context, &tables)?;
    }
    Ok(())
}
