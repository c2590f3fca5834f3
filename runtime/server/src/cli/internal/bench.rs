//! `caisson internal bench-engine`: one service, called without HTTP.

use anyhow::Context as _;
use caisson_engine::{Diagnostics, Engine, EngineOptions, Package, Settings, SourceFile, bench};
use std::path::PathBuf;
use std::sync::Arc;

/// What to measure
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A Python file
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Name of a service in it
    #[arg(long, value_name = "NAME")]
    service: String,
    /// A file with the message
    #[arg(long, value_name = "FILE")]
    payload: PathBuf,
    /// Calls in a round
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    calls: u32,
    /// Reset as on kernels without PAGEMAP_SCAN
    #[arg(long)]
    plain_reset: bool,
    /// Name the guest's functions in /tmp/perf-PID.map, for `perf record -p` or `perf record --` this command
    #[arg(long)]
    perf_map: bool,
}

/// Measures and says it as JSON.
///
/// # Errors
///
/// A file cannot be read, the service cannot be loaded or fails.
pub(super) fn run(args: &Args) -> anyhow::Result<String> {
    let program = std::env::current_exe().context("this program's own file is not known")?;
    let cache = std::env::temp_dir().join(format!("caisson-bench-{}", std::process::id()));
    let options = EngineOptions {
        python: program.with_file_name("caisson-python"),
        cache: cache.clone(),
        program,
        max_active: 1,
        diagnostics: Diagnostics { plain_reset: args.plain_reset, perf_map: args.perf_map },
        shared_names: false,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let figures = runtime.block_on(measure(args, &options));
    // It is empty: Python is not compiled. A leftover folder is no reason to lose the figures.
    drop(std::fs::remove_dir_all(cache));
    Ok(serde_json::to_string(&figures?)?)
}

async fn measure(args: &Args, options: &EngineOptions) -> anyhow::Result<bench::Figures> {
    let read =
        |path: &PathBuf| std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()));
    let engine =
        Engine::new(options, Arc::default(), Arc::default(), Arc::default(), &caisson_capabilities::links())?;
    let stem = args.file.file_stem().and_then(|stem| stem.to_str()).context("the file has no usable name")?;
    let files = vec![SourceFile { path: format!("{stem}.py"), content: read(&args.file)?.into() }];
    let package = Package::Python { name: stem.to_owned(), files };
    let program = engine.load(&package, Settings::default()).await?;
    Ok(bench::measure(&program, &args.service, &read(&args.payload)?, args.calls).await?)
}
