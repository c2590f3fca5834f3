//! The engine alone: `caisson internal bench-engine` measures it from within and prints a line of JSON for each result.

use super::{Bench, report::Table};
use crate::shell;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value};
use std::{collections::BTreeSet, process::Command};

/// The field that comes first.
const NAME: &str = "name";

pub(super) fn measure(bench: &Bench<'_>) -> Result<Table> {
    table(&shell::output(Command::new(&bench.binary).args(["internal", "bench-engine"]))?)
}

fn table(output: &str) -> Result<Table> {
    let lines = output.lines().filter(|line| !line.trim().is_empty());
    let results = lines
        .map(|line| {
            serde_json::from_str::<Map<String, Value>>(line)
                .with_context(|| format!("not a JSON object: {line}"))
        })
        .collect::<Result<Vec<_>>>()?;
    ensure!(!results.is_empty(), "the benchmark of the engine printed nothing");
    let fields: BTreeSet<_> =
        results.iter().flat_map(Map::keys).map(String::as_str).filter(|name| *name != NAME).collect();
    let header: Vec<_> = [NAME].into_iter().chain(fields).collect();
    let mut table = Table::new(&header);
    for result in &results {
        table.row(header.iter().map(|name| cell(result.get(*name))));
    }
    Ok(table)
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) if number.is_f64() => {
            format!("{:.1}", number.as_f64().unwrap_or_default())
        }
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_a_table_of_lines_of_json() {
        let output =
            "{\"name\":\"echo\",\"median_us\":49.96,\"runs\":9}\n{\"name\":\"boot\",\"p99_us\":2.0}\n";
        let expected = "| name | median_us | p99_us | runs |\n| --- | --- | --- | --- |\n| echo | 50.0 |  | 9 |\n| boot |  | 2.0 |  |\n";
        assert_eq!(table(output).unwrap().to_string(), expected);
    }

    #[test]
    fn refuses_other_output() {
        assert!(table("").is_err());
        assert!(table("echo: 50 us").is_err());
    }
}
