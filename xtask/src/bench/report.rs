//! Tables in Markdown, and the document that they are written into.

use crate::{context::Context, shell};
use anyhow::{Context as _, Result};
use std::{fmt, fs, process::Command};

const DOCUMENT: &str = "docs/benchmarks.md";

/// A table, with what one has to know to read it.
#[derive(Debug, Default)]
pub(super) struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    notes: Vec<String>,
}

impl Table {
    pub(super) fn new(header: &[&str]) -> Self {
        Self { header: header.iter().copied().map(str::to_owned).collect(), ..Self::default() }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// A row of two cells.
    pub(super) fn fact(&mut self, name: &str, value: impl Into<String>) {
        self.row([name.to_owned(), value.into()]);
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |cells: &[String]| writeln!(f, "| {} |", cells.join(" | "));
        line(&self.header)?;
        line(&vec!["---".to_owned(); self.header.len()])?;
        self.rows.iter().try_for_each(|row| line(row))?;
        self.notes.iter().try_for_each(|note| write!(f, "\n{note}\n"))
    }
}

/// What was measured on what.
pub(super) fn machine(context: &Context) -> Result<Table> {
    let mut table = Table::new(&["machine", ""]);
    let processors = fs::read_to_string("/proc/cpuinfo").context("cannot read /proc/cpuinfo")?;
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let count = std::thread::available_parallelism()?;
    table.fact("processor", format!("{} x {}", count, model.trim_start_matches([' ', '\t', ':'])));
    let memory = fs::read_to_string("/proc/meminfo").context("cannot read /proc/meminfo")?;
    table.fact(
        "memory",
        kilobytes(&memory, "MemTotal").map_or_else(String::new, |size| format!("{} GB", size / 1_000_000)),
    );
    table.fact("kernel", shell::output(Command::new("uname").arg("-sr"))?.trim());
    table.fact("date (UTC)", shell::output(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M"]))?.trim());
    let commit = shell::output(
        Command::new("git").current_dir(&context.root).args(["describe", "--always", "--dirty"]),
    );
    table.fact("commit", commit.map_or_else(|_| "none".to_owned(), |commit| commit.trim().to_owned()));
    Ok(table)
}

/// The value of a line such as `VmRSS:  1234 kB`, as files under `/proc` have them.
pub(super) fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Writes tables between their marks; the prose around them stays.
pub(super) fn write(context: &Context, tables: &[(&str, Table)]) -> Result<()> {
    let path = context.root.join(DOCUMENT);
    let mut text = fs::read_to_string(&path).unwrap_or_else(|_| "# Benchmarks\n".to_owned());
    for (name, table) in tables {
        text = replace(&text, name, &table.to_string());
    }
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    shell::say(&format!("wrote {DOCUMENT}"));
    Ok(())
}

/// Replaces what is between the marks of `name`; adds them at the end when they are missing.
fn replace(text: &str, name: &str, table: &str) -> String {
    let (open, close) = (format!("<!-- bench: {name} -->"), format!("<!-- /bench: {name} -->"));
    let between = format!("{open}\n\n{table}\n{close}");
    let around = text.split_once(&open).and_then(|(before, rest)| Some((before, rest.split_once(&close)?.1)));
    match around {
        Some((before, after)) => format!("{before}{between}{after}"),
        None => format!("{text}\n## {name}\n\n{between}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_markdown() {
        let mut table = Table::new(&["a", "b"]);
        table.fact("1", "2");
        table.note("Read with care.");
        assert_eq!(table.to_string(), "| a | b |\n| --- | --- |\n| 1 | 2 |\n\nRead with care.\n");
    }

    #[test]
    fn keeps_the_prose_around_a_table() {
        let text = "Before\n<!-- bench: x -->\nold\n<!-- /bench: x -->\nAfter\n";
        assert_eq!(
            replace(text, "x", "new\n"),
            "Before\n<!-- bench: x -->\n\nnew\n\n<!-- /bench: x -->\nAfter\n"
        );
    }

    #[test]
    fn adds_a_section_that_is_missing() {
        assert!(
            replace("# Benchmarks\n", "x", "new\n")
                .ends_with("## x\n\n<!-- bench: x -->\n\nnew\n\n<!-- /bench: x -->\n")
        );
    }

    #[test]
    fn reads_numbers_of_proc_files() {
        assert_eq!(kilobytes("VmRSSX: 1 kB\nVmRSS:\t  1234 kB\n", "VmRSS"), Some(1234));
    }
}
