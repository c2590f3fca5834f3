//! A session in use, and what is done with it. One type for all databases; [`Session`] hides which.

use super::dialect::Dialect;
use super::pool::{Live, Pool};
use crate::error;
use crate::statement::Ready;
use crate::value::{Column, Outcome, Row, Rows, TransactionOptions, Value};
use caisson_capability::{BoxFuture, Error, ErrorKind, Fault};
use futures_util::StreamExt as _;
use sqlx::{Column as _, Connection as _, Either, Statement as _, TypeInfo as _};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// The most of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

/// What a cursor's task sends.
pub(super) enum Piece {
    Head(Vec<Column>),
    Rows(Vec<Row>),
}

/// Where it sends it. Holds one piece, so that the database waits for whoever reads.
pub(super) type Sink = mpsc::Sender<Result<Piece, Error>>;

/// A piece has about so many bytes.
const PIECE: usize = 64 * 1024;

/// A session, whatever the database. Dropped without [`Session::release`] it is closed.
pub(super) trait Session: Send {
    /// Begins a transaction.
    fn begin(&mut self, how: TransactionOptions, limit: Duration) -> BoxFuture<'_, Result<(), Error>>;

    /// All rows of a statement.
    fn rows<'a>(
        &'a mut self,
        work: &'a Ready,
        limit: Duration,
        most: Most,
    ) -> BoxFuture<'a, Result<Rows, Error>>;

    /// What a statement changes.
    fn change<'a>(&'a mut self, work: &'a Ready, limit: Duration) -> BoxFuture<'a, Result<Outcome, Error>>;

    /// The rows of a statement, piece by piece, until nobody reads.
    fn stream<'a>(
        &'a mut self,
        work: &'a Ready,
        limit: Duration,
        most: Most,
        sink: &'a Sink,
    ) -> BoxFuture<'a, Result<(), Error>>;

    /// Ends the transaction.
    fn end(&mut self, commit: bool) -> BoxFuture<'_, Result<(), Error>>;

    /// Whether the database answers.
    fn ping(&mut self) -> BoxFuture<'_, Result<(), Error>>;

    /// Whether more can be done with it.
    fn usable(&self) -> bool;

    /// Gives it back, if it is as new.
    fn release(self: Box<Self>);
}

/// A session that was handed out.
pub(super) struct Held<D: Dialect> {
    pool: Arc<Pool<D>>,
    /// Something as long as it is held.
    live: Option<Live<D>>,
    turn: Option<OwnedSemaphorePermit>,
    /// A statement is under way: whoever finds it so after the future was dropped has to stop it.
    busy: bool,
    broken: bool,
    marked: bool,
    transaction: Option<Open>,
}

/// A transaction under way.
#[derive(Clone, Copy)]
struct Open {
    read_only: bool,
    /// Nothing but its end can come.
    aborted: bool,
}

impl<D: Dialect> Held<D> {
    pub(super) fn new(pool: Arc<Pool<D>>, live: Live<D>, turn: Option<OwnedSemaphorePermit>) -> Self {
        Self { pool, live: Some(live), turn, busy: false, broken: false, marked: false, transaction: None }
    }

    /// Whether the database still answers.
    pub(super) async fn alive(&mut self) -> bool {
        self.ping().await.is_ok()
    }

    pub(super) fn take_live(&mut self) -> Option<Live<D>> {
        self.live.take()
    }

    fn live(&mut self) -> Result<&mut Live<D>, Error> {
        self.live.as_mut().ok_or_else(|| error::away("the session is closed"))
    }

    /// Notes how something ended that was under way.
    fn settled<T>(&mut self, outcome: sqlx::Result<T>) -> Result<T, Error> {
        self.busy = false;
        outcome.map_err(|error| self.failed(error))
    }

