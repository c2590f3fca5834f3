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
    path::PathBuf,
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
    Reference { _server: Reference },
}

/// A running server that Caisson is compared with, or that stands behind both. Stopped when it is dropped.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) address: String,
    child: Child,
}

impl Drop for Reference {
    fn drop(&mut self) {
        if let Err(error) = server::signal(self.child.id()).and_then(|()| Ok(self.child.wait()?)) {
            shell::say(&format!("cannot stop a reference server: {error:#}"));
        }
    }
}

impl Reference {
    /// Starts a command and waits until it answers `/hello` at an address.
    pub(super) fn start(
        context: &Context,
        name: &str,
        address: String,
        command: &mut Command,
    ) -> Result<Self> {
        let log = File::create(context.scratch("bench")?.join("reference.log"))?;
        command.stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().with_context(|| format!("cannot start {}", shell::name(command)))?;
        let mut reference = Self { address, child };
        let started = Instant::now();
        while !http::get(&reference.address, "/hello").is_ok_and(|answer| answer.status == 200) {
            if started.elapsed() > START_TIMEOUT || reference.child.try_wait()?.is_some() {
                bail!("{name} does not answer at {}", reference.address);
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(reference)
    }

    fn contender(self, name: &'static str) -> Contender {
        let url = |path: &str| format!("http://{}/{path}", self.address);
        Contender {
            name,
            hello: url("hello"),
            order: url("order"),
            _process: Process::Reference { _server: self },
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
    Ok(bare_axum(context, None)?.contender(AXUM))
}

pub(super) fn fastapi(context: &Context) -> Result<Contender> {
    Ok(bare_fastapi(context, None)?.contender(FASTAPI))
}

/// The reference without Python. With the address of a database it has `/customer`.
pub(super) fn bare_axum(context: &Context, database: Option<&str>) -> Result<Reference> {
    let program = built(context, "axum")?;
    let address = free_address()?;
    Reference::start(context, AXUM, address.clone(), Command::new(program).arg(&address).args(database))
}

/// The reference with Python, likewise.
pub(super) fn bare_fastapi(context: &Context, database: Option<&str>) -> Result<Reference> {
    let environment = venv::with(context, "xtask/bench/requirements.txt")?;
    let address = free_address()?;
    let port = address.rsplit(':').next().unwrap_or_default();
    let mut command = Command::new(environment.join("bin/uvicorn"));
    command.args(["fastapi_app:app", "--workers", "2", "--no-access-log", "--log-level", "warning"]);
    command.args(["--port", port]).arg("--app-dir").arg(context.root.join("xtask/bench"));
    command.env("PYTHONDONTWRITEBYTECODE", "1").envs(database.map(|url| ("DATABASE", url)));
    Reference::start(context, FASTAPI, address, &mut command)
}

/// Builds the program in a folder of `xtask/bench`.
pub(super) fn built(context: &Context, name: &str) -> Result<PathBuf> {
    let target = context.scratch(name)?;
    let folder = context.root.join("xtask/bench").join(name);
    shell::run(cargo_in(&folder, &target).args(["build", "--release", "--locked", "--quiet"]))?;
    Ok(target.join(format!("release/bench-{name}")))
}

pub(super) fn free_address() -> Result<String> {
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
