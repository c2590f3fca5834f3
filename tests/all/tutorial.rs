//! `docs/python.md`: every file is saved, every command is typed, and what it prints is compared.

use crate::harness::{Server, Setup, binary, eventually};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// What the page asks for, in its order.
#[derive(Debug)]
enum Step {
    Save { file: String, content: String },
    Type { line: usize, command: String, prints: Vec<String> },
}

/// The fenced blocks of a page: `python FILE` is a file, `console` has commands after `$` and what they print.
fn steps(page: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((_, line)) = lines.next() {
        let Some(kind) = line.strip_prefix("```").filter(|kind| !kind.is_empty()) else { continue };
        let block: Vec<(usize, &str)> = lines.by_ref().take_while(|(_, line)| *line != "```").collect();
        if let Some(file) = kind.strip_prefix("python ") {
            let content = block.iter().map(|(_, line)| format!("{line}\n")).collect();
            steps.push(Step::Save { file: file.to_owned(), content });
        } else {
            assert_eq!(kind, "console", "a block of an unknown kind");
            for (number, line) in block {
                if let Some(command) = line.strip_prefix("$ ") {
                    let (line, command) = (number + 1, command.to_owned());
                    steps.push(Step::Type { line, command, prints: Vec::new() });
                } else if let Some(Step::Type { prints, .. }) = steps.last_mut() {
                    prints.push(line.to_owned());
                } else {
                    panic!("line {}: output without a command", number + 1);
                }
            }
        }
    }
    steps
}

/// Whether lines are as they are shown. `...` within a line stands for anything, and alone for any lines.
fn fits(shown: &[String], printed: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first == "..." => {
            (0..=printed.len()).any(|skipped| fits(rest, &printed[skipped..]))
        }
        Some((first, rest)) => {
            printed.split_first().is_some_and(|(line, others)| like(first, line) && fits(rest, others))
        }
    }
}

fn like(shown: &str, line: &str) -> bool {
    match shown.split_once("...") {
        None => shown == line,
        Some((head, tail)) => line.strip_prefix(head).is_some_and(|rest| {
            (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| like(tail, &rest[at..]))
        }),
    }
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// What a shell prints.
async fn typed(server: &Server, command: &str) -> String {
    let clients = std::env::var_os("CAISSON_CLIENTS").map(PathBuf::from);
    let folders =
        [binary().parent().map(Path::to_path_buf), clients.and_then(|it| it.parent().map(Path::to_path_buf))];
    let path: Vec<String> =
        folders.into_iter().flatten().map(|folder| folder.display().to_string()).collect();
    let root = server.path("").parent().unwrap().to_path_buf();
    let command = command.replace("http://127.0.0.1:17010", &format!("http://{}", server.listen));
    let output = Command::new("sh")
        .args(["-c", &command])
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", path.join(":")))
        .env("CAISSON_ADMIN", format!("http://{}", server.admin))
        .env("PYTHONPATH", checkout().join("sdk-python"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTEST_ADDOPTS", "-p caisson.testing._pytest -p no:cacheprovider")
        .current_dir(if root.ends_with("services") { root.parent().unwrap().to_path_buf() } else { root })
        .output()
        .await
        .unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test]
async fn the_tutorial_is_true_line_by_line() {
    let server = Setup::new().start().await;
    let page = std::fs::read_to_string(checkout().join("docs/python.md")).unwrap();
    let steps = steps(&page);
    assert!(steps.len() > 10, "{steps:?}");
    for step in steps {
        match step {
            Step::Save { file, content } => {
                let inner = file.strip_prefix("services/").expect("files are in the services folder");
                server.save(inner, content);
            }
            // It runs already, since the folder was empty.
            Step::Type { command, .. } if command.starts_with("caisson serve") => {}
            Step::Type { line, command, prints } => {
                let mut printed = typed(&server, &command).await;
                let asks = command.starts_with("curl") || command.starts_with("caisson invoke");
                if asks && !fits(&prints, &printed.lines().collect::<Vec<_>>()) {
                    // What was saved is deployed soon, and not at once.
                    printed = eventually(&format!("docs/python.md:{line}: {command}"), async || {
                        let printed = typed(&server, &command).await;
                        fits(&prints, &printed.lines().collect::<Vec<_>>()).then_some(printed)
                    })
                    .await;
                }
                assert!(
                    fits(&prints, &printed.lines().collect::<Vec<_>>()),
                    "docs/python.md:{line}: {command} prints\n{printed}\nand not\n{}",
                    prints.join("\n")
                );
            }
        }
    }
}

#[test]
fn dots_stand_for_what_differs() {
    let shown = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    assert!(fits(&shown(&["a (... ms)", "...", "z"]), &["a (12 ms)", "x", "y", "z"]));
    assert!(!fits(&shown(&["a", "z"]), &["a", "b", "z"]));
    assert!(!fits(&shown(&["a ... c"]), &["a b"]));
}
