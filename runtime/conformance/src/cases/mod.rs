//! The cases, each a function that says what is wrong.

mod change;
mod limits;
mod server;
mod words;

use crate::secrecy::{Texts, listen};
use crate::stage::{Stage, texts};
use crate::subject::Subject;
use anyhow::{Result, ensure};
use std::pin::Pin;
use std::sync::Arc;

/// Something that is the same for all capabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// Its spec is complete: whatever is made of it (forms, checks, documentation) has something to show.
    Description,
    /// Its `sample.yaml` can be read, and has a connection and a grant.
    Sample,
    /// Work is done and counted, `ping` answers, and nothing is connected before the first of them.
    Work,
    /// Without a grant nothing reaches the server; the text tells the grant; `observe` lets it pass.
    Denied,
    /// Wrong options are refused, with the place; unknown ones too.
    WrongOptions,
    /// The server is down when the connection is made and at its first use, then up.
    Down,
    /// The server goes while a call waits for its answer.
    Lost,
    /// The answer does not come in time.
    Deadline,
    /// The caller gives up while the answer is on its way, and the next call gets its own.
    Cancelled,
    /// More calls than network connections.
    Exhausted,
    /// The server was restarted while nobody called.
    Reconnect,
    /// A connection that is out of the table serves the leases that there are, and is closed after the last.
    Closed,
    /// The table is swapped again and again while calls are made.
    Changed,
    /// All other cases once more, and the secret is nowhere.
    Secret,
}

impl Case {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Description,
        Self::Sample,
        Self::Work,
        Self::Denied,
        Self::WrongOptions,
        Self::Down,
        Self::Lost,
        Self::Deadline,
        Self::Cancelled,
        Self::Exhausted,
        Self::Reconnect,
        Self::Closed,
        Self::Changed,
        Self::Secret,
    ];

    async fn run<S: Subject>(self, subject: Arc<S>, texts: Arc<Texts>) -> Result<()> {
        match self {
            Self::Description => words::description(&*subject),
            Self::Sample => words::sample(&*subject),
            Self::Work => server::work(Stage::ready(subject, texts).await?).await,
            Self::Denied => limits::denied(Stage::new(subject, texts).await?).await,
            Self::WrongOptions => words::wrong_options(&Stage::new(subject, texts).await?),
            Self::Down => server::down(Stage::new(subject, texts).await?).await,
            Self::Lost => server::lost(Stage::ready(subject, texts).await?).await,
            Self::Deadline => limits::deadline(Stage::ready(subject, texts).await?).await,
            Self::Cancelled => limits::cancelled(Stage::new(subject, texts).await?).await,
            Self::Exhausted => limits::exhausted(Stage::new(subject, texts).await?).await,
            Self::Reconnect => server::reconnect(Stage::ready(subject, texts).await?).await,
            Self::Closed => change::closed(Stage::ready(subject, texts).await?).await,
            Self::Changed => change::changed(Stage::ready(subject, texts).await?).await,
            Self::Secret => secret(subject).await,
        }
    }
}

/// Runs a case as a test does.
///
/// # Panics
///
/// The capability does not behave so.
#[allow(clippy::panic, reason = "a panic is how a test fails, and this is called by nothing else")]
pub async fn check<S: Subject>(case: Case) {
    if let Err(problem) = outcome(Arc::new(S::start().await), case).await {
        panic!("{case:?}: {problem:#}");
    }
}

/// Runs a case and says what is wrong.
///
/// # Errors
///
/// The capability does not behave so.
pub async fn outcome<S: Subject>(subject: Arc<S>, case: Case) -> Result<()> {
    let texts = texts(&*subject);
    case.run(subject, texts).await
}

/// On the heap, as the case of secrets is made of the others.
fn boxed<S: Subject>(
    case: Case,
    subject: Arc<S>,
    texts: Arc<Texts>,
) -> Pin<Box<dyn Future<Output = Result<()>>>> {
    Box::pin(case.run(subject, texts))
}

async fn secret<S: Subject>(subject: Arc<S>) -> Result<()> {
    words::holds_secret(&*subject)?;
    let texts = texts(&*subject);
    let listening = listen(&texts);
    for case in Case::ALL.into_iter().filter(|case| *case != Case::Secret) {
        // Whether it behaves is the matter of its own test; here it only has to show all that it shows.
        drop(boxed(case, Arc::clone(&subject), Arc::clone(&texts)).await);
    }
    drop(listening);
    let leaks = texts.leaks();
    ensure!(leaks.is_empty(), "the secret can be read in:\n{}", leaks.join("\n"));
    Ok(())
}
