//! `caisson internal bench-invoke`: what a call of a service by another costs, and how many calls in the background are taken in.

use anyhow::Context as _;
use caisson_background::{Queue, Settings as QueueSettings};
use caisson_capability::background::Task;
use caisson_capability::{
    Background as _, BoxFuture, Chain, ChannelInfo, Cid, Deadline, Error, ErrorKind, Invocation, Invoker,
    Request, Response, Trace,
};
use caisson_engine::{Diagnostics, Engine, EngineOptions, Package, Program, Settings, SourceFile};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Rounds whose medians are reported.
const ROUNDS: usize = 7;

/// Calls in a round.
const CALLS: u32 = 1_000;

/// Calls of one `invoke_all`.
const TOGETHER: u32 = 100;

/// What to measure
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A folder for the file of calls, on the disk that is to be measured
    #[arg(long, value_name = "DIR")]
    folder: PathBuf,
    /// Calls in the background that are taken in for each figure
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    calls: u32,
    /// Bytes of their messages
    #[arg(long, value_name = "N", default_value_t = 256)]
    bytes: usize,
}

#[derive(Debug, Serialize)]
struct Figures {
    /// A call of a service by another, in microseconds.
    invoke_us: f64,
    /// One of a hundred at once, in microseconds.
    together_us: f64,
    /// Calls in the background that are taken in each second, when one waits for the other.
    enqueued_by_one: f64,
    /// The same, when fifty ask at the same time.
    enqueued_by_fifty: f64,
}

const SERVICES: &str = "\
from caisson import Service

class Callee(Service):
    name = 'callee'
    def handle(self):
        self.response.payload = {'total': self.request.payload['a'] + 1}

class One(Service):
    name = 'one'
    def handle(self):
        for _ in range(int(self.request.raw_request)):
            self.invoke('callee', {'a': 1})

class Many(Service):
    name = 'many'
    def handle(self):
        for _ in range(int(self.request.raw_request) // 100):
            self.invoke_all([('callee', {'a': 1})] * 100)
";

/// The door: all services are of one program.
#[derive(Default)]
struct Door(OnceLock<Arc<Program>>);

impl Invoker for Door {
    fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Result<Response, Error>> {
        Box::pin(async move {
            let program =
                self.0.get().ok_or_else(|| Error::new(ErrorKind::Unavailable, "nothing is loaded"))?;
            Arc::clone(program).invoke(invocation, 1).await
        })
    }
}

/// Measures and says it as JSON.
///
/// # Errors
///
/// The services cannot be loaded or fail, the folder cannot be written to.
pub(super) fn run(args: &Args) -> anyhow::Result<String> {
    let program = std::env::current_exe().context("this program's own file is not known")?;
    let options = EngineOptions {
        python: program.with_file_name("caisson-python"),
        cache: args.folder.join("compiled"),
        program,
        max_active: 64,
        diagnostics: Diagnostics::default(),
        shared_names: false,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let figures = runtime.block_on(measure(args, &options))?;
    Ok(serde_json::to_string(&figures)?)
}

async fn measure(args: &Args, options: &EngineOptions) -> anyhow::Result<Figures> {
    let links = caisson_capabilities::links();
    let engine = Engine::new(options, Arc::default(), Arc::default(), Arc::default(), &links)?;
    let source = SourceFile { path: "calls.py".to_owned(), content: SERVICES.into() };
    let package = Package::Python { name: "calls".to_owned(), files: vec![source] };
    let program = engine.load(&package, Settings::default()).await?;
    let door = Arc::new(Door::default());
    // It is set once, here.
    drop(door.0.set(Arc::clone(&program)));
    let invoker: Arc<dyn Invoker> = Arc::<Door>::clone(&door);
    engine.connect(Arc::downgrade(&invoker));
    let invoke_us = per_call(&program, "one", CALLS).await?;
    let together_us = per_call(&program, "many", CALLS.max(TOGETHER)).await?;
    let enqueued_by_one = enqueued(args, &invoker, 1).await?;
    let enqueued_by_fifty = enqueued(args, &invoker, 50).await?;
    Ok(Figures { invoke_us, together_us, enqueued_by_one, enqueued_by_fifty })
}

/// Microseconds for one call: the difference between many and none.
async fn per_call(program: &Arc<Program>, service: &str, calls: u32) -> anyhow::Result<f64> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let none = timed(program, service, 0).await?;
        let many = timed(program, service, calls).await?;
        rounds.push(many.saturating_sub(none).as_secs_f64() * 1e6 / f64::from(calls));
    }
    rounds.sort_by(f64::total_cmp);
    Ok(rounds.get(ROUNDS / 2).copied().unwrap_or_default())
}

async fn timed(program: &Arc<Program>, service: &str, calls: u32) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let answer = Arc::clone(program).invoke(invocation(service, calls.to_string()), 1).await;
    let took = started.elapsed();
    answer.map_err(|error| anyhow::anyhow!("{error}: {}", error.detail.as_deref().unwrap_or_default()))?;
    Ok(took)
}

/// Calls in the background that are taken in each second, by so many who ask.
async fn enqueued(args: &Args, invoker: &Arc<dyn Invoker>, callers: u32) -> anyhow::Result<f64> {
    let file = args.folder.join(format!("background-{callers}.db"));
    let queue = Arc::new(open(&file, invoker).await?);
    // One after the other, each waits for the disk.
    let each = if callers == 1 { args.calls / 20 } else { args.calls / callers }.max(1);
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let (queue, bytes) = (Arc::clone(&queue), args.bytes);
        tasks.spawn(async move {
            let by = Arc::new(invocation("bench", String::new()));
            for _ in 0..each {
                let task =
                    Task { service: "callee".to_owned(), body: vec![b'x'; bytes].into(), ..Task::default() };
                queue.enqueue(&by, task).await?;
            }
            Ok::<_, Error>(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(f64::from(each * callers) / started.elapsed().as_secs_f64())
}

async fn open(file: &Path, invoker: &Arc<dyn Invoker>) -> anyhow::Result<Queue> {
    let queue = Queue::open(file, QueueSettings::default(), Arc::default()).await?;
    queue.connect(Arc::downgrade(invoker));
    Ok(queue)
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
        chain: Chain::default(),
        request: Request { body: body.into(), ..Request::default() },
    }
}
