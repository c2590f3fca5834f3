//! The rows of a statement, batch by batch. A task reads them from the database, a small piece ahead of whoever fetches.

use super::session::Piece;
use super::slot::Slot;
use super::{Client, READING};
use crate::error;
use crate::statement::{Ready, Scope};
use crate::value::{Column, Row, Value};
use caisson_capability::{Attempt, Call, Error, Lease};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Rows, batch by batch. Dropping it ends the statement.
#[derive(Clone, Debug)]
pub struct Cursor {
    lease: Lease<Client>,
    columns: Arc<[Column]>,
    reader: Slot<Reader>,
}

/// The side that fetches. Owns the task that reads.
struct Reader {
    pieces: mpsc::Receiver<Result<Piece, Error>>,
    ahead: VecDeque<Row>,
    task: JoinHandle<()>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        // What it holds is dropped with it: the session, whose statement is stopped.
        self.task.abort();
    }
}

impl Cursor {
    /// Runs the statement; returns once its columns are known.
    pub(super) async fn open(
        lease: Lease<Client>,
        attempt: &Attempt<Client>,
        ready: Arc<Ready>,
        scope: Scope,
        limit: Duration,
    ) -> Result<Self, Error> {
        let mut session = attempt.session().await?;
        let most = attempt.most;
        attempt.sent(super::sent(&ready));
        let (sink, pieces) = mpsc::channel(1);
        let task = tokio::spawn(async move {
            let reading = scope == Scope::Read;
            let outcome = async {
                if reading {
                    session.begin(READING, limit).await?;
                }
                session.stream(&ready, limit, most, &sink).await?;
                if reading && session.usable() {
                    session.end(false).await?;
                }
                Ok(())
            }
            .await;
            if let Err(error) = outcome {
                // Nobody reads any more: nobody asks for the reason.
                drop(sink.send(Err(error)).await);
            }
            session.release();
        });
        let mut reader = Reader { pieces, ahead: VecDeque::new(), task };
        match reader.pieces.recv().await {
            Some(Ok(Piece::Head(columns))) => {
                Ok(Self { lease, columns: columns.into(), reader: Slot::new(reader) })
            }
            Some(Err(error)) => Err(error),
            Some(Ok(Piece::Rows(_))) | None => {
                Err(error::garbled("the statement ended before its columns were known"))
            }
        }
    }

    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// At most `most` more rows, and fewer if they are large; none at the end.
    ///
    /// # Errors
    ///
    /// As [`Access::query`](super::Access::query).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the cursor.
    pub async fn fetch(&self, most: u32) -> Result<Vec<Row>, Error> {
        self.lease
            .call(Call::of("query"), async |attempt| {
                let mut taken = self.reader.take()?;
                let limit = attempt.most;
                let wanted = usize::try_from(u64::from(most.max(1)).min(limit.rows)).unwrap_or(usize::MAX);
                let outcome = taken.get()?.rows(wanted, limit.bytes).await;
                match &outcome {
                    Ok(rows) => {
                        attempt.received(rows.iter().flatten().map(Value::size).sum());
                        taken.put_back();
                    }
                    Err(_) => drop(taken.end("an error ended it")),
                }
                outcome
            })
            .await
    }
}

impl Reader {
    async fn rows(&mut self, wanted: usize, bytes: u64) -> Result<Vec<Row>, Error> {
        let (mut rows, mut size) = (Vec::new(), 0_u64);
        while rows.len() < wanted {
            let Some(row) = self.ahead.pop_front() else {
                match self.pieces.recv().await {
                    Some(Ok(Piece::Rows(piece))) => self.ahead.extend(piece),
                    Some(Ok(Piece::Head(_))) => {}
                    Some(Err(error)) => return Err(error),
                    None => break,
                }
                continue;
            };
            let own = row.iter().map(Value::size).sum::<usize>() as u64;
            if size + own > bytes && !rows.is_empty() {
                self.ahead.push_front(row);
                break;
            }
            size += own;
            rows.push(row);
        }
        Ok(rows)
    }
}
