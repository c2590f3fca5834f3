//! From an apply to the first answer of the new channel: on the server that was asked, and on another one through etcd.

use super::{Bench, report::Table, statistics::percentile};
use crate::{
    http::Connection,
    samples,
    server::{self, Server, Start},
    shell, tools,
};
use anyhow::{Context as _, Result, anyhow, ensure};
use std::{
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const TIMEOUT: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

/// Channels that are in every revision, beside the one that is new.
const CHANNELS: usize = 100;

pub(super) fn measure(bench: &Bench<'_>) -> Result<Table> {
    tools::install(&[tools::ETCD])?;
    let revisions = if bench.quick { 10 } else { 100 };
    let mut table = Table::new(&["from an apply to the first answer", "p50 ms", "p95 ms", "slowest ms"]);
    let alone = start(bench, "alone", &[])?;
    let (times, _) = apply_all(&alone, &alone, revisions)?;
    row(&mut table, "one server, SQLite", &times);
    alone.stop()?;

    let etcd = Etcd::start(&bench.empty_folder("etcd")?)?;
    let key = bench.empty_folder("key")?.join("secret.key");
    let arguments = |node: &str| -> Vec<String> {
        let key = key.display().to_string();
        ["--etcd", &etcd.url, "--secret-key", &key, "--node", node].map(str::to_owned).to_vec()
    };
    let (one, two) = (start(bench, "one", &arguments("one"))?, start(bench, "two", &arguments("two"))?);
    let (here, there) = apply_all(&one, &two, revisions)?;
    row(&mut table, "two servers on etcd, the one that was asked", &here);
    row(&mut table, "two servers on etcd, the other one", &there);
    one.stop()?;
    two.stop()?;
    table.note(format!(
        "{revisions} revisions of {CHANNELS} channels and one that changes its path, from the first byte of the apply over HTTP to \
         the first 200 of the new path, which was asked for every millisecond."
    ));
    Ok(table)
}

fn row(table: &mut Table, name: &str, times: &[f64]) {
    let cell = |percent| format!("{:.1}", percentile(times, percent));
    table.row([name.to_owned(), cell(50.0), cell(95.0), cell(100.0)]);
}

fn start(bench: &Bench<'_>, name: &str, arguments: &[String]) -> Result<Server> {
    let services = bench.empty_folder(&format!("{name}-services"))?;
    samples::copy_to(bench.context, &services)?;
    let data = bench.empty_folder(&format!("{name}-data"))?;
    Start { arguments, ..Start::quiet(&bench.binary, &services, &data) }.run()
}

/// Applies one revision after the other; milliseconds until each answers, on the first and on the second server.
fn apply_all(asked: &Server, other: &Server, revisions: usize) -> Result<(Vec<f64>, Vec<f64>)> {
    let (mut here, mut there) = (Vec::new(), Vec::new());
    for revision in 0..revisions {
        let path = format!("/changing/{revision}");
        let body = definitions(&path);
        let begun = Instant::now();
        let (first, second) = thread::scope(|scope| -> Result<_> {
            let watch = |server: &Server| {
                let (address, path) = (server.listen.clone(), path.clone());
                scope.spawn(move || until_answered(&address, &path, begun))
            };
            let (first, second) = (watch(asked), watch(other));
            let answer = Connection::open(&asked.admin)?.post("/api/v1/definitions/apply", &body)?;
            ensure!(answer.status == 200, "the apply was answered with {}: {}", answer.status, answer.body);
            let ended = |thread: thread::ScopedJoinHandle<'_, Result<f64>>| {
                thread.join().map_err(|_panic| anyhow!("the thread that waits for an answer broke down"))?
            };
            Ok((ended(first)?, ended(second)?))
        })?;
        here.push(first);
        there.push(second);
        thread::sleep(PAUSE);
    }
    Ok((here, there))
}

fn definitions(path: &str) -> String {
    let channel = |name: &str, path: &str| {
        format!(r#"{{"type":"rest","name":"{name}","path":"{path}","service":"hello.hello-world"}}"#)
    };
    let fixed =
        (0..CHANNELS).map(|number| channel(&format!("fixed-{number}"), &format!("/fixed/{number}/{{id}}")));
    let channels: Vec<String> = fixed.chain([channel("changing", path)]).collect();
    format!(r#"{{"submission":{{"definitions":{{"channels":[{}]}}}}}}"#, channels.join(","))
}

fn until_answered(address: &str, path: &str, begun: Instant) -> Result<f64> {
    let mut connection = Connection::open(address)?;
    while connection.get(path)?.status != 200 {
        ensure!(begun.elapsed() < TIMEOUT, "{path} does not answer at {address} {TIMEOUT:?} after the apply");
        thread::sleep(Duration::from_millis(1));
    }
    Ok(begun.elapsed().as_secs_f64() * 1e3)
}

/// An etcd with one member, stopped when it is dropped.
#[derive(Debug)]
struct Etcd {
    child: Child,
    url: String,
}

impl Etcd {
    fn start(folder: &Path) -> Result<Self> {
        let address =
            || -> Result<String> { Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string()) };
        let (client, peer) = (address()?, address()?);
        let (client_url, peer_url) = (format!("http://{client}"), format!("http://{peer}"));
        let mut command = Command::new("etcd");
        command.args(["--log-level", "error", "--data-dir"]).arg(folder);
        command.args(["--listen-client-urls", &client_url, "--advertise-client-urls", &client_url]);
        command.args(["--listen-peer-urls", &peer_url, "--initial-advertise-peer-urls", &peer_url]);
        command.args(["--initial-cluster", &format!("default={peer_url}")]);
        let child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("cannot start etcd")?;
        let etcd = Self { child, url: client_url };
        let begun = Instant::now();
        while TcpStream::connect(&client).is_err() {
            ensure!(begun.elapsed() < TIMEOUT, "etcd does not listen at {client}");
            thread::sleep(Duration::from_millis(20));
        }
        Ok(etcd)
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        if let Err(error) = server::signal(self.child.id()).and_then(|()| Ok(self.child.wait()?)) {
            shell::say(&format!("cannot stop etcd: {error:#}"));
        }
    }
}
