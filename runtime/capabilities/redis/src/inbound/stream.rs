//! Consumer groups on streams. At least once: an entry is acknowledged when its service has succeeded, and fetched again otherwise.

mod entry;

use crate::client::Client;
use crate::client::socket::Socket;
use crate::client::wire::{Part, Reply};
use crate::inbound::QUIET;
use crate::inbound::settings::{From, Stream};
use caisson_capability::{BoxFuture, Consumer, Error, ErrorKind, Intake, Settlement};
use entry::Entry;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long Redis is waited for at once: how late a repeated delivery or a stop may be noticed.
const BLOCK: Duration = Duration::from_secs(1);
/// How long an entry waits when its service does not say.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Entries whose repetition is timed here; others are found by their idle time.
const MAX_WAITING: usize = 10_000;

/// A member of a consumer group.
pub(crate) struct Group {
    member: Arc<Member>,
    concurrency: usize,
}

/// What the handling of an entry needs.
struct Member {
    client: Arc<Client>,
    stream: Stream,
    consumer: String,
    intake: Intake,
}

/// What goes on in one run.
#[derive(Default)]
struct Work {
    tasks: JoinSet<Handled>,
    /// Entries that are being handled or wait here.
    ours: HashSet<Vec<u8>>,
    waiting: Vec<Waiting>,
}

struct Waiting {
    id: Vec<u8>,
    due: Instant,
    delay: Duration,
}

/// An entry that was handled, and when it is to be delivered again if it is.
struct Handled {
    id: Vec<u8>,
    again: Option<Duration>,
}

impl Group {
    pub(crate) fn new(client: Arc<Client>, stream: Stream, concurrency: usize, intake: Intake) -> Self {
        let consumer = stream.consumer.clone().unwrap_or_else(host_name);
        Self { member: Arc::new(Member { client, stream, consumer, intake }), concurrency }
    }

    async fn consume(
        &self,
        stop: &CancellationToken,
        ready: &(dyn Fn() + Send + Sync),
        work: &mut Work,
    ) -> Result<(), Error> {
        let member = &self.member;
        member.make_group().await?;
        let opened = member.client.dedicated(Some(member.stream.key.as_bytes()));
        let opened = tokio::time::timeout(member.client.timeout(), opened).await;
        let mut socket =
            opened.map_err(|_late| crate::client::late())?.map_err(|trouble| trouble.told(true))?;
        ready();
        let idle = member.stream.claim_idle(member.intake.timeout);
        let pause = (idle / 2).clamp(Duration::from_millis(100), Duration::from_secs(30));
        let mut look = Instant::now();
        while !stop.is_cancelled() {
            let free = self.concurrency.saturating_sub(work.tasks.len());
            if free == 0 {
                tokio::select! {
                    () = stop.cancelled() => {}
                    Some(handled) = work.tasks.join_next() => work.handled(handled.ok()),
                }
                continue;
            }
            if work.waiting.first().is_some_and(|first| first.due <= Instant::now()) {
                let first = work.waiting.remove(0);
                work.ours.remove(&first.id);
                let pending = member.pending(&first.id, &first.id, 1, Duration::ZERO).await?;
                self.claim(pending, first.delay, free, work).await?;
            } else if look <= Instant::now() {
                let known = work.ours.len().min(1_000);
                let pending = member.pending(b"-", b"+", free + known, idle).await?;
                look = if self.claim(pending, idle, free, work).await? {
                    Instant::now()
                } else {
                    Instant::now() + pause
                };
            } else {
                let due = work.waiting.first().map_or(look, |first| first.due.min(look));
                let wait = due.saturating_duration_since(Instant::now()).min(BLOCK);
                for entry in member.fetch(&mut socket, free, wait, work).await? {
                    self.begin(entry, 1, work);
                }
            }
        }
        Ok(())
    }

    /// Takes over entries that were delivered before. True if there may be more.
    async fn claim(
        &self,
        pending: Vec<(Vec<u8>, u32)>,
        idle: Duration,
        free: usize,
        work: &mut Work,
    ) -> Result<bool, Error> {
        let mut taken = 0;
        for (id, deliveries) in pending {
            if work.ours.contains(&id) {
                continue;
            }
            if taken == free {
                return Ok(true);
            }
            for entry in self.member.take_over(&id, idle).await? {
                taken += 1;
                self.begin(entry, deliveries.saturating_add(1), work);
            }
        }
        Ok(false)
    }

    fn begin(&self, entry: Entry, attempt: u32, work: &mut Work) {
        work.ours.insert(entry.id.clone());
        let member = Arc::clone(&self.member);
        work.tasks.spawn(async move { member.handle(entry, attempt).await });
    }
}

impl Work {
    fn handled(&mut self, handled: Option<Handled>) {
        let Some(Handled { id, again }) = handled else { return };
        self.ours.remove(&id);
        let Some(delay) = again.filter(|_| self.waiting.len() < MAX_WAITING) else { return };
        let due = Instant::now() + delay;
        let at = self.waiting.partition_point(|other| other.due <= due);
        self.ours.insert(id.clone());
        self.waiting.insert(at, Waiting { id, due, delay });
    }
}

