//! What a call to a connection costs before the connection does anything: `caisson internal bench-calls`.

use super::{Bench, report::Table};
use crate::{guests, shell};
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::process::Command;

/// Rows: what is measured, its field, how it is shown.
const ROWS: [(&str, &str, &str); 4] = [
    ("a call from Python", "python_us", "us"),
    ("a call from a component in Rust", "rust_us", "us"),
    ("of it all layers, without a guest", "layers_ns", "ns"),
    ("of it the question whether a grant allows it", "grant_ns", "ns"),
];

pub(super) fn measure(bench: &Bench<'_>) -> Result<Table> {
    let component = guests::rust(bench.context)?.folder.join("calls.wasm");
    let mut command = Command::new(&bench.binary);
    command.args(["internal", "bench-calls", "--component"]).arg(component);
    let output = shell::output(&mut command)?;
    let figures: Value =
        serde_json::from_str(&output).with_context(|| format!("not a JSON object: {output}"))?;
    let mut table = Table::new(&["a granted call to a connection that does nothing", ""]);
    for (name, field, unit) in ROWS {
        let value =
            figures.get(field).and_then(Value::as_f64).with_context(|| format!("no {field} in {output}"))?;
        table.fact(name, if unit == "us" { format!("{value:.2} us") } else { format!("{value:.0} ns") });
    }
    table.note(
        "Medians of seven rounds of 20,000 calls, one after the other within a request: the command and the reply of Redis' `PING` go \
         through the interface of the capability; grant, deadline, retry, breaker, limits, metrics, trace and audit are all passed.",
    );
    Ok(table)
}
