//! The only one that changes the file. What comes while a transaction is written to the disk goes into the next one together, so that
//! many wait for one write and not each for its own.

use crate::arrivals::Arrivals;
use crate::quota::{Quota, Room};
use crate::store::write::{Change, Effect, apply};
use crate::store::{Store, explain};
use caisson_capability::{Error, ErrorKind};
use caisson_telemetry::Metrics;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Changes that may wait to be written.
const QUEUE: usize = 1_024;

/// Changes of one transaction.
const TOGETHER: usize = 512;

/// Bytes after which a transaction takes no more.
const BYTES: i64 = 16 << 20;

/// When a call that the disk has no room for may be asked for again.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// A change and who waits for it.
#[derive(Debug)]
struct Ordered {
    change: Arc<Change>,
    /// What was taken for it. Here, so that it is right also when nobody waits any more.
    room: Option<Room>,
    done: oneshot::Sender<Result<u64, Error>>,
}

/// The way in. Cheap to clone; when the last one is dropped, what is left is written and the task ends.
#[derive(Clone, Debug)]
pub(crate) struct Writer(mpsc::Sender<Ordered>);

/// What the writer shares with the rest.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) quota: Arc<Quota>,
    pub(crate) next_id: Arc<AtomicI64>,
    pub(crate) metrics: Arc<Metrics>,
    /// Told when calls have come in.
    pub(crate) arrivals: Arc<Arrivals>,
}

impl Writer {
    /// Makes a change and waits until it is on disk. The number of rows that it concerned.
    ///
    /// # Errors
    ///
    /// `unavailable`: it could not be written.
    pub(crate) async fn change(&self, change: impl Into<Arc<Change>>) -> Result<u64, Error> {
        self.order(change.into(), None).await
    }

    /// Brings calls in that room was taken for.
    ///
    /// # Errors
    ///
    /// As [`Writer::change`].
    pub(crate) async fn insert(&self, change: Change, room: Room) -> Result<u64, Error> {
        self.order(Arc::new(change), Some(room)).await
    }

    async fn order(&self, change: Arc<Change>, room: Option<Room>) -> Result<u64, Error> {
        let (done, written) = oneshot::channel();
        let ended = || Error::new(ErrorKind::Unavailable, "the server is stopping");
        self.0.send(Ordered { change, room, done }).await.map_err(|_| ended())?;
        written.await.map_err(|_| ended())?
    }
}

/// Starts the task that writes.
pub(crate) fn start(connection: SqliteConnection, options: SqliteConnectOptions, shared: Shared) -> Writer {
    let (sender, orders) = mpsc::channel(QUEUE);
    tokio::spawn(run(File { connection: Some(connection), options }, orders, shared));
    Writer(sender)
}

impl Store {
    /// Splits the file into who writes it and who reads it.
    pub(crate) fn split(self, shared: Shared) -> (Writer, sqlx::SqlitePool) {
        (start(self.connection, self.options, shared), self.readers)
    }
}

async fn run(mut file: File, mut orders: mpsc::Receiver<Ordered>, shared: Shared) {
    while let Some(first) = orders.recv().await {
        let mut bytes = size(&first.change);
        let mut batch = vec![first];
        while batch.len() < TOGETHER && bytes < BYTES {
            let Ok(next) = orders.try_recv() else { break };
            bytes = bytes.saturating_add(size(&next.change));
            batch.push(next);
        }
        write(&mut file, batch, &shared).await;
    }
    if let Some(connection) = file.connection {
        // What is on disk stays there however the connection ends.
        connection.close().await.ok();
    }
}

fn size(change: &Change) -> i64 {
    match change {
        Change::Insert { tasks, .. } | Change::Done { callbacks: tasks, .. } => {
            tasks.iter().map(crate::task::Task::bytes).sum()
        }
        _ => 0,
    }
}

/// The file, and how it is opened again: after a full disk sqlx takes the connection's transaction for one that is still open.
struct File {
    connection: Option<SqliteConnection>,
    options: SqliteConnectOptions,
}

impl File {
    async fn apply(&mut self, changes: &[&Change], next_id: &AtomicI64) -> Result<Vec<Effect>, sqlx::Error> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        match apply(&mut connection, changes, next_id).await {
            Ok(effects) => {
                self.connection = Some(connection);
                Ok(effects)
            }
            Err(error) => {
                // The first error is the one to tell.
                connection.close().await.ok();
                Err(error)
            }
        }
    }
}

async fn write(file: &mut File, batch: Vec<Ordered>, shared: &Shared) {
    let changes: Vec<&Change> = batch.iter().map(|order| &*order.change).collect();
    match file.apply(&changes, &shared.next_id).await {
        Ok(effects) => {
            for (order, effect) in batch.into_iter().zip(effects) {
                tell(order, effect, shared);
            }
        }
        Err(error) if batch.len() == 1 => refuse(batch, &error),
        // One of them cannot be written: the others must not suffer for it.
        Err(_) => {
            for order in batch {
                match file.apply(&[&order.change], &shared.next_id).await.map(|mut effects| effects.pop()) {
                    Ok(effect) => tell(order, effect.unwrap_or_default(), shared),
                    Err(error) => refuse(vec![order], &error),
                }
            }
        }
    }
}

fn tell(order: Ordered, effect: Effect, shared: &Shared) {
    if let Some(room) = order.room {
        room.keep();
    }
    for (source, amount) in effect.amounts {
        shared.quota.change(&source, amount);
    }
    let [waiting, running, failed] = effect.states;
    let background = &shared.metrics.background;
    for (gauge, by) in
        [(&background.waiting, waiting), (&background.running, running), (&background.failed, failed)]
    {
        gauge.inc_by(by);
    }
    shared.arrivals.add(effect.waiting);
    // Nobody waits any more: then nobody has to be told.
    order.done.send(Ok(effect.rows)).unwrap_or_default();
}

fn refuse(batch: Vec<Ordered>, error: &sqlx::Error) {
    let why = explain(error);
    tracing::error!(error = %why, "calls in the background cannot be written");
    for order in batch {
        let error = Error::new(ErrorKind::Unavailable, "calls cannot be kept for later at the moment")
            .retry_after(RETRY_AFTER)
            .detail(why.clone());
        order.done.send(Err(error)).unwrap_or_default();
    }
}