impl Member {
    fn words(&self, name: &str, rest: &[&[u8]]) -> Vec<Vec<u8>> {
        let own = [name.as_bytes(), self.stream.key.as_bytes(), self.stream.group.as_bytes()];
        own.iter().chain(rest).map(|word| word.to_vec()).collect()
    }

    async fn make_group(&self) -> Result<(), Error> {
        let from: &[u8] = if self.stream.from == From::All { b"0" } else { b"$" };
        let mut command = self.words("XGROUP", &[from, b"MKSTREAM"]);
        command.insert(1, b"CREATE".to_vec());
        match self.client.ask(command).await {
            Err(error) if error.kind != ErrorKind::Conflict => Err(error),
            _ => Ok(()),
        }
    }

    /// Entries that nobody has been given, while what is under way goes on.
    async fn fetch(
        &self,
        socket: &mut Socket,
        free: usize,
        wait: Duration,
        work: &mut Work,
    ) -> Result<Vec<Entry>, Error> {
        let count = free.min(self.stream.batch).to_string();
        // 0 would be for ever.
        let wait = wait.as_millis().max(1).to_string();
        let words: [&[u8]; 11] = [
            b"XREADGROUP",
            b"GROUP",
            self.stream.group.as_bytes(),
            self.consumer.as_bytes(),
            b"COUNT",
            count.as_bytes(),
            b"BLOCK",
            wait.as_bytes(),
            b"STREAMS",
            self.stream.key.as_bytes(),
            b">",
        ];
        let command = words.iter().map(|word| word.to_vec()).collect();
        let reading =
            tokio::time::timeout(BLOCK + QUIET, socket.one(command, self.client.limits.reply_bytes));
        tokio::pin!(reading);
        // Not given up at a stop: what Redis has given to us meanwhile would lie until somebody claims it.
        let reply = loop {
            tokio::select! {
                reply = &mut reading => break reply,
                Some(handled) = work.tasks.join_next() => work.handled(handled.ok()),
            }
        };
        let reply = reply.map_err(|_late| crate::client::late())?.map_err(|trouble| trouble.told(true))?;
        match reply.first() {
            Some(Part::Failure(text)) => {
                self.client.forget_places();
                Err(crate::error::failure(text))
            }
            _ => Ok(entry::fetched(reply)),
        }
    }

    /// Entries that somebody was given and has not acknowledged, with how often.
    async fn pending(
        &self,
        first: &[u8],
        last: &[u8],
        count: usize,
        idle: Duration,
    ) -> Result<Vec<(Vec<u8>, u32)>, Error> {
        let (count, idle) = (count.to_string(), idle.as_millis().to_string());
        let words: [&[u8]; 5] = [b"IDLE", idle.as_bytes(), first, last, count.as_bytes()];
        let reply = self.client.ask(self.words("XPENDING", &words)).await?;
        Ok(entry::pending(reply))
    }

    async fn take_over(&self, id: &[u8], idle: Duration) -> Result<Vec<Entry>, Error> {
        let idle = idle.as_millis().to_string();
        let command = self.words("XCLAIM", &[self.consumer.as_bytes(), idle.as_bytes(), id]);
        let reply: Reply = self.client.ask(command).await?;
        Ok(entry::claimed(reply))
    }

    async fn handle(&self, entry: Entry, attempt: u32) -> Handled {
        let most = self.stream.max_deliveries;
        let settlement = if attempt > most {
            // It was delivered as often as it may be, and nobody lived to say what became of it.
            Settlement::Reject
        } else {
            self.intake.deliver(entry.delivery(&self.stream, &self.consumer, attempt)).await
        };
        let settled = match settlement {
            Settlement::Retry(delay) if attempt < most => {
                return Handled { id: entry.id, again: Some(delay.unwrap_or(RETRY_AFTER)) };
            }
            Settlement::Acknowledge => self.acknowledge(&entry.id).await,
            Settlement::Retry(_) | Settlement::Reject => self.reject(&entry).await,
        };
        if let Err(error) = settled {
            let (channel, error) = (&self.intake.channel.name, error.to_string());
            tracing::warn!(%channel, %error, "an entry of a stream could not be settled; it will be delivered again");
        }
        Handled { id: entry.id, again: None }
    }

    async fn acknowledge(&self, id: &[u8]) -> Result<(), Error> {
        self.client.ask(self.words("XACK", &[id])).await?;
        Ok(())
    }

    async fn reject(&self, entry: &Entry) -> Result<(), Error> {
        if let Some(letters) = &self.stream.dead_letter {
            self.client.ask(entry.dead_letter(letters)).await?;
        }
        self.acknowledge(&entry.id).await
    }
}

/// The name of this machine, which is the same after a restart.
fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "caisson".to_owned() } else { name.to_owned() }
}

impl Consumer for Group {
    fn run<'a>(
        &'a mut self,
        stop: CancellationToken,
        ready: &'a (dyn Fn() + Send + Sync),
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let mut work = Work::default();
            let outcome = self.consume(&stop, ready, &mut work).await;
            // Whether told to stop or cut off: what has begun ends, and is settled if it can be.
            while work.tasks.join_next().await.is_some() {}
            outcome
        })
    }
}
