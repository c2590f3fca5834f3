//! Many requests that wait for a slow system: what is lost, and what an instance that waits costs.

use super::{
    Bench, contenders, race,
    report::{Table, kilobytes},
    statistics::median,
    wrk::{self, Load},
};
use crate::{
    server::{Server, Start},
    tools,
};
use anyhow::{Context as _, Result, anyhow};
use serde_json::json;
use std::{fs, thread, time::Duration};

/// Requests under way.
const CONNECTIONS: u32 = 64;

/// What they could be at most: each takes 100 ms.
const IDEAL: f64 = 640.0;

const SERVICE: &str = "\
from caisson import Service, http


class Wait(Service):
    def handle(self):
        self.response.payload = http.connect('slow').get('/slow').text
";

pub(super) fn measure(bench: &Bench<'_>) -> Result<Table> {
    tools::install(&[tools::WRK])?;
    let slow = contenders::bare_axum(bench.context, None)?;
    let (services, data) = (bench.empty_folder("services")?, bench.empty_folder("data")?);
    fs::write(services.join("crm.py"), SERVICE)?;
    let server = Start::quiet(&bench.binary, &services, &data).run()?;
    race::apply(
        &server,
        &json!({
            "connections": [{"name": "slow", "type": "http", "url": format!("http://{}", slow.address), "networks": ["127.0.0.0/8"]}],
            "grants": [{"services": ["*"], "connection": "slow", "operations": ["send"]}],
        }),
    )?;
    let url = format!("http://{}/services/crm.wait", server.listen);
    let run = |connections, seconds| {
        wrk::run(bench.context, &url, Load { connections, seconds, posts_order: false })
    };
    run(1, 1)?;
    let at_rest = own_memory(&server)?;
    let (rounds, seconds) = if bench.quick { (1, 3) } else { (5, 5) };
    let (mut rates, mut latest, mut waiting, mut failed) = (Vec::new(), Vec::new(), Vec::new(), 0.0);
    for _ in 0..rounds {
        let (sample, memory) = thread::scope(|scope| -> Result<_> {
            let load = scope.spawn(|| run(CONNECTIONS, seconds));
            thread::sleep(Duration::from_secs(u64::from(seconds) / 2));
            let memory = own_memory(&server);
            Ok((load.join().map_err(|_panic| anyhow!("the load broke down"))??, memory?))
        })?;
        rates.push(sample.requests_per_second);
        latest.push(sample.p99_ms);
        waiting.push(memory.saturating_sub(at_rest) as f64 / f64::from(CONNECTIONS));
        failed += sample.failed;
    }
    server.stop()?;
    let rate = median(&rates);
    let mut table = Table::new(&["64 requests at a time that wait 100 ms for another system", ""]);
    table.fact("requests/s", format!("{rate:.0}"));
    table.fact("of the 640 that are possible", format!("{:.1} %", rate / IDEAL * 100.0));
    table.fact("p99", format!("{:.1} ms", median(&latest)));
    table.fact("failed", format!("{failed:.0}"));
    table.fact("memory for a waiting instance", format!("{:.0} KB", median(&waiting)));
    table.note(format!(
        "A service in Python, pristine for every request, that passes on what a server of the same machine answers. Medians of {rounds} \
         rounds of {seconds} s. Memory: what the process has for itself alone (`Private_Dirty`) in the middle of a round, less than at \
         rest after a first request, over {CONNECTIONS}."
    ));
    Ok(table)
}

/// Kilobytes that only this process has.
fn own_memory(server: &Server) -> Result<u64> {
    let path = format!("/proc/{}/smaps_rollup", server.id());
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    kilobytes(&text, "Private_Dirty").with_context(|| format!("{path} tells no Private_Dirty"))
}
