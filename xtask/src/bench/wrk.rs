//! Load by `wrk`, and what it measured.

use crate::{context::Context, shell};
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::process::Command;

/// One run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) requests_per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// Requests without a good answer.
    pub(super) failed: f64,
}

/// How much load.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub(super) connections: u32,
    pub(super) seconds: u32,
    /// Posts the order instead of getting the URL.
    pub(super) posts_order: bool,
}

/// Threads of the load generator. One: a second one would take both processors of a small machine from the server in turns
/// of milliseconds, and the latencies would be the scheduler's. It can ask for some 150,000 answers a second, which is
/// less than a bare axum server gives.
const THREADS: &str = "1";

/// Puts load on `url`.
pub(super) fn run(context: &Context, url: &str, load: Load) -> Result<Sample> {
    let folder = context.root.join("xtask/bench");
    let mut wrk = Command::new("wrk");
    wrk.arg("-t").arg(THREADS).arg("-c").arg(load.connections.to_string());
    wrk.arg("-d").arg(format!("{}s", load.seconds)).arg("-s").arg(folder.join("load.lua")).arg(url);
    if load.posts_order {
        wrk.arg("--").arg(folder.join("order.json"));
    }
    parse(&shell::output(&mut wrk)?)
}

/// Reads the line that `load.lua` prints.
fn parse(output: &str) -> Result<Sample> {
    let line =
        output.lines().find_map(|line| line.strip_prefix("RESULT ")).context("wrk printed no result")?;
    let result: Value = serde_json::from_str(line).with_context(|| format!("wrk printed {line}"))?;
    let field = |name: &str| {
        result.get(name).and_then(Value::as_f64).with_context(|| format!("wrk printed no {name}"))
    };
    Ok(Sample {
        requests_per_second: field("requests")? / field("duration_us")? * 1e6,
        p50_ms: field("p50_us")? / 1e3,
        p99_ms: field("p99_us")? / 1e3,
        failed: field("failed")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_script_prints() {
        let line = r#"RESULT {"requests":500,"duration_us":2000000,"p50_us":100,"p99_us":1000,"failed":1}"#;
        let sample = parse(&format!("Running 2s test\n{line}\n")).unwrap();
        assert_eq!(
            (sample.requests_per_second, sample.p50_ms, sample.p99_ms, sample.failed),
            (250.0, 0.1, 1.0, 1.0)
        );
        assert!(parse("Running 2s test\n").is_err());
    }
}
