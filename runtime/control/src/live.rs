//! Follows the store: each revision becomes a table of routes, swapped in at once.

use crate::control::Control;
use crate::error::ControlError;
use caisson_channel::{Routes, Table};
use caisson_definition::Definitions;
use caisson_security::{Guards, Shared};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How far this server is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveStatus {
    /// The newest revision that was looked at.
    pub revision: u64,
    /// The revision that serves: another one when that one cannot be made live.
    pub serving: u64,
    /// Why that one is not live: the last good table serves.
    pub problem: Option<String>,
}

/// The task that follows the store. Dropping it ends it.
#[derive(Debug)]
pub struct Live {
    task: JoinHandle<()>,
    status: watch::Receiver<LiveStatus>,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits for a revision to be live. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Progress(watch::Receiver<LiveStatus>);

impl Progress {
    /// How far this server is.
    #[must_use]
    pub fn status(&self) -> LiveStatus {
        self.0.borrow().clone()
    }

    /// Waits until this server has got to a revision, for a while.
    ///
    /// # Cancel safety
    ///
    /// Nothing happens when it is dropped.
    pub async fn reached(&mut self, revision: u64, limit: Duration) -> LiveStatus {
        let reached = self.0.wait_for(|status| status.revision >= revision);
        // Neither the limit nor the end of the server is an error here: the status says how far it got.
        drop(tokio::time::timeout(limit, reached).await);
        self.status()
    }
}

impl Live {
    /// Makes the first table, then follows. Returns once the first revision is live.
    ///
    /// # Errors
    ///
    /// The stored definitions cannot be read, or their secrets not opened: a server that would come up without its channels
    /// must not come up at all.
    pub fn start(control: &Control, table: Arc<Table>, dev: bool) -> Result<Self, ControlError> {
        let mut updates = control.subscribe();
        let shared = Shared::new();
        let first = updates.borrow_and_update().clone();
        let opened = control.open(&first)?;
        table.swap(routes(&opened.definitions, &shared, dev)?);
        let (tell, status) =
            watch::channel(LiveStatus { revision: first.revision, serving: first.revision, problem: None });
        let (control, mut serving) = (control.clone(), first.revision);
        let task = tokio::spawn(async move {
            while updates.changed().await.is_ok() {
                let snapshot = updates.borrow_and_update().clone();
                let opened = control.open(&snapshot);
                let problem = match opened.and_then(|all| routes(&all.definitions, &shared, dev)) {
                    Ok(routes) => {
                        table.swap(routes);
                        serving = snapshot.revision;
                        tracing::info!(revision = snapshot.revision, "a revision is live");
                        None
                    }
                    Err(error) => {
                        tracing::error!(revision = snapshot.revision, %error, "a revision cannot be made live");
                        Some(error.to_string())
                    }
                };
                tell.send_replace(LiveStatus { revision: snapshot.revision, serving, problem });
            }
        });
        Ok(Self { task, status })
    }

    /// A view of how far this server is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress(self.status.clone())
    }
}

/// The table of definitions whose secrets are in the open.
pub(crate) fn routes(
    definitions: &Definitions,
    shared: &Arc<Shared>,
    dev: bool,
) -> Result<Routes, ControlError> {
    let guards = Guards::new(&definitions.security, shared).map_err(ControlError::problems)?;
    Routes::build(&definitions.channels, &guards, shared, dev).map_err(ControlError::problems)
}
