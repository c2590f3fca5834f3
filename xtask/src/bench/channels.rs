//! Routes and layers without sockets: `caisson internal bench-channels` measures them from within.

use super::{Bench, report::Table};
use crate::shell;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::process::Command;

pub(super) fn measure(bench: &Bench<'_>) -> Result<Table> {
    let mut command = Command::new(&bench.binary);
    command.args(["internal", "bench-channels", "--requests", if bench.quick { "2000" } else { "20000" }]);
    let output = shell::output(&mut command)?;
    table(&serde_json::from_str(&output).with_context(|| format!("not a JSON object: {output}"))?)
}

fn table(figures: &Value) -> Result<Table> {
    let mut table = Table::new(&["what", "time", "against the line above it"]);
    let mut last = None;
    for route in list(figures, "routes")? {
        let find = number(route, "find_ns")?;
        let against = last.map_or_else(String::new, |last| format!("{:.2}", find / last));
        table.row([format!("find one of {} channels", route["channels"]), format!("{find:.0} ns"), against]);
        last = Some(find);
    }
    for route in list(figures, "routes")? {
        let miss = number(route, "miss_ns")?;
        table.row([
            format!("learn that none of {} fits", route["channels"]),
            format!("{miss:.0} ns"),
            String::new(),
        ]);
    }
    if let Some(largest) = list(figures, "routes")?.last() {
        let build = number(largest, "build_ms")?;
        table.row([
            format!("build a table of {}", largest["channels"]),
            format!("{build:.1} ms"),
            String::new(),
        ]);
    }
    let mut last = None;
    for layer in list(figures, "layers")? {
        let us = number(layer, "us")?;
        let against = last.map_or_else(String::new, |last| format!("+{:.2} us", us - last));
        table.row([layer["name"].as_str().unwrap_or_default().to_owned(), format!("{us:.2} us"), against]);
        last = Some(us);
    }
    let first = number(figures, "first_password_ms")?;
    table.row([
        "the first request with a password (argon2id)".to_owned(),
        format!("{first:.1} ms"),
        String::new(),
    ]);
    table.note(
        "Medians of seven rounds in which the requests took turns; a request without its service, from the parsed head to the \
         answer. Every request has an id, a deadline, a trace context and a guard against panics.",
    );
    Ok(table)
}

fn list<'a>(figures: &'a Value, name: &str) -> Result<&'a Vec<Value>> {
    figures.get(name).and_then(Value::as_array).with_context(|| format!("no {name} in {figures}"))
}

fn number(figures: &Value, name: &str) -> Result<f64> {
    figures.get(name).and_then(Value::as_f64).with_context(|| format!("no {name} in {figures}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_for_every_figure_and_a_missing_one_is_named() {
        let route = json!({"channels": 10, "find_ns": 100.0, "miss_ns": 50.0, "build_ms": 1.0});
        let layer = json!({"name": "axum", "us": 1.5});
        let figures = json!({"routes": [route, route], "layers": [layer, layer], "first_password_ms": 20.0});
        let text = table(&figures).unwrap().to_string();
        assert!(
            text.contains("| find one of 10 channels | 100 ns | 1.00 |") && text.contains("+0.00 us"),
            "{text}"
        );
        assert!(table(&json!({"routes": []})).unwrap_err().to_string().contains("layers"));
    }
}
