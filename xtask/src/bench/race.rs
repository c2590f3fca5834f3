//! The same load on several servers, in turns.

use super::{
    Bench,
    report::Table,
    statistics::median,
    wrk::{self, Load, Sample},
};
use crate::{server::Server, shell};
use anyhow::{Result, ensure};

/// Who takes part, and where.
#[derive(Debug)]
pub(super) struct Runner {
    pub(super) name: &'static str,
    pub(super) url: String,
}

impl Runner {
    pub(super) fn new(name: &'static str, address: &str, path: &str) -> Self {
        Self { name, url: format!("http://{address}{path}") }
    }
}

/// What one of them did under one load.
#[derive(Debug)]
struct Laps<'a> {
    runner: &'a Runner,
    connections: u32,
    samples: Vec<Sample>,
}

impl Laps<'_> {
    fn median(&self, of: fn(&Sample) -> f64) -> f64 {
        median(&self.samples.iter().map(of).collect::<Vec<_>>())
    }
}

/// Runs all under each load and makes a table, in which those of `references` are what the others are compared with.
pub(super) fn run(
    bench: &Bench<'_>,
    runners: &[Runner],
    connections: &[u32],
    references: &[&str],
) -> Result<Table> {
    let (rounds, seconds) = if bench.quick { (1, 2) } else { (3, 3) };
    let mut all = Vec::new();
    for &connections in connections {
        all.extend(runners.iter().map(|runner| Laps { runner, connections, samples: Vec::new() }));
    }
    for runner in runners {
        wrk::run(bench.context, &runner.url, Load { connections: 16, seconds: 1, posts_order: false })?;
    }
    for round in 1..=rounds {
        shell::say(&format!("round {round} of {rounds}"));
        for laps in &mut all {
            let load = Load { connections: laps.connections, seconds, posts_order: false };
            let sample = wrk::run(bench.context, &laps.runner.url, load)?;
            ensure!(sample.requests_per_second > sample.failed, "{} answers badly", laps.runner.url);
            laps.samples.push(sample);
        }
    }
    let mut table = table(&all, references);
    table.note(format!(
        "Medians of {rounds} rounds of {seconds} s in which the servers took turns; wrk ran on the same machine."
    ));
    Ok(table)
}

fn table(all: &[Laps<'_>], references: &[&str]) -> Table {
    let against: Vec<String> = references.iter().map(|name| format!("x {name}")).collect();
    let mut header = vec!["connections", "server", "requests/s", "p50 ms", "p99 ms", "failed"];
    header.extend(against.iter().map(String::as_str));
    let mut table = Table::new(&header);
    for laps in all {
        let rate = laps.median(|sample| sample.requests_per_second);
        let mut cells = vec![
            laps.connections.to_string(),
            laps.runner.name.to_owned(),
            format!("{rate:.0}"),
            format!("{:.2}", laps.median(|sample| sample.p50_ms)),
            format!("{:.2}", laps.median(|sample| sample.p99_ms)),
            format!("{:.0}", laps.samples.iter().map(|sample| sample.failed).sum::<f64>()),
        ];
        cells.extend(references.iter().map(|name| {
            let same =
                |other: &&Laps<'_>| other.runner.name == *name && other.connections == laps.connections;
            all.iter().find(same).map_or_else(String::new, |reference| {
                format!("{:.2}", rate / reference.median(|sample| sample.requests_per_second))
            })
        }));
        table.row(cells);
    }
    table
}

/// Applies definitions to a server, which are JSON.
pub(super) fn apply(server: &Server, definitions: &serde_json::Value) -> Result<()> {
    let body = serde_json::json!({"submission": {"definitions": definitions}}).to_string();
    let answer = crate::http::Connection::open(&server.admin)?.post("/api/v1/definitions/apply", &body)?;
    ensure!(answer.status == 200, "the apply was answered with {}: {}", answer.status, answer.body);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_compared_with_the_references_under_the_same_load() {
        let sample = |rate| Sample { requests_per_second: rate, p50_ms: 1.0, p99_ms: 2.0, failed: 0.0 };
        let (ours, bare) = (Runner::new("ours", "a", "/"), Runner::new("bare", "b", "/"));
        let laps = |runner, connections, rate| Laps { runner, connections, samples: vec![sample(rate)] };
        let all =
            [laps(&ours, 1, 50.0), laps(&bare, 1, 100.0), laps(&ours, 64, 300.0), laps(&bare, 64, 200.0)];
        let shown = table(&all, &["bare"]).to_string();
        assert!(shown.contains("| 1 | ours | 50 | 1.00 | 2.00 | 0 | 0.50 |"), "{shown}");
        assert!(shown.contains("| 64 | ours | 300 | 1.00 | 2.00 | 0 | 1.50 |"), "{shown}");
    }
}
