//! A thousand services on one server: how fast they are deployed, what they cost, how long a restart takes.

use super::{
    Bench,
    memory::{memory, service},
    report::Table,
};
use crate::{http::Connection, server::Start, shell};
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
    server.stop()?;
    let server = Start::quiet(&bench.binary, &services, &data).run()?;
    table.fact("restart until ready", shell::seconds(server.time_to_ready));
    memory(&mut table, "after the restart", &server)?;
    wait_for_all(&server.listen, count)?;
    server.stop()?;
    Ok(table)
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
