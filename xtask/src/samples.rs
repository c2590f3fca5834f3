//! The sample services, and the calls that `samples/README.md` shows for them.
//!
//! The README is the one place where the calls are written: the demo prints them, and its `--check` makes them and compares
//! the answers with those that the README promises.

use crate::{context::Context, shell};
use anyhow::{Context as _, Result, ensure};
use std::{fs, path::Path, process::Command};

/// Address in the README, where a server listens unless told otherwise.
pub(crate) const DOCUMENTED_ADDRESS: &str = "127.0.0.1:17010";

/// A call that the README shows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Example {
    /// A command for the shell.
    pub(crate) command: String,
    /// What it prints; `...` stands for anything.
    pub(crate) answer: String,
}

/// The calls in the README, for a server at `address`.
pub(crate) fn examples(context: &Context, address: &str) -> Result<Vec<Example>> {
    let path = context.root.join("samples/README.md");
    let readme = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let found = parse(&readme.replace(DOCUMENTED_ADDRESS, address));
    ensure!(!found.is_empty(), "{} shows no calls", path.display());
    Ok(found)
}

/// Copies the sample services; other files in the folder stay, for they are somebody's.
pub(crate) fn copy_to(context: &Context, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for entry in fs::read_dir(context.root.join("samples/services"))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), folder.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Finds `curl` commands in blocks of code, each followed by its answer in lines that start with `# `.
fn parse(readme: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let (mut in_block, mut continues) = (false, false);
    for line in readme.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if in_block && (line.starts_with("curl ") || continues) {
            if !continues {
                examples.push(Example { command: String::new(), answer: String::new() });
            }
            append(examples.last_mut().map(|example| &mut example.command), line);
            continues = examples.last().is_some_and(|example| is_open(&example.command));
        } else if let Some(answer) = line.strip_prefix("# ").filter(|_| in_block) {
            append(examples.last_mut().map(|example| &mut example.answer), answer);
        }
    }
    examples
}

/// Whether a command goes on in the next line.
fn is_open(command: &str) -> bool {
    command.ends_with('\\') || command.matches('\'').count() % 2 == 1
}

fn append(text: Option<&mut String>, line: &str) {
    if let Some(text) = text {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line);
    }
}

impl Example {
    /// Makes the call and compares the answers.
    pub(crate) fn check(&self) -> Result<()> {
        let printed = shell::output(Command::new("sh").args(["-c", &self.command]))?;
        ensure!(
            matches(&self.answer, &printed),
            "{}\nshould have answered: {}\nbut answered: {}",
            self.command,
            self.answer,
            printed.trim()
        );
        Ok(())
    }
}

/// Whether a text is as expected, apart from white space and from what `...` stands for.
fn matches(expected: &str, text: &str) -> bool {
    let squeeze = |text: &str| text.split_whitespace().collect::<String>();
    let (expected, text) = (squeeze(expected), squeeze(text));
    let mut parts = expected.split("...");
    let Some(mut rest) = parts.next().and_then(|start| text.strip_prefix(start)) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
        last = Some(part);
    }
    // With `...` in it, the text may go on until it ends with the last part.
    last.map_or(rest.is_empty(), |last| text.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_commands_and_their_answers() {
        let readme =
            "Text\n```sh\ncurl one \\\n  more\n# {\n# }\n\n# and\ncurl 'two\nlines'\n```\ncurl three\n";
        let found = parse(readme);
        assert_eq!(found[0].command, "curl one \\\n  more");
        assert!(found[0].answer.starts_with("{\n}"));
        assert_eq!(found[1].command, "curl 'two\nlines'");
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn compares_answers_without_white_space_and_with_gaps() {
        for (expected, text, same) in [
            ("How goes it?", "How goes it?\n", true),
            ("How goes it?", "How goes it? Well.", false),
            (r#"{"a":1}"#, r#"{"a": 1}"#, true),
            (r#"{"cid":"...","n":1}"#, r#"{"cid":"k1","n":1}"#, true),
            (r#"{"cid":"...","n":1}"#, r#"{"cid":"k1","n":2}"#, false),
            ("...no such...", "There is no such thing", true),
            ("a...b", "b", false),
            ("a...b", "a b c", false),
            ("", "anything", false),
        ] {
            assert_eq!(matches(expected, text), same, "{expected} / {text}");
        }
    }
}
