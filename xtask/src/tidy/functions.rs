//! Where functions begin and end, told by indentation: rustfmt has made it reliable enough to count lines.

/// A function of a Rust file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    /// Number of its first line, from 1.
    pub(super) line: usize,
    pub(super) lines: usize,
}

/// All functions with a body, nested ones too.
pub(super) fn functions(text: &str) -> Vec<Function<'_>> {
    let lines: Vec<_> = text.lines().collect();
    let starts = lines.iter().enumerate().filter_map(|(index, line)| Some((index, name(line)?)));
    starts
        .filter_map(|(index, name)| {
            Some(Function { name, line: index + 1, lines: length(lines.get(index..)?)? })
        })
        .collect()
}

/// The name of the function that a line begins.
fn name(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    loop {
        let (word, after) = rest.split_once(' ')?;
        match word {
            "fn" => return after.split(['(', '<']).next(),
            "async" | "const" | "default" | "extern" | "pub" | "unsafe" | "\"C\"" => rest = after,
            _ if word.starts_with("pub(") => rest = after,
            _ => return None,
        }
    }
}

/// Number of lines of the function that the first line begins; `None` for one without a body.
fn length(lines: &[&str]) -> Option<usize> {
    let (first, rest) = lines.split_first()?;
    if first.trim_end().ends_with(';') {
        return None;
    }
    if first.trim_end().ends_with('}') {
        return Some(1);
    }
    let indent = indentation(first);
    let end = rest
        .iter()
        .position(|line| indentation(line) == indent && line.trim_start().starts_with(['}', ')']))?;
    let closing = rest.get(end)?;
    if closing.trim_start().starts_with('}') {
        return Some(end + 2);
    }
    // That was the end of the parameters; the body comes after it.
    length_of_rest(closing, rest.get(end..)?).map(|more| end + 1 + more)
}

fn length_of_rest(closing: &str, lines: &[&str]) -> Option<usize> {
    if closing.trim_end().ends_with(';') {
        return None;
    }
    let indent = indentation(closing);
    let end =
        lines.iter().position(|line| indentation(line) == indent && line.trim_start().starts_with('}'))?;
    Some(end + 1)
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(text: &str) -> Vec<(&str, usize)> {
        functions(text).into_iter().map(|function| (function.name, function.lines)).collect()
    }

    #[test]
    fn counts_lines_of_functions() {
        assert_eq!(lengths("fn a() {}\n"), [("a", 1)]);
        assert_eq!(lengths("pub(crate) async fn a<T>() {\n    b();\n}\n"), [("a", 3)]);
        assert_eq!(lengths("impl X {\n    fn a() {\n        if b {\n        }\n    }\n}\n"), [("a", 4)]);
        assert_eq!(lengths("fn a(\n    b: u8,\n) -> u8 {\n    b\n}\n"), [("a", 5)]);
        assert_eq!(lengths("fn a<T>() -> u8\nwhere\n    T: Copy,\n{\n    1\n}\n"), [("a", 6)]);
    }

    #[test]
    fn leaves_out_what_has_no_body() {
        assert_eq!(
            lengths("trait X {\n    fn a();\n    fn b(\n        c: u8,\n    );\n    fn d() {}\n}\n"),
            [("d", 1)]
        );
        assert_eq!(lengths("// fn a() {\nlet function = 1;\n"), []);
    }
}
