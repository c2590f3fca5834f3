//! A service in Rust over HTTP, beside a bare axum server and `wasmtime serve`.

use super::{
    Bench,
    contenders::{self, AXUM, Reference, free_address},
    race::{self, Runner},
    report::Table,
};
use crate::{
    context::{Context, cargo_in},
    guests,
    server::Start,
    shell, tools,
};
use anyhow::{Context as _, Result};
use std::{fs, path::PathBuf, process::Command};

/// The same wasmtime as our own.
const WASMTIME: &str = "48.0.8";

const SERVE: &str = "wasmtime serve";

pub(super) fn measure(bench: &Bench<'_>) -> Result<Table> {
    tools::install(&[tools::WRK])?;
    let (services, data) = (bench.empty_folder("services")?, bench.empty_folder("data")?);
    let hello = guests::rust(bench.context)?.folder.join("hello.wasm");
    for isolation in ["request", "reuse"] {
        fs::copy(&hello, services.join(format!("{isolation}.wasm"))).context("the example is not built")?;
        fs::write(services.join(format!("{isolation}.toml")), format!("isolation = \"{isolation}\"\n"))?;
    }
    let server = Start::quiet(&bench.binary, &services, &data).run()?;
    let axum = contenders::bare_axum(bench.context, None)?;
    let serve = wasmtime_serve(bench.context)?;
    let runners = [
        Runner::new("Caisson, pristine for every request", &server.listen, "/services/request"),
        Runner::new("Caisson, an instance is reused", &server.listen, "/services/reuse"),
        Runner::new(AXUM, &axum.address, "/hello"),
        Runner::new(SERVE, &serve.address, "/hello"),
    ];
    let mut table = race::run(bench, &runners, &[1, 16, 64], &[AXUM, SERVE])?;
    table.note(format!(
        "All answer `How goes it?`. `wasmtime serve` {WASMTIME} runs a component of wasi:http as it does by default, with an instance for \
         a request."
    ));
    server.stop()?;
    Ok(table)
}

fn wasmtime_serve(context: &Context) -> Result<Reference> {
    tools::install_guest_target(context)?;
    let (program, target) = (wasmtime(context)?, context.scratch("wasi-http")?);
    let folder = context.root.join("xtask/bench/wasi-http");
    let mut cargo = cargo_in(&folder, &target);
    shell::run(cargo.args(["build", "--release", "--locked", "--quiet", "--target", tools::GUEST_TARGET]))?;
    let component = target.join(tools::GUEST_TARGET).join("release/bench_wasi_http.wasm");
    let address = free_address()?;
    let mut command = Command::new(program);
    command.args(["serve", "-S", "cli", "--addr", &address]).arg(component);
    Reference::start(context, SERVE, address, &mut command)
}

/// Its program, built once.
fn wasmtime(context: &Context) -> Result<PathBuf> {
    let folder = context.scratch("wasmtime")?.join(WASMTIME);
    let program = folder.join("bin/wasmtime");
    if !program.exists() {
        shell::step(&format!("building wasmtime {WASMTIME} (some minutes, once)"), || {
            let mut cargo = cargo_in(&context.root, &context.scratch("wasmtime")?.join("target"));
            cargo
                .args(["install", "wasmtime-cli", "--locked", "--quiet", "--version", WASMTIME, "--root"])
                .arg(&folder);
            let features = "run,serve,cranelift,pooling-allocator,parallel-compilation,logging,component-model-async,threads";
            shell::run(cargo.args(["--no-default-features", "--features", features]))
        })?;
    }
    Ok(program)
}
