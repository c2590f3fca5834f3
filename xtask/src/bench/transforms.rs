//! What services do with messages, and single calls of the standard library: in the sandbox, and under this machine's CPython.

use super::{Bench, engine, report::Table};
use crate::shell;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Services of `xtask/bench/transforms.py`, and what they do.
const TRANSFORMS: [(&str, &str); 13] = [
    ("csv-to-json", "CSV to JSON, 1,000 rows"),
    ("xml-order", "XML order to dict and back"),
    ("template", "a page of string.Template, 20 rows"),
    ("xml-parse", "ElementTree.fromstring, 2 kB"),
    ("json-indent", "json.loads, json.dumps(indent, sort_keys)"),
    ("regex-find", "re: findall in 8 kB"),
    ("regex-sub", "re: sub with groups in 8 kB"),
    ("base64-both", "base64 there and back, 8 kB"),
    ("sha256", "hashlib.sha256, 8 kB"),
    ("md5", "hashlib.md5, 8 kB"),
    ("blake2b", "hashlib.blake2b, 8 kB"),
    ("hmac-sha256", "hmac of sha256, 8 kB"),
    ("pbkdf2", "hashlib.pbkdf2_hmac, 100 rounds"),
];

/// Calls in a round of those that take milliseconds; of the others it is as many as the engine's: the first ones of an instance take longer.
const FEW_CALLS: u32 = 200;

pub(super) fn measure(bench: &Bench<'_>) -> Result<Table> {
    let root = bench.context.root.as_path();
    let folder = bench.empty_folder("transforms")?;
    let mut table = Table::new(&[
        "transform",
        "warm us",
        "isolated us",
        "isolated / warm",
        "CPython us",
        "warm / CPython",
    ]);
    let payload = root.join("xtask/bench/order.json");
    let native = engine::native(root, &payload)?;
    let figures = engine::figures(
        bench,
        "samples/services/order.py",
        "order.transform-order",
        &payload,
        "",
        engine::CALLS,
    )?;
    table.row(row("order of 20 items, JSON", &figures, native)?);
    for (name, title) in TRANSFORMS {
        let payload = folder.join(name);
        let native = self::native(root, name, &payload)?;
        let service = format!("transforms.{name}");
        let calls = if native > 1_000.0 { FEW_CALLS } else { engine::CALLS };
        let figures = engine::figures(bench, "xtask/bench/transforms.py", &service, &payload, "", calls)?;
        table.row(row(title, &figures, native)?);
    }
    table.note(
        "Medians of seven rounds of 2,000 calls (of 200 where one takes a millisecond), one after the other. *Warm*: on an instance that is never reset; *isolated*: on one \
         that is put back to its image after every call, which is what requests get. *CPython*: the same function under `python3` \
         on this machine, without a server.",
    );
    Ok(table)
}

/// Microseconds that CPython needs for one; it writes the message that it was measured with.
fn native(root: &Path, name: &str, payload: &Path) -> Result<f64> {
    let script = root.join("xtask/bench/native_transforms.py");
    let output = shell::output(Command::new("python3").arg("-B").arg(script).arg(name).arg(payload))?;
    output.trim().parse().with_context(|| format!("not a number: {output}"))
}

fn row(title: &str, figures: &Value, native: f64) -> Result<Vec<String>> {
    let number = |field: &str| {
        figures.get(field).and_then(Value::as_f64).with_context(|| format!("no {field} in {figures}"))
    };
    let (warm, isolated) = (number("warm_us")?, number("isolated_us")?);
    Ok(vec![
        title.to_owned(),
        format!("{warm:.1}"),
        format!("{isolated:.1}"),
        format!("{:.2}", isolated / warm),
        format!("{native:.1}"),
        format!("{:.2}", warm / native),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_compares_with_cpython() {
        let cells = row("x", &json!({"warm_us": 20.0, "isolated_us": 30.0}), 40.0).unwrap();
        assert_eq!(cells, ["x", "20.0", "30.0", "1.50", "40.0", "0.50"]);
    }

    #[test]
    fn a_missing_figure_is_named() {
        assert!(row("x", &json!({"warm_us": 1}), 1.0).unwrap_err().to_string().contains("isolated_us"));
    }
}
