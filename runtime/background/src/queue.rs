//! What the rest of the server sees.

use crate::check;
use crate::dispatch::{self, Means};
use crate::entry::{Entry, Filter};
use crate::quota::{Amount, Quota, Room};
use crate::store::write::Change;
use crate::store::{self, StoreError, read};
use crate::task::{Group, Task, now};
use crate::writer::{Shared, Writer};
use caisson_capability::background::{self, Ticket};
use caisson_capability::{Background, BoxFuture, Cid, Error, ErrorKind, Invocation, Invoker};
use caisson_telemetry::Metrics;
use sqlx::SqlitePool;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// How much is kept and how much is done at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Calls that may be kept.
    pub tasks: i64,
    /// Their bytes.
    pub bytes: i64,
    /// Calls that one service may have asked for.
    pub tasks_of_one: i64,
    /// Their bytes.
    pub bytes_of_one: i64,
    /// Calls that are made at the same time.
    pub workers: usize,
    /// Calls of the services of one package that are made at the same time: the rest is left for the others.
    pub workers_of_package: usize,
    /// Calls of one service that are made at the same time.
    pub workers_of_one: usize,
    /// Bytes of the messages of all calls that are being made. Of one package and of one service, the same part as of the workers.
    pub bytes_under_way: i64,
    /// Calls that have failed and are kept, the newest.
    pub failed_kept: i64,
    /// How long they are kept.
    pub failed_kept_for: Duration,
    /// How long calls under way may take to end when the server stops.
    pub drain: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tasks: 1_000_000,
            bytes: 2 << 30,
            tasks_of_one: 250_000,
            bytes_of_one: 512 << 20,
            workers: 64,
            workers_of_package: 48,
            workers_of_one: 32,
            bytes_under_way: 64 << 20,
            failed_kept: 10_000,
            failed_kept_for: Duration::from_secs(30 * 24 * 3_600),
            drain: Duration::from_secs(10),
        }
    }
}

