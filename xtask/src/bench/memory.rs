//! Memory of the server with ten services, and how long it takes from its start until it is ready.

use super::{Bench, report::Table, report::kilobytes, statistics::median};
use crate::{http, server::Server, server::Start};
use anyhow::{Context as _, Result};
use std::fs;

const SERVICES: usize = 10;
const REQUESTS: usize = 1000;

pub(super) fn measure(bench: &Bench<'_>) -> Result<Table> {
    let (services, data) = (bench.empty_folder("services")?, bench.empty_folder("data")?);
    for number in 0..SERVICES {
        fs::write(services.join(format!("hello_{number}.py")), service("How goes it?"))?;
    }
    let mut table = Table::new(&["server with 10 Python services", ""]);
    let starts = if bench.quick { 3 } else { 10 };
    let mut times = Vec::new();
    for start in 0..starts {
        let server = Start::quiet(&bench.binary, &services, &data).run()?;
        times.push(server.time_to_ready.as_secs_f64() * 1e3);
        if start == 0 {
            memory(&mut table, "at rest", &server)?;
            call_all(&server)?;
            memory(&mut table, "after 1,000 requests", &server)?;
        }
        server.stop()?;
    }
    let first = times.first().copied().unwrap_or_default();
    table.fact("first start until ready", format!("{first:.0} ms"));
    table.fact("start until ready, median", format!("{:.0} ms", median(&times)));
    table.note(format!(
        "{starts} starts, from the start of the process to the first 200 of `/healthz/ready`."
    ));
    Ok(table)
}

/// The text of a file with a service that answers `text`.
pub(super) fn service(text: &str) -> String {
    format!(
        "from zato.server.service import Service\n\n\nclass HelloWorld(Service):\n    def handle(self):\n        \
         self.response.payload = '{text}'\n"
    )
}

fn call_all(server: &Server) -> Result<()> {
    let mut connection = http::Connection::open(&server.listen)?;
    for number in 0..REQUESTS {
        let path = format!("/services/hello-{}.hello-world", number % SERVICES);
        let answer = connection.get(&path)?;
        anyhow::ensure!(answer.status == 200, "{path} answered {}: {}", answer.status, answer.body);
    }
    Ok(())
}

/// Notes the memory of a server.
pub(super) fn memory(table: &mut Table, when: &str, server: &Server) -> Result<()> {
    let read = |file: &str| {
        let path = format!("/proc/{}/{file}", server.id());
        fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
    };
    let (status, rollup) = (read("status")?, read("smaps_rollup")?);
    let size = |text: &str, name: &str| {
        kilobytes(text, name).map_or_else(|| "?".to_owned(), |size| format!("{} MB", size / 1000))
    };
    table.fact(&format!("resident memory, {when}"), size(&status, "VmRSS"));
    table.fact(&format!("of which only its own, {when}"), size(&rollup, "Private_Dirty"));
    Ok(())
}