    fn failed(&mut self, error: sqlx::Error) -> Error {
        self.busy = false;
        let lost = error::ends_session(&error);
        if let Some(live) = self.live.as_ref().filter(|_| lost) {
            self.pool.distrust(live.epoch());
        }
        self.broken |= lost;
        let aborts = error.as_database_error().is_some_and(D::aborts);
        if let Some(open) = self.transaction.as_mut() {
            open.aborted |= aborts;
        }
        error::of(error)
    }

    async fn run(&mut self, text: String) -> Result<(), Error> {
        self.busy = true;
        let outcome = D::run(&mut self.live()?.conn, text).await;
        self.settled(outcome)
    }

    /// Tells the database how long the next statements may take.
    async fn limit(&mut self, limit: Duration) -> Result<(), Error> {
        let millis = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX).clamp(1, 86_400_000);
        let live = self.live()?;
        D::starts(&live.facts);
        if live.limit_ms == millis {
            return Ok(());
        }
        if let Some(statement) = D::limit(&live.facts, millis) {
            self.run(statement).await?;
        }
        self.live()?.limit_ms = millis;
        Ok(())
    }

    /// Prepares a statement; returns its columns and its values as it wants them.
    async fn prepare(&mut self, work: &Ready, limit: Duration) -> Result<(Vec<Column>, D::Arguments), Error> {
        if self.transaction.is_some_and(|open| open.aborted) {
            return Err(aborted());
        }
        self.limit(limit).await?;
        self.marked |= work.marks;
        self.busy = true;
        let prepared = D::prepare(&mut self.live()?.conn, work.text.to_string()).await;
        let statement = self.settled(prepared)?;
        let mut columns = Vec::with_capacity(statement.columns().len());
        for column in statement.columns() {
            D::readable(column)?;
            let type_name = column.type_info().name().to_ascii_lowercase();
            columns.push(Column { name: column.name().to_owned(), type_name });
        }
        let arguments = D::arguments(&self.live()?.facts, &statement, &work.values)?;
        Ok((columns, arguments))
    }

    /// Runs a statement; `row` is given each row, and says whether it wants more.
    async fn each(
        &mut self,
        work: &Ready,
        arguments: D::Arguments,
        row: &mut (dyn FnMut(Row) -> Result<(), Error> + Send),
    ) -> Result<Outcome, Error> {
        self.busy = true;
        let mut outcome = Outcome::default();
        let mut stream = D::fetch(&mut self.live()?.conn, work.text.to_string(), arguments);
        let failed = loop {
            match stream.next().await {
                None => break None,
                Some(Ok(Either::Right(found))) => row(values::<D>(&found)?)?,
                Some(Ok(Either::Left(result))) => {
                    let part = D::outcome(&result);
                    outcome.affected += part.affected;
                    outcome.last_insert_id = part.last_insert_id.or(outcome.last_insert_id);
                }
                Some(Err(error)) => break Some(error),
            }
        };
        drop(stream);
        self.settled(failed.map_or(Ok(outcome), Err))
    }

    async fn pieces(&mut self, work: &Ready, limit: Duration, most: Most, sink: &Sink) -> Result<(), Error> {
        let (columns, arguments) = self.prepare(work, limit).await?;
        if sink.send(Ok(Piece::Head(columns))).await.is_err() {
            return Ok(());
        }
        self.busy = true;
        let mut stream = D::fetch(&mut self.live()?.conn, work.text.to_string(), arguments);
        let (mut piece, mut bytes) = (Vec::new(), 0);
        let failed = loop {
            match stream.next().await {
                None => break None,
                Some(Err(error)) => break Some(error),
                Some(Ok(Either::Left(_))) => {}
                Some(Ok(Either::Right(found))) => {
                    let row = values::<D>(&found)?;
                    let size = size(&row);
                    if size as u64 > most.bytes {
                        return Err(error::too_much(format!(
                            "a row has more than {} bytes (max_bytes)",
                            most.bytes
                        )));
                    }
                    bytes += size;
                    piece.push(row);
                    if bytes >= PIECE {
                        bytes = 0;
                        if sink.send(Ok(Piece::Rows(std::mem::take(&mut piece)))).await.is_err() {
                            return Ok(());
                        }
                    }
                }
            }
        };
        drop(stream);
        self.settled(failed.map_or(Ok(()), Err))?;
        if !piece.is_empty() {
            // Nobody reads any more: the rows are wanted no more.
            drop(sink.send(Ok(Piece::Rows(piece))).await);
        }
        Ok(())
    }

    async fn finish(&mut self, commit: bool) -> Result<(), Error> {
        let Some(open) = self.transaction else { return Err(error::unfit("there is no transaction to end")) };
        for statement in D::end(commit && !open.aborted, open.read_only) {
            self.run(statement).await?;
        }
        self.transaction = None;
        if commit && open.aborted { Err(aborted()) } else { Ok(()) }
    }
}

