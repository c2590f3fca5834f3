//! A thousand services on one server: how fast they are deployed, what they cost, how long a restart takes.

use super::{
    Bench,
    memory::{memory, service},
    report::Table,
};
use crate::{http, http::Connection, server::Start, shell};
use anyhow::{Result, bail};
use std::{
    fs, thread,
    time::{Duration, Instant},
};

const TIMEOUT: Duration = Duration::from_secs(600);

pub(super) fn measure(bench: &Bench<'_>) -> Result<Table> {
    let count = if bench.quick { 100 } else { 1000 };
    let (services, data) = (bench.empty_folder("services")?, bench.empty_folder("data")?);
    let server = Start::quiet(&bench.binary, &services, &data).run()?;
    let started = Instant::now();
    for number in 0..count {
        fs::write(services.join(format!("item_{number}.py")), service(&number.to_string()))?;
    }
    wait_for_all(&server.listen, count)?;
    let took = started.elapsed();
    let mut table = Table::new(&[&format!("{count} Python services"), ""]);
    table.fact("files saved until all answer", shell::seconds(took));
    table.fact("deployed in a second", format!("{:.0}", f64::from(count) / took.as_secs_f64()));
    memory(&mut table, "after each was called", &server)?;
    table.fact("images of all services together", format!("{} MB", images(&server.admin)? / 1_000_000));
    server.stop()?;
    let server = Start::quiet(&bench.binary, &services, &data).run()?;
    table.fact("restart until ready", shell::seconds(server.time_to_ready));
    memory(&mut table, "after the restart", &server)?;
    wait_for_all(&server.listen, count)?;
    server.stop()?;
    table.note(
        "Images are memory files; the resident memory of the process counts what it has mapped and touched of them. All that the \
         machine gives for the services is at most its own memory and the images together.",
    );
    Ok(table)
}

/// Bytes of memory images that belong to one service each.
fn images(admin: &str) -> Result<u64> {
    let packages: Vec<serde_json::Value> = serde_json::from_str(&http::get(admin, "/api/v1/packages")?.body)?;
    Ok(packages.iter().filter_map(|package| package["image_bytes"].as_u64()).sum())
}

/// Calls every service until it answers.
fn wait_for_all(address: &str, count: u32) -> Result<()> {
    let mut connection = Connection::open(address)?;
    let started = Instant::now();
    for number in 0..count {
        let path = format!("/services/item-{number}.hello-world");
        while connection.get(&path)?.body != number.to_string() {
            if started.elapsed() > TIMEOUT {
                bail!("{path} does not answer {TIMEOUT:?} after it was saved");
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
    Ok(())
}
