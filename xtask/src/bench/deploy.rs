//! Hot deployment: from a saved file to the first answer of the new version, while requests keep coming.

use super::{Bench, memory::service, report::Table, statistics::percentile};
use crate::{http::Connection, server::Start};
use anyhow::{Result, bail};
use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

const PATH: &str = "/services/changing.hello-world";
/// Four clients with 50 requests a second each.
const CLIENTS: usize = 4;
const INTERVAL: Duration = Duration::from_millis(20);
const PAUSE: Duration = Duration::from_millis(200);
const TIMEOUT: Duration = Duration::from_secs(30);

/// What the clients saw.
#[derive(Debug, Default)]
struct Load {
    is_over: AtomicBool,
    requests: AtomicU64,
    failed: AtomicU64,
}

pub(super) fn measure(bench: &Bench<'_>) -> Result<Table> {
    let (services, data) = (bench.empty_folder("services")?, bench.empty_folder("data")?);
    let file = services.join("changing.py");
    fs::write(&file, service("version 0"))?;
    let server = Start::quiet(&bench.binary, &services, &data).run()?;
    let (load, versions) = (Load::default(), if bench.quick { 10 } else { 50 });
    let times = thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| load.keep_calling(&server.listen));
        }
        thread::sleep(PAUSE);
        let times = deploy_all(&file, &server.listen, versions);
        load.is_over.store(true, Ordering::Relaxed);
        times
    })?;
    server.stop()?;
    let mut table = Table::new(&["file saved until the new version answers", ""]);
    for (name, percent) in [("p50", 50.0), ("p95", 95.0), ("slowest", 100.0)] {
        table.fact(name, format!("{:.1} ms", percentile(&times, percent)));
    }
    table.fact("requests meanwhile", load.requests.into_inner().to_string());
    table.fact("failed", load.failed.into_inner().to_string());
    table.note(format!(
        "{versions} versions under 200 requests a second to the service that changes; half of them written in place, half \
         under another name and renamed."
    ));
    Ok(table)
}

/// Deploys one version after the other; returns milliseconds.
fn deploy_all(file: &Path, address: &str, versions: u32) -> Result<Vec<f64>> {
    let mut connection = Connection::open(address)?;
    (1..=versions)
        .map(|version| {
            let text = format!("version {version}");
            save(file, &service(&text), version % 2 == 0)?;
            let saved = Instant::now();
            while connection.get(PATH)?.body != text {
                if saved.elapsed() > TIMEOUT {
                    bail!("{text} does not answer {TIMEOUT:?} after it was saved");
                }
                thread::sleep(Duration::from_millis(1));
            }
            let time = saved.elapsed().as_secs_f64() * 1e3;
            thread::sleep(PAUSE);
            Ok(time)
        })
        .collect()
}

/// Saves a file as some editors do, or as the others do.
fn save(file: &Path, text: &str, by_renaming: bool) -> Result<()> {
    if !by_renaming {
        return Ok(fs::write(file, text)?);
    }
    let other = file.with_extension("py.new");
    fs::write(&other, text)?;
    Ok(fs::rename(other, file)?)
}

impl Load {
    /// Calls the service at a steady pace; a late answer does not make the next request late.
    fn keep_calling(&self, address: &str) {
        let mut connection = None;
        let mut next = Instant::now();
        while !self.is_over.load(Ordering::Relaxed) {
            self.requests.fetch_add(1, Ordering::Relaxed);
            if !Self::call(&mut connection, address) {
                self.failed.fetch_add(1, Ordering::Relaxed);
                connection = None;
            }
            next += INTERVAL;
            thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    }

    fn call(connection: &mut Option<Connection>, address: &str) -> bool {
        if connection.is_none() {
            *connection = Connection::open(address).ok();
        }
        let answer = connection.as_mut().map(|connection| connection.get(PATH));
        matches!(answer, Some(Ok(answer)) if answer.status == 200 && answer.body.starts_with("version "))
    }
}