impl<D: Dialect> Session for Held<D> {
    fn begin(&mut self, how: TransactionOptions, limit: Duration) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            self.limit(limit).await?;
            // Noted first: a session whose transaction half began is none to be used again.
            self.transaction = Some(Open { read_only: how.read_only, aborted: false });
            for statement in D::begin(how) {
                self.run(statement).await?;
            }
            Ok(())
        })
    }

    fn rows<'a>(
        &'a mut self,
        work: &'a Ready,
        limit: Duration,
        most: Most,
    ) -> BoxFuture<'a, Result<Rows, Error>> {
        Box::pin(async move {
            let (columns, arguments) = self.prepare(work, limit).await?;
            let mut answer = Rows { columns, rows: Vec::new() };
            let mut bytes = 0_u64;
            self.each(work, arguments, &mut |row| {
                bytes += size(&row) as u64;
                if bytes > most.bytes {
                    return Err(error::too_much(format!(
                        "the answer has more than {} bytes (max_bytes): ask for less, or fetch it batch by batch", most.bytes
                    )));
                }
                answer.rows.push(row);
                if answer.rows.len() as u64 > most.rows {
                    return Err(error::too_much(format!(
                        "the answer has more than {} rows (max_rows): ask for less, or fetch it batch by batch", most.rows
                    )));
                }
                Ok(())
            })
            .await?;
            Ok(answer)
        })
    }

    fn change<'a>(&'a mut self, work: &'a Ready, limit: Duration) -> BoxFuture<'a, Result<Outcome, Error>> {
        Box::pin(async move {
            let (_, arguments) = self.prepare(work, limit).await?;
            self.each(work, arguments, &mut |_row| Ok(())).await
        })
    }

    fn stream<'a>(
        &'a mut self,
        work: &'a Ready,
        limit: Duration,
        most: Most,
        sink: &'a Sink,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.pieces(work, limit, most, sink))
    }

    fn end(&mut self, commit: bool) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.finish(commit))
    }

    fn ping(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            self.busy = true;
            let outcome = self.live()?.conn.ping().await;
            self.settled(outcome)
        })
    }

    fn usable(&self) -> bool {
        !self.busy && !self.broken
    }

    fn release(mut self: Box<Self>) {
        if !self.usable() || self.marked || self.transaction.is_some() {
            return;
        }
        if let Some(live) = self.live.take() {
            self.live = self.pool.park(live).err();
        }
    }
}

impl<D: Dialect> Drop for Held<D> {
    fn drop(&mut self) {
        if let Some(live) = self.live.take() {
            self.pool.bury(live, self.busy, self.turn.take());
        }
    }
}

fn values<D: Dialect>(row: &D::Row) -> Result<Row, Error> {
    (0..sqlx::Row::len(row)).map(|index| D::value(row, index)).collect()
}

fn size(row: &Row) -> usize {
    16 + row.iter().map(Value::size).sum::<usize>()
}

fn aborted() -> Error {
    let text = "an earlier error ended the transaction: nothing of it is kept. Roll it back, and begin anew if it makes sense";
    Error::new(ErrorKind::Conflict, text).fault(Fault::Service)
}
