//! A service that calls another: `caisson internal bench-invoke`. Calls in the background: the same, beside Redis Streams.

use super::{Bench, behind, report::Table};
use crate::shell;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::process::Command;

/// Bytes of a message in the background.
const BYTES: usize = 256;

pub(super) fn measure(bench: &Bench<'_>) -> Result<Table> {
    let calls = if bench.quick { 5_000 } else { 50_000 };
    let folder = bench.empty_folder("invoke")?;
    let mut command = Command::new(&bench.binary);
    command.args(["internal", "bench-invoke", "--folder"]).arg(&folder);
    command.args(["--calls", &calls.to_string(), "--bytes", &BYTES.to_string()]);
    let output = shell::output(&mut command)?;
    let figures: Value =
        serde_json::from_str(&output).with_context(|| format!("not a JSON object: {output}"))?;
    let number = |field: &str| {
        figures.get(field).and_then(Value::as_f64).with_context(|| format!("no {field} in {output}"))
    };
    let mut table = Table::new(&["calls between two services in Python, each on an instance of its own", ""]);
    table.fact("one after the other", format!("{:.1} us", number("invoke_us")?));
    table.fact("a hundred at once, each", format!("{:.1} us", number("together_us")?));
    let each_second =
        |name: &str, value: f64| (format!("in the background: {name}"), format!("{value:.0} /s"));
    let mut rows = vec![
        each_second("one caller", number("enqueued_by_one")?),
        each_second("fifty callers", number("enqueued_by_fifty")?),
    ];
    for appendfsync in ["always", "everysec"] {
        for (clients, who) in [(1, "one caller"), (50, "fifty callers")] {
            let name = format!("Redis XADD, appendfsync {appendfsync}, {who}");
            rows.push((name, format!("{:.0} /s", redis(bench, appendfsync, clients, calls)?)));
        }
    }
    for (name, value) in rows {
        table.fact(&name, value);
    }
    table.note(
        "Medians of seven rounds of 1,000 calls within one request; the callee adds two numbers of a JSON object. *In the background*: \
         messages of 256 bytes that are on disk before their callers go on, in process; Redis is asked by `redis-benchmark` over a \
         socket, on the same disk in the same run.",
    );
    Ok(table)
}

/// Entries that Redis takes into a stream each second.
fn redis(bench: &Bench<'_>, appendfsync: &str, clients: u32, calls: u32) -> Result<f64> {
    let server = behind::redis(bench, appendfsync)?;
    let calls = if clients == 1 { calls / 20 } else { calls };
    let mut command = Command::new("redis-benchmark");
    command.args(["-p", &server.url, "-c", &clients.to_string(), "-n", &calls.to_string(), "--csv"]);
    command.args(["XADD", "calls", "*", "body", &"x".repeat(BYTES)]);
    let output = shell::output(&mut command)?;
    requests_per_second(&output).with_context(|| format!("not what redis-benchmark writes: {output}"))
}

/// The second value of the last line: `"XADD ...","1234.50",...`.
fn requests_per_second(csv: &str) -> Option<f64> {
    let line = csv.lines().rfind(|line| line.contains("XADD"))?;
    line.split(',').nth(1)?.trim_matches('"').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_redis_benchmark_writes() {
        let csv = "\"test\",\"rps\",\"avg\"\n\"XADD calls * body xxx\",\"10638.30\",\"0.05\"\n";
        assert_eq!(requests_per_second(csv), Some(10_638.3));
        assert_eq!(requests_per_second("Could not connect"), None);
    }
}
