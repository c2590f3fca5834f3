//! `caisson internal bench-calls`: what a call over a connection costs before anything is done: guest to host and back, with all
//! layers, on a connection that does nothing.

use anyhow::Context as _;
use caisson_capability::connections::Table;
use caisson_capability::{
    BoxFuture, Call, ChannelInfo, Cid, Connection, Connections, Deadline, Error, Grant, Invocation,
    LiveConnection, Options, Policy, Request, Schemas, Trace,
};
use caisson_engine::{Diagnostics, Engine, EngineOptions, Host, Package, Program, Settings, SourceFile};
use caisson_host::{Guest, Link, Shows, error, types};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::{Accessor, Linker};

/// Rounds whose medians are reported.
const ROUNDS: usize = 7;

/// Calls in a round.
const CALLS: u32 = 20_000;

/// What to measure
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A component that calls as often as its message says
    #[arg(long, value_name = "FILE")]
    component: PathBuf,
}

#[derive(Debug, Serialize)]
struct Figures {
    /// A call from Python, in microseconds.
    python_us: f64,
    /// A call from a component in Rust, in microseconds.
    rust_us: f64,
    /// The layers alone, in nanoseconds.
    layers_ns: f64,
    /// The question whether a grant allows it, in nanoseconds.
    grant_ns: f64,
}

/// The interface of Redis, behind which nothing is: its one function takes and gives little, like most calls.
#[allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::all,
    reason = "generated code; its documentation is in wit/"
)]
mod generated {
    wasmtime::component::bindgen!({
        path: ["../../wit/deps/capability", "../../wit/deps/redis"],
        world: "caisson:redis/imports",
        with: { "caisson:capability/types": caisson_host::types },
    });
}

use generated::caisson::redis::client;

/// A connection that does nothing.
struct Nothing;

