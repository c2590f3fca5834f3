//! A declared model of 20 fields, beside pydantic under this machine's CPython.

use super::{Bench, engine, report::Table};
use crate::{shell, venv};
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::process::Command;

/// Validations in one call of the service: `TIMES` of `models.py`.
const TIMES: f64 = 100.0;

/// Calls in a round.
const CALLS: u32 = 100;

pub(super) fn measure(bench: &Bench<'_>) -> Result<Table> {
    let root = bench.context.root.as_path();
    let payload = root.join("xtask/bench/models.json");
    let python = venv::with(bench.context, "xtask/bench/requirements.txt")?.join("bin/python");
    let script = root.join("xtask/bench/native_models.py");
    let output = shell::output(Command::new(python).arg(script).arg(&payload))?;
    let native: f64 = output.trim().parse().with_context(|| format!("not a number: {output}"))?;
    let figures = engine::figures(bench, "xtask/bench/models.py", "models.validate", &payload, "", CALLS)?;
    let warm = figures.get("warm_us").and_then(Value::as_f64).context("no warm_us")? / TIMES;
    let mut table = Table::new(&["a model of 20 fields, from a dict", "us", "against pydantic"]);
    table.row(["Caisson, in the sandbox".to_owned(), format!("{warm:.1}"), format!("{:.2}", warm / native)]);
    table.row(["pydantic 2, CPython".to_owned(), format!("{native:.1}"), "1.00".to_owned()]);
    table.note(
        "Medians of seven rounds of 100 calls with 100 validations each: texts, numbers, a UUID, a decimal, a date, two times, a list. \
         Both read the same dict.",
    );
    Ok(table)
}
