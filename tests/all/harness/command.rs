//! The command line.

use super::server::{Server, binary};
use super::{HANG, eventually};
use serde_json::Value;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

/// A call of `caisson`.
#[derive(Debug)]
pub(crate) struct Command(tokio::process::Command);

/// How it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Standard output of a command that succeeded.
    #[track_caller]
    pub(crate) fn good(&self) -> &str {
        assert_eq!(self.code, 0, "{self:?}");
        &self.stdout
    }

    /// Standard output as JSON, whatever the exit code.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Command {
    /// A command without any surroundings.
    pub(crate) fn new<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let mut command = tokio::process::Command::new(binary());
        command.args(arguments).env_clear().stdin(Stdio::null()).kill_on_drop(true);
        Self(command)
    }

    /// A command for this server.
    pub(crate) fn to<'a>(server: &Server, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(arguments).env("CAISSON_ADMIN", &format!("http://{}", server.admin))
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    /// The folder that it is called in.
    pub(crate) fn folder(mut self, path: &Path) -> Self {
        self.0.current_dir(path);
        self
    }

    /// Runs it to its end.
    pub(crate) async fn run(self) -> Ended {
        self.run_for(HANG).await
    }

    /// Runs it to its end, which may be as far away as this.
    pub(crate) async fn run_for(mut self, limit: Duration) -> Ended {
        let ended = tokio::time::timeout(limit, self.0.output()).await;
        let Output { status, stdout, stderr } = ended.expect("the command does not end").unwrap();
        Ended {
            code: status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }

    /// Starts it, to be read while it runs.
    pub(crate) fn follow(mut self) -> Following {
        let mut child = self.0.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Following { child, lines }
    }
}

/// A command that goes on.
#[derive(Debug)]
pub(crate) struct Following {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Following {
    /// The next line with this text in it.
    pub(crate) async fn line_with(&mut self, text: &str) -> String {
        let search = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                if line.contains(text) {
                    return line;
                }
            }
            panic!("the command ended without a line with {text:?}")
        };
        tokio::time::timeout(HANG, search).await.unwrap_or_else(|_| panic!("no line with {text:?}"))
    }

    /// It still runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end; the exit code.
    pub(crate) async fn ended(mut self) -> i32 {
        let status = eventually("the command ends", async || self.child.try_wait().unwrap()).await;
        status.code().unwrap_or(-1)
    }
}