/// Calls that nobody waits for.
pub struct Queue {
    writer: Writer,
    readers: SqlitePool,
    shared: Shared,
    settings: Settings,
    invoker: OnceLock<Weak<dyn Invoker>>,
    dispatcher: Mutex<Option<AbortOnDropHandle<()>>>,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Queue {
    /// Opens the file, or makes it. Nothing is called before [`Queue::start`]. Dropping it breaks off what is under way: it is made
    /// again when the file is opened again.
    ///
    /// # Errors
    ///
    /// The folder cannot be written to, or the file is none of ours, or damaged.
    pub async fn open(path: &Path, settings: Settings, metrics: Arc<Metrics>) -> Result<Self, StoreError> {
        let mut store = store::open(path).await?;
        let shared = Shared {
            quota: Arc::new(Quota::new(settings, std::mem::take(&mut store.there))),
            next_id: Arc::new(AtomicI64::new(store.next_id)),
            metrics,
            arrivals: Arc::default(),
        };
        let counts = read::counts(&store.readers).await.unwrap_or_default();
        let (writer, readers) = store.split(shared.clone());
        let background = &shared.metrics.background;
        for (gauge, count) in
            [&background.waiting, &background.running, &background.failed].into_iter().zip(counts)
        {
            gauge.set(count);
        }
        Ok(Self { writer, readers, shared, settings, invoker: OnceLock::new(), dispatcher: Mutex::default() })
    }

    /// Says through which door services are called. Calls are taken in from now on, and made after [`Queue::start`]. Only the first
    /// door counts.
    pub fn connect(&self, invoker: Weak<dyn Invoker>) {
        drop(self.invoker.set(invoker));
    }

    /// Starts to make calls, until `stop`.
    pub fn start(&self, stop: CancellationToken) {
        let Some(invoker) = self.invoker.get() else { return };
        let means = Means {
            readers: self.readers.clone(),
            writer: self.writer.clone(),
            invoker: invoker.clone(),
            arrivals: Arc::clone(&self.shared.arrivals),
            metrics: Arc::clone(&self.shared.metrics),
            settings: self.settings,
        };
        let handle = AbortOnDropHandle::new(tokio::spawn(dispatch::run(means, stop)));
        *self.dispatcher.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
    }

    /// Waits until what is under way has ended or was broken off, after `stop`. Calls that come in later wait for the next start.
    pub async fn stopped(&self) {
        let handle = self.dispatcher.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(handle) = handle {
            // It ends by itself; a panic in it is in the log already.
            drop(handle.await);
        }
    }

    /// Calls that are kept, the newest first.
    ///
    /// # Errors
    ///
    /// `unavailable`: the file cannot be read.
    pub async fn list(&self, filter: &Filter) -> Result<Vec<Entry>, Error> {
        read::list(&self.readers, filter).await.map_err(|error| {
            Error::new(ErrorKind::Unavailable, "the calls in the background cannot be read").source(error)
        })
    }

    /// Has a call that has failed made again. Whether there is one of this number that has.
    ///
    /// # Errors
    ///
    /// `unavailable`: that cannot be written.
    pub async fn retry(&self, id: u64) -> Result<bool, Error> {
        let Ok(id) = i64::try_from(id) else { return Ok(false) };
        Ok(self.writer.change(Change::Revive { id, at: now() }).await? > 0)
    }

    /// Removes a call that waits or has failed. Whether there is one of this number that is not being made and in no group.
    ///
    /// # Errors
    ///
    /// `unavailable`: that cannot be written.
    pub async fn remove(&self, id: u64) -> Result<bool, Error> {
        let Ok(id) = i64::try_from(id) else { return Ok(false) };
        Ok(self.writer.change(Change::Remove { id }).await? > 0)
    }

    fn door(&self) -> Result<Arc<dyn Invoker>, Error> {
        let door = self.invoker.get().and_then(Weak::upgrade);
        door.ok_or_else(|| Error::new(ErrorKind::Unavailable, "the server is stopping"))
    }

    /// Gives numbers, takes room, writes.
    async fn insert(&self, mut group: Option<Group>, mut tasks: Vec<Task>) -> Result<Ticket, Error> {
        let count = i64::try_from(tasks.len()).unwrap_or(i64::MAX);
        let first = self.shared.next_id.fetch_add(count.saturating_add(1), Relaxed);
        if let Some(group) = &mut group {
            group.id = first;
        }
        for (place, task) in (0_i64..).zip(&mut tasks) {
            task.id = first.saturating_add(1).saturating_add(place);
            task.group = group.as_ref().map(|group| (group.id, place));
        }
        let Some(task) = tasks.first() else {
            return Err(Error::new(ErrorKind::InvalidInput, "there is no call to be made"));
        };
        let id = group.as_ref().map_or(task.id, |group| group.id);
        let ticket = Ticket { id: id.unsigned_abs(), cid: Cid::from(task.cid.as_str()) };
        let wanted = Amount { tasks: count, bytes: tasks.iter().map(Task::bytes).sum() };
        let room = Room::take(&self.shared.quota, &task.source, wanted)?;
        self.writer.insert(Change::Insert { tasks, group }, room).await?;
        Ok(ticket)
    }
}

impl Background for Queue {
    fn enqueue<'a>(
        &'a self,
        by: &'a Arc<Invocation>,
        task: background::Task,
    ) -> BoxFuture<'a, Result<Ticket, Error>> {
        Box::pin(async move {
            let task = check::task(task, by, &*self.door()?)?;
            self.insert(None, vec![task]).await
        })
    }

    fn enqueue_group<'a>(
        &'a self,
        by: &'a Arc<Invocation>,
        group: background::Group,
    ) -> BoxFuture<'a, Result<Ticket, Error>> {
        Box::pin(async move {
            let (group, tasks) = check::group(group, by, &*self.door()?)?;
            self.insert(Some(group), tasks).await
        })
    }
}
