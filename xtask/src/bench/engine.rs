//! The engine alone: `caisson internal bench-engine` measures it from within, beside this machine's own CPython.

use super::{Bench, report::Table};
use crate::shell;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// What is called: a name for the table, a file in this project, a service in it.
const WORKLOADS: [(&str, &str, &str); 3] = [
    ("echo", "xtask/bench/echo.py", "echo.echo"),
    ("hello", "samples/services/hello.py", "hello.hello-world"),
    ("order", "samples/services/order.py", "order.transform-order"),
];

/// The columns, and the fields of the figures that they show.
const COLUMNS: [(&str, &str); 7] = [
    ("isolated us", "isolated_us"),
    ("of it call", "call_us"),
    ("of it reset", "reset_us"),
    ("pages reset", "dirty_pages"),
    ("warm us", "warm_us"),
    ("new instance us", "instantiate_us"),
    ("its first call us", "first_call_us"),
];

/// Calls in a round.
pub(super) const CALLS: u32 = 2_000;

pub(super) fn measure(bench: &Bench<'_>) -> Result<Table> {
    let payload = bench.context.root.join("xtask/bench/order.json");
    let native = native(bench.context.root.as_path(), &payload)?;
    let mut header = vec!["service"];
    header.extend(COLUMNS.iter().map(|(title, _)| *title));
    header.extend(["isolated / warm", "CPython us", "isolated / CPython"]);
    let mut table = Table::new(&header);
    for reset in ["", "--plain-reset"] {
        for (name, file, service) in WORKLOADS {
            let figures = figures(bench, file, service, &payload, reset, CALLS)?;
            let reference = (name == "order").then_some(native);
            let title = if reset.is_empty() { name.to_owned() } else { format!("{name}, reset by madvise") };
            table.row(row(&title, &figures, reference)?);
        }
    }
    table.note(
        "Medians of seven rounds of 2,000 calls. *Isolated*: on an instance that is put back to its image after every call. \
         *Warm*: on one that never is. *New instance*: made for the call, as after a deployment. *CPython*: the same \
         transform under `python3` on this machine, without a server.",
    );
    Ok(table)
}

/// What the engine needs for one service of a file.
pub(super) fn figures(
    bench: &Bench<'_>,
    file: &str,
    service: &str,
    payload: &Path,
    reset: &str,
    calls: u32,
) -> Result<Value> {
    let mut command = Command::new(&bench.binary);
    command.args(["internal", "bench-engine", "--service", service, "--file"]);
    command.arg(bench.context.root.join(file)).arg("--payload").arg(payload);
    let calls = if bench.quick { calls / 10 } else { calls };
    command.args(["--calls", &calls.to_string()]);
    if !reset.is_empty() {
        command.arg(reset);
    }
    let output = shell::output(&mut command)?;
    serde_json::from_str(&output).with_context(|| format!("not a JSON object: {output}"))
}

/// Microseconds that CPython needs for one order.
pub(super) fn native(root: &Path, payload: &Path) -> Result<f64> {
    let script = root.join("xtask/bench/native_order.py");
    let output = shell::output(Command::new("python3").arg(script).arg(payload))?;
    output.trim().parse().with_context(|| format!("not a number: {output}"))
}

fn row(name: &str, figures: &Value, native: Option<f64>) -> Result<Vec<String>> {
    let number = |field: &str| {
        figures.get(field).and_then(Value::as_f64).with_context(|| format!("no {field} in {figures}"))
    };
    let mut cells = vec![name.to_owned()];
    for (_, field) in COLUMNS {
        let value = number(field)?;
        cells.push(if field == "dirty_pages" { format!("{value}") } else { format!("{value:.1}") });
    }
    let isolated = number("isolated_us")?;
    cells.push(format!("{:.2}", isolated / number("warm_us")?));
    cells.push(native.map_or_else(String::new, |time| format!("{time:.1}")));
    cells.push(native.map_or_else(String::new, |time| format!("{:.2}", isolated / time)));
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_has_a_cell_for_every_column() {
        let figures = json!({"isolated_us": 20.0, "call_us": 12.0, "reset_us": 8.0, "dirty_pages": 40, "warm_us": 10.0,
            "instantiate_us": 5.0, "first_call_us": 6.0});
        let cells = row("order", &figures, Some(40.0)).unwrap();
        assert_eq!(
            cells,
            ["order", "20.0", "12.0", "8.0", "40", "10.0", "5.0", "6.0", "2.00", "40.0", "0.50"]
        );
        assert_eq!(row("echo", &figures, None).unwrap().len(), cells.len());
    }

    #[test]
    fn a_missing_figure_is_named() {
        assert!(row("echo", &json!({}), None).unwrap_err().to_string().contains("isolated_us"));
    }
}
