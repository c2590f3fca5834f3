//! The only place that writes to standard output and standard error.
//!
//! Colours appear on terminals only, and never when `NO_COLOR` is set. A reader that goes away (`caisson ls | head`)
//! is not an error.

use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// Text styles, as ANSI parameters.
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const BOLD: &str = "1";
const DIM: &str = "2";

/// Where a command writes, and in which form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    colours_out: bool,
    colours_err: bool,
}

impl Output {
    /// `json` asks for JSON on standard output instead of text for people.
    pub(crate) fn new(json: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            json,
            colours_out: wanted && io::stdout().is_terminal(),
            colours_err: wanted && io::stderr().is_terminal(),
        }
    }

    /// Whether the user asked for JSON.
    pub(crate) fn wants_json(self) -> bool {
        self.json
    }

    /// Writes a line for people to standard output.
    #[expect(
        clippy::unused_self,
        reason = "writing is done through an Output, whatever it needs to know for it"
    )]
    pub(crate) fn line(self, text: impl AsRef<str>) {
        settle(writeln!(io::stdout().lock(), "{}", text.as_ref()));
    }

    /// Writes a value as one line of JSON to standard output.
    pub(crate) fn json(self, value: &impl Serialize) {
        // The values are the API's own JSON or small structs with string keys: they always serialise.
        if let Ok(text) = serde_json::to_string(value) {
            self.line(text);
        }
    }

    /// Writes bytes to standard output as they are; on a terminal the last line is ended.
    #[expect(
        clippy::unused_self,
        reason = "writing is done through an Output, whatever it needs to know for it"
    )]
    pub(crate) fn body(self, bytes: &[u8]) {
        let mut out = io::stdout().lock();
        settle(out.write_all(bytes));
        if io::stdout().is_terminal() && !bytes.ends_with(b"\n") {
            settle(out.write_all(b"\n"));
        }
        settle(out.flush());
    }

    /// Writes a line for people to standard error.
    #[expect(
        clippy::unused_self,
        reason = "writing is done through an Output, whatever it needs to know for it"
    )]
    pub(crate) fn note(self, text: impl AsRef<str>) {
        settle(writeln!(io::stderr().lock(), "{}", text.as_ref()));
    }

    /// Writes an error to standard error.
    pub(crate) fn error(self, text: impl AsRef<str>) {
        self.note(format!("{} {}", paint(self.colours_err, RED, "error:"), text.as_ref()));
    }

    /// Writes rows under a heading to standard output, in columns.
    pub(crate) fn table<const N: usize>(self, heading: [&str; N], rows: &[[String; N]]) {
        let widths: Vec<usize> = heading
            .iter()
            .enumerate()
            .map(|(column, name)| {
                let cells = rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(name.len())
            })
            .collect();
        self.line(self.bold(&columns(&widths, heading)));
        for row in rows {
            self.line(columns(&widths, row.each_ref().map(String::as_str)));
        }
    }

    /// Emphasised text for standard output.
    pub(crate) fn bold(self, text: &str) -> String {
        paint(self.colours_out, BOLD, text)
    }

    /// Text of lesser weight for standard output.
    pub(crate) fn dim(self, text: &str) -> String {
        paint(self.colours_out, DIM, text)
    }

    /// Text that says that all is well, for standard output.
    pub(crate) fn good(self, text: &str) -> String {
        paint(self.colours_out, GREEN, text)
    }

    /// Text that says that something is wrong, for standard output.
    pub(crate) fn bad(self, text: &str) -> String {
        paint(self.colours_out, RED, text)
    }

    /// A word that asks for attention, for standard output.
    pub(crate) fn attention(self, text: &str) -> String {
        paint(self.colours_out, YELLOW, text)
    }

    /// A word that asks for attention, for standard error.
    pub(crate) fn caution(self, text: &str) -> String {
        paint(self.colours_err, YELLOW, text)
    }

    /// A line of a difference in its colour, for standard output.
    pub(crate) fn difference(self, line: &str) -> String {
        match line.trim_start().chars().next() {
            Some('+') => paint(self.colours_out, GREEN, line),
            Some('-') => paint(self.colours_out, RED, line),
            Some('~') => paint(self.colours_out, YELLOW, line),
            _ => line.to_owned(),
        }
    }

    /// A log level in its colour, for standard output.
    pub(crate) fn level(self, level: &str) -> String {
        let padded = format!("{level:<8}");
        match level {
            "error" | "critical" => paint(self.colours_out, RED, &padded),
            "warning" => paint(self.colours_out, YELLOW, &padded),
            "info" => paint(self.colours_out, GREEN, &padded),
            _ => paint(self.colours_out, DIM, &padded),
        }
    }
}

/// Cells padded to the widths of their columns, the last one not.
fn columns<const N: usize>(widths: &[usize], cells: [&str; N]) -> String {
    let padded: Vec<String> =
        cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
    padded.join("  ").trim_end().to_owned()
}

fn paint(colours: bool, style: &str, text: &str) -> String {
    if colours { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
}

/// A write to a reader that went away (or a full disk) leaves a command nothing to report it with.
fn settle(result: io::Result<()>) {
    drop(result);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_do_not_trail() {
        assert_eq!(columns(&[5, 3], ["ab", "c"]), "ab     c");
        assert_eq!(columns(&[5, 3], ["ab", ""]), "ab");
    }

    #[test]
    fn no_escape_codes_without_colours() {
        assert_eq!(paint(false, RED, "x"), "x");
        assert_eq!(paint(true, RED, "x"), "\u{1b}[31mx\u{1b}[0m");
    }
}
