//! Counts a call however it ends.

use crate::usage::{Cells, Outcome};
use std::sync::Arc;
use tokio::time::Instant;

/// A call under way. Dropped without an end, it was cancelled.
#[derive(Debug)]
pub(crate) struct Record {
    cells: Arc<Cells>,
    started: Instant,
    outcome: Outcome,
}

impl Record {
    pub(crate) fn begin(cells: Arc<Cells>) -> Self {
        Self { cells, started: Instant::now(), outcome: Outcome::Cancelled }
    }

    pub(crate) fn cells(&self) -> &Arc<Cells> {
        &self.cells
    }

    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    pub(crate) fn end(mut self, failed: Option<Outcome>) {
        self.outcome = failed.unwrap_or(Outcome::Ok);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.cells.count(self.outcome);
        self.cells.took(self.started.elapsed());
    }
}
