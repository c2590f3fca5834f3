//! `caisson internal`: what the build and the server itself call. Nothing here is an interface for people.

mod bench;
mod calls;
mod invoke;

use crate::exit::Exit;
use crate::output::Output;
use anyhow::Context as _;
use caisson_engine::CompileError;
use std::path::PathBuf;

/// Used by the build and by the server itself
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Compile the component on standard input into a folder
    Compile {
        /// The folder, which must exist
        out: PathBuf,
    },
    /// Compile the Python interpreter and boot it once
    BuildPython {
        /// The interpreter's component
        #[arg(long, value_name = "FILE")]
        wasm: PathBuf,
        /// The folder to write to
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Say what compiled code depends on
    EngineKey,
    /// Measure the engine alone and print a line of JSON
    BenchEngine(bench::Args),
    /// Measure what a call to a connection costs before the connection does anything and print a line of JSON
    BenchCalls(calls::Args),
    /// Measure calls between services, and those in the background, and print a line of JSON
    BenchInvoke(invoke::Args),
    /// Measure routes and layers without sockets and print a line of JSON
    BenchChannels {
        /// Requests in a round
        #[arg(long, value_name = "N", default_value_t = 20_000)]
        requests: u32,
    },
}

/// Carries it out.
///
/// # Errors
///
/// What the engine says, without anything added: a server takes it over into its own messages.
pub(crate) fn run(args: Args, output: Output) -> anyhow::Result<Exit> {
    match args.command {
        Command::Compile { out } => return Ok(compile(&out, output)),
        Command::BuildPython { wasm, out } => build_python(&wasm, &out)?,
        Command::EngineKey => output.line(engine_key()?),
        Command::BenchEngine(args) => output.line(bench::run(&args)?),
        Command::BenchCalls(args) => output.line(calls::run(&args)?),
        Command::BenchInvoke(args) => output.line(invoke::run(&args)?),
        Command::BenchChannels { requests } => output.line(bench_channels(requests)?),
    }
    Ok(Exit::Ok)
}

/// The server reads standard error as the reason, so it stands there alone.
fn compile(out: &std::path::Path, output: Output) -> Exit {
    match caisson_engine::compile_child(out) {
        Ok(()) => Exit::Ok,
        Err(error) => {
            output.note(error.to_string());
            match error {
                CompileError::Refused(_) => Exit::Failed,
                CompileError::Io(_) => Exit::HostFault,
            }
        }
    }
}

fn build_python(wasm: &std::path::Path, out: &std::path::Path) -> anyhow::Result<()> {
    let bytes = std::fs::read(wasm).with_context(|| format!("{} cannot be read", wasm.display()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(caisson_engine::build_python(&bytes, out, &caisson_capabilities::links()))?;
    Ok(())
}

fn bench_channels(requests: u32) -> anyhow::Result<String> {
    // With threads to spare for what blocks, and one that does the rest, so that nothing is measured but work.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let figures = runtime.block_on(caisson_channel::bench::measure(requests)).map_err(anyhow::Error::msg)?;
    Ok(serde_json::to_string(&figures)?)
}

fn engine_key() -> anyhow::Result<String> {
    caisson_engine::engine_key().map_err(|error| anyhow::anyhow!("{error:#}"))
}
