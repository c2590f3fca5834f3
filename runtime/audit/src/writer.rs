//! From the services' calls to the file, without anybody waiting.

use crate::entry::Entry;
use crate::store::{insert, sweep};
use sqlx::SqlitePool;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Entries that may wait to be written.
const QUEUE: usize = 10_000;

/// Entries that are the same within this time become one.
const TOGETHER: Duration = Duration::from_secs(1);

/// How often what is too old is taken out.
const SWEEP: Duration = Duration::from_secs(3_600);

enum Told {
    Entry(Box<Entry>),
    Flush(oneshot::Sender<()>),
}

/// The way in.
#[derive(Debug)]
pub(crate) struct Writer {
    sender: mpsc::Sender<Told>,
    lost: Arc<AtomicU64>,
}

/// Starts the task that writes. It ends with the writer, after what is left.
pub(crate) fn start(pool: SqlitePool) -> Writer {
    let (sender, told) = mpsc::channel(QUEUE);
    let lost = Arc::new(AtomicU64::new(0));
    tokio::spawn(run(pool, told, Arc::clone(&lost)));
    Writer { sender, lost }
}

impl Writer {
    pub(crate) fn tell(&self, entry: Entry) {
        if self.sender.try_send(Told::Entry(Box::new(entry))).is_err() {
            self.lost.fetch_add(1, Relaxed);
        }
    }

    pub(crate) async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        if self.sender.send(Told::Flush(done)).await.is_ok() {
            // The task has ended only if the runtime has.
            drop(flushed.await);
        }
    }
}

async fn run(pool: SqlitePool, mut told: mpsc::Receiver<Told>, lost: Arc<AtomicU64>) {
    let mut waiting: Vec<Entry> = Vec::new();
    let mut due = Instant::now() + TOGETHER;
    let mut next_sweep = Instant::now();
    loop {
        let received = tokio::select! {
            received = told.recv() => received,
            () = tokio::time::sleep_until(due), if !waiting.is_empty() => {
                write(&pool, &mut waiting, &lost).await;
                if Instant::now() >= next_sweep {
                    next_sweep = Instant::now() + SWEEP;
                    if let Err(error) = sweep(&pool).await {
                        tracing::warn!(%error, "old audit entries could not be taken out");
                    }
                }
                continue;
            }
        };
        match received {
            Some(Told::Entry(entry)) => {
                if waiting.is_empty() {
                    due = Instant::now() + TOGETHER;
                }
                add(&mut waiting, *entry);
                if waiting.len() >= QUEUE {
                    write(&pool, &mut waiting, &lost).await;
                }
            }
            Some(Told::Flush(done)) => {
                write(&pool, &mut waiting, &lost).await;
                // Nobody waits any more: then nobody has to be told.
                done.send(()).unwrap_or_default();
            }
            None => return write(&pool, &mut waiting, &lost).await,
        }
    }
}

fn add(waiting: &mut Vec<Entry>, entry: Entry) {
    // The last few: a service that is refused asks for the same few things again and again.
    match waiting.iter_mut().rev().take(64).find(|known| known.is_same(&entry)) {
        Some(known) => known.count += 1,
        None => waiting.push(entry),
    }
}

async fn write(pool: &SqlitePool, waiting: &mut Vec<Entry>, lost: &AtomicU64) {
    let gone = lost.swap(0, Relaxed);
    if gone > 0 {
        tracing::warn!(gone, "refusals came faster than they could be written to the audit file");
    }
    if waiting.is_empty() {
        return;
    }
    if let Err(error) = insert(pool, waiting).await {
        tracing::error!(%error, entries = waiting.len(), "refusals could not be written to the audit file");
    }
    waiting.clear();
}
