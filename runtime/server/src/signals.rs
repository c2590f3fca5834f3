//! How a server is told to stop: the first SIGTERM or SIGINT lets it finish, the second ends it.

use crate::output::Output;
use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The signals that stop a server, caught from the moment this is made.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Begins to catch them.
    ///
    /// # Errors
    ///
    /// The operating system refuses.
    pub(crate) fn catch() -> anyhow::Result<Self> {
        let catch = |kind| signal(kind).context("signals cannot be caught");
        Ok(Self { interrupt: catch(SignalKind::interrupt())?, terminate: catch(SignalKind::terminate())? })
    }

    /// Cancels `stop` at the first signal and ends the process at the second. Never returns.
    pub(crate) async fn forward(mut self, stop: CancellationToken, output: Output) {
        let name = self.next().await.0;
        output.note(format!("{name}: finishing requests in flight; once more to stop at once"));
        stop.cancel();
        let (name, code) = self.next().await;
        output.note(format!("{name} again: stopping at once"));
        end(code);
    }

    /// The next signal's name, and the exit code that a shell expects of a program it ended.
    async fn next(&mut self) -> (&'static str, i32) {
        tokio::select! {
            _ = self.interrupt.recv() => ("SIGINT", 130),
            _ = self.terminate.recv() => ("SIGTERM", 143),
        }
    }
}

#[expect(clippy::exit, reason = "the operator asked twice: nothing is waited for, not even destructors")]
fn end(code: i32) {
    std::process::exit(code);
}