impl Connection for Nothing {
    fn ping(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

impl client::Host for Guest<'_> {}

impl<T: Send + 'static> client::HostWithStore<T> for Shows {
    async fn run(
        accessor: &Accessor<T, Self>,
        connection: String,
        command: Vec<Vec<u8>>,
    ) -> Result<Vec<client::Part>, types::Error> {
        let bytes = command.iter().map(Vec::len).sum();
        let (lease, _carrying) =
            accessor.with(|mut access| access.get().lease::<Nothing>("nothing", &connection, bytes))?;
        lease.call(Call::of("run"), async |_| Ok(vec![client::Part::Nil])).await.map_err(error)
    }

    async fn pipeline(
        _accessor: &Accessor<T, Self>,
        _connection: String,
        _commands: Vec<Vec<Vec<u8>>>,
        _atomic: bool,
    ) -> Result<Vec<Vec<client::Part>>, types::Error> {
        Ok(Vec::new())
    }

    async fn script(
        _accessor: &Accessor<T, Self>,
        _connection: String,
        _source: String,
        _keys: Vec<Vec<u8>>,
        _arguments: Vec<Vec<u8>>,
    ) -> Result<Vec<client::Part>, types::Error> {
        Ok(Vec::new())
    }
}

/// Links it where Redis has been linked already.
fn instead_of_redis(linker: &mut Linker<Host>, guest: fn(&mut Host) -> Guest<'_>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    client::add_to_linker::<_, Shows>(linker, guest)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Measures and says it as JSON.
///
/// # Errors
///
/// A file cannot be read, a guest cannot be loaded or fails.
pub(super) fn run(args: &Args) -> anyhow::Result<String> {
    let program = std::env::current_exe().context("this program's own file is not known")?;
    let cache = std::env::temp_dir().join(format!("caisson-bench-{}", std::process::id()));
    let options = EngineOptions {
        python: program.with_file_name("caisson-python"),
        cache: cache.clone(),
        program,
        max_active: 1,
        diagnostics: Diagnostics::default(),
        shared_names: false,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let figures = runtime.block_on(measure(args, &options));
    // What is left in a folder for temporary files is no reason to lose the figures.
    drop(std::fs::remove_dir_all(cache));
    Ok(serde_json::to_string(&figures?)?)
}

/// Calls as often as the message says.
const SERVICE: &str = "\
from caisson import Service
from _caisson_redis import run

class Calls(Service):
    def handle(self):
        command = [b'PING']
        for _ in range(int(self.request.raw_request)):
            run('nothing', command)
        self.response.payload = ''
";

async fn measure(args: &Args, options: &EngineOptions) -> anyhow::Result<Figures> {
    let connections = Arc::new(Connections::new(Arc::new(())));
    connections.swap(table());
    let mut links = caisson_capabilities::links();
    links.push(instead_of_redis as Link<Host>);
    let engine = Engine::new(options, Arc::default(), Arc::default(), Arc::clone(&connections), &links)?;
    let source = SourceFile { path: "calls.py".to_owned(), content: SERVICE.into() };
    let python = Package::Python { name: "calls".to_owned(), files: vec![source] };
    let wasm = std::fs::read(&args.component)
        .with_context(|| format!("{} cannot be read", args.component.display()))?;
    let rust =
        Package::Component { name: "calls".to_owned(), wasm: wasm.into(), schemas: Schemas::default() };
    let python = engine.load(&python, Settings::default()).await?;
    let rust = engine.load(&rust, Settings::default()).await?;
    Ok(Figures {
        python_us: from_guest(&python, "calls.calls").await?,
        rust_us: from_guest(&rust, "calls").await?,
        layers_ns: layers(&connections).await?,
        grant_ns: grant(&connections)?,
    })
}

fn table() -> Table {
    let name: Arc<str> = "nothing".into();
    let live = LiveConnection::new(name, "nothing", [0; 32], Arc::new(Nothing), Policy::default());
    let grant = Grant {
        services: vec!["other.*".to_owned(), "calls*".to_owned()],
        operations: vec!["run".to_owned()],
        restrictions: Options::default(),
    };
    let mut table = Table::new();
    table.insert(Arc::new(live), vec![Arc::new(grant)]);
    table
}

/// Microseconds for one call: the difference between many and none.
async fn from_guest(program: &Arc<Program>, service: &str) -> anyhow::Result<f64> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let none = timed(program, service, 0).await?;
        let many = timed(program, service, CALLS).await?;
        rounds.push(many.saturating_sub(none).as_secs_f64() * 1e6 / f64::from(CALLS));
    }
    Ok(median(rounds))
}

async fn timed(program: &Arc<Program>, service: &str, calls: u32) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let answer = Arc::clone(program).invoke(invocation(service, calls.to_string()), 1).await;
    let took = started.elapsed();
    let answer = answer
        .map_err(|error| anyhow::anyhow!("{error}: {}", error.detail.as_deref().unwrap_or_default()))?;
    anyhow::ensure!(answer.status == 200, "{service} answered {}", answer.status);
    Ok(took)
}

/// Nanoseconds for finding a connection and a call through all layers, without a guest.
async fn layers(connections: &Arc<Connections>) -> anyhow::Result<f64> {
    let invocation = Arc::new(invocation("calls", String::new()));
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        for _ in 0..CALLS {
            let lease = connections.lease::<Nothing>(&invocation, "nothing", "nothing")?;
            lease.call(Call::of("run"), async |_| Ok(())).await?;
        }
        rounds.push(started.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS));
    }
    Ok(median(rounds))
}

/// Nanoseconds for asking whether a grant allows an operation.
fn grant(connections: &Arc<Connections>) -> anyhow::Result<f64> {
    let invocation = Arc::new(invocation("calls", String::new()));
    let lease = connections.lease::<Nothing>(&invocation, "nothing", "nothing")?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        for _ in 0..CALLS {
            std::hint::black_box(&lease).allow("run")?;
        }
        rounds.push(started.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS));
    }
    Ok(median(rounds))
}

fn invocation(service: &str, body: String) -> Invocation {
    Invocation {
        cid: Cid::from("benchmark"),
        service: service.into(),
        channel: ChannelInfo::plain("bench"),
        principal: None,
        peer: None,
        deadline: Deadline::after(Duration::from_secs(60)),
        attempt: 1,
        trace: Trace::default(),
        depth: 0,
        chain: caisson_capability::Chain::default(),
        request: Request { body: body.into(), ..Request::default() },
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
