//! The servers that are compared: all answer the same two requests in the same way.

use super::Bench;
use crate::{
    context::{Context, cargo_in},
    http, samples,
    server::{self, Server, Start},
    shell, venv,
};
use anyhow::{Context as _, Result, bail};
use std::{
    fs::File,
    net::TcpListener,
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A running server.
#[derive(Debug)]
pub(super) struct Contender {
    pub(super) name: &'static str,
    pub(super) hello: String,
    pub(super) order: String,
    /// Stops the server when dropped.
    _process: Process,
}

#[derive(Debug)]
enum Process {
    Caisson { _server: Server },
    Reference(Child),
}

impl Drop for Process {
    fn drop(&mut self) {
        let Self::Reference(child) = self else {
            return;
        };
        if let Err(error) = server::signal(child.id()).and_then(|()| Ok(child.wait()?)) {
            shell::say(&format!("cannot stop a reference server: {error:#}"));
        }
    }
}

/// Name of the reference without Python.
pub(super) const AXUM: &str = "axum";
/// Name of the reference with Python.
pub(super) const FASTAPI: &str = "FastAPI, 2 workers";

/// Starts them all.
pub(super) fn start(bench: &Bench<'_>) -> Result<Vec<Contender>> {
    Ok(vec![caisson(bench)?, axum(bench.context)?, fastapi(bench.context)?])
}

fn caisson(bench: &Bench<'_>) -> Result<Contender> {
    let (services, data) = (bench.empty_folder("services")?, bench.empty_folder("data")?);
    samples::copy_to(bench.context, &services)?;
    let server = Start::quiet(&bench.binary, &services, &data).run()?;
    Ok(Contender {
        name: "Caisson, Python",
        hello: format!("http://{}/services/hello.hello-world", server.listen),
        order: format!("http://{}/services/order.transform-order", server.listen),
        _process: Process::Caisson { _server: server },
    })
}

pub(super) fn axum(context: &Context) -> Result<Contender> {
    let folder = context.root.join("xtask/bench/axum");
    let target = context.scratch("axum")?;
    shell::run(cargo_in(&folder, &target).args(["build", "--release", "--locked", "--quiet"]))?;
    let address = free_address()?;
    let mut command = Command::new(target.join("release/bench-axum"));
    reference(context, AXUM, &address, command.arg(&address))
}

pub(super) fn fastapi(context: &Context) -> Result<Contender> {
    let environment = venv::make(context, "FastAPI", &context.root.join("xtask/bench/requirements.txt"))?;
    let address = free_address()?;
    let port = address.rsplit(':').next().unwrap_or_default();
    let mut command = Command::new(environment.join("bin/uvicorn"));
    command.args([
        "fastapi_app:app",
        "--workers",
        "2",
        "--no-access-log",
        "--log-level",
        "warning",
        "--port",
        port,
    ]);
    command.arg("--app-dir").arg(context.root.join("xtask/bench")).env("PYTHONDONTWRITEBYTECODE", "1");
    reference(context, FASTAPI, &address, &mut command)
}

/// Starts a reference server and waits until it answers.
fn reference(
    context: &Context,
    name: &'static str,
    address: &str,
    command: &mut Command,
) -> Result<Contender> {
    let log = File::create(context.scratch("bench")?.join("reference.log"))?;
    command.stdout(log.try_clone()?).stderr(log);
    let child = command.spawn().with_context(|| format!("cannot start {}", shell::name(command)))?;
    let contender = Contender {
        name,
        hello: format!("http://{address}/hello"),
        order: format!("http://{address}/order"),
        _process: Process::Reference(child),
    };
    let started = Instant::now();
    while !http::get(address, "/hello").is_ok_and(|answer| answer.status == 200) {
        if started.elapsed() > START_TIMEOUT {
            bail!("{name} does not answer at {address}");
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(contender)
}

fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// Needs the network the first time, and half a minute: for people who change the benchmark.
    #[test]
    #[ignore = "builds and installs the reference servers"]
    fn references_give_the_same_answers() {
        let context = Context::new().unwrap();
        let payload = context.root.join("xtask/bench/order.json");
        let order = |contender: &Contender| -> Value {
            let mut curl = Command::new("curl");
            curl.args(["-sS", "-H", "Content-Type: application/json", "--data-binary"]);
            curl.arg(format!("@{}", payload.display())).arg(&contender.order);
            serde_json::from_str(&shell::output(&mut curl).unwrap()).unwrap()
        };
        assert_eq!(order(&axum(&context).unwrap()), order(&fastapi(&context).unwrap()));
    }
}
