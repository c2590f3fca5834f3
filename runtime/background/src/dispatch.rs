//! Takes calls that are due and makes them, a bounded number at a time, of each package and of each service.

use crate::arrivals::Arrivals;
use crate::choose::{Chosen, choose};
use crate::outcome::{Ended, Settled, settle};
use crate::places::{Held, Places};
use crate::queue::Settings;
use crate::store::MAX_LOST;
use crate::store::read::{self, Taken};
use crate::store::write::Change;
use crate::task::{Millis, Task, now};
use crate::turns::Turns;
use crate::writer::Writer;
use bytes::Bytes;
use caisson_capability::{
    Chain, ChannelInfo, Cid, Deadline, Error, ErrorKind, Invocation, Invoker, Request, Trace,
};
use caisson_telemetry::Metrics;
use sqlx::SqlitePool;
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// How long a call may take. The limits of its service are shorter.
const TIMEOUT: Duration = Duration::from_secs(3_600);

/// Largest answer that is waited for.
const MAX_ANSWER: u64 = 16 << 20;

/// Longest time without a look at the file: the clock may have been set.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// How often what has failed long ago leaves.
const SWEEP: Duration = Duration::from_secs(3_600);

/// Time between attempts to write down what a call came to.
const PAUSE: Duration = Duration::from_secs(1);

/// What making calls needs.
#[derive(Clone)]
pub(crate) struct Means {
    pub(crate) readers: SqlitePool,
    pub(crate) writer: Writer,
    pub(crate) invoker: Weak<dyn Invoker>,
    pub(crate) arrivals: Arc<Arrivals>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) settings: Settings,
}

/// Makes calls until it is told to stop; then takes no new ones, and waits for those under way.
pub(crate) async fn run(means: Means, stop: CancellationToken) {
    let (running, known, turns) = (JoinSet::new(), HashMap::new(), Turns::default());
    let mut dispatcher = Dispatcher { means, running, known, turns, unread: true };
    let mut sweep = tokio::time::interval(SWEEP);
    while !stop.is_cancelled() {
        let sleep = dispatcher.start_due().await.min(LONGEST_SLEEP);
        tokio::select! {
            () = stop.cancelled() => break,
            () = dispatcher.means.arrivals.some() => {}
            () = tokio::time::sleep(sleep) => {}
            Some(ended) = dispatcher.running.join_next_with_id() => dispatcher.ended(ended).await,
            _ = sweep.tick() => dispatcher.sweep().await,
        }
        while let Some(ended) = dispatcher.running.try_join_next_with_id() {
            dispatcher.ended(ended).await;
        }
    }
    dispatcher.drain().await;
}

struct Dispatcher {
    means: Means,
    running: JoinSet<()>,
    known: HashMap<Id, Held>,
    turns: Turns,
    /// Whose calls wait has to be found out from the file.
    unread: bool,
}

impl Dispatcher {
    /// Starts what is due and has room. How long until the next look.
    async fn start_due(&mut self) -> Duration {
        loop {
            let now = now();
            match self.start_some(now).await {
                Ok(0) => return self.turns.next_due().map_or(LONGEST_SLEEP, |due| until(due, now)),
                Ok(_) => {}
                Err(error) => {
                    // Some who were in line may have lost their turns.
                    self.unread = true;
                    tracing::error!(%error, "calls in the background cannot be taken from their file");
                    return PAUSE;
                }
            }
        }
    }

    /// Starts calls; how many.
    async fn start_some(&mut self, now: Millis) -> Result<usize, Error> {
        self.line_up(now).await?;
        let places = Places::new(self.means.settings, self.known.values());
        let Chosen { calls, next } =
            choose(&self.means.readers, &mut self.turns, places, now).await.map_err(unreadable)?;
        if !calls.is_empty() {
            self.start(&calls).await?;
        }
        for (service, due) in next {
            self.turns.expect(&service, due);
        }
        Ok(calls.len())
    }

    /// Those who have calls that are due get in line.
    async fn line_up(&mut self, now: Millis) -> Result<(), Error> {
        if self.unread {
            for (service, due) in read::services(&self.means.readers).await.map_err(unreadable)? {
                self.turns.expect(&service, due);
            }
            self.unread = false;
        }
        for (service, due) in self.means.arrivals.take() {
            self.turns.expect(&service, due);
        }
        let invoker = self.means.invoker.upgrade();
        // One that is not there has nobody to share with.
        let package = |service: &str| invoker.as_ref().and_then(|invoker| invoker.package(service));
        self.turns.line_up(now, |service| package(service).unwrap_or_else(|| service.into()));
        Ok(())
    }

    /// Starts these calls, but those that an operator has removed meanwhile.
    async fn start(&mut self, calls: &[Held]) -> Result<(), Error> {
        let ids: Vec<i64> = calls.iter().map(|held| held.id).collect();
        self.means.writer.change(Change::Claim { ids: ids.clone() }).await?;
        let taken = match read::take(&self.means.readers, &ids).await {
            Ok(taken) => taken,
            Err(error) => {
                self.means.writer.change(Change::Release { ids }).await?;
                return Err(unreadable(error));
            }
        };
        let held: HashMap<i64, &Held> = calls.iter().map(|held| (held.id, held)).collect();
        for one in taken {
            let Some(held) = held.get(&one.task.id) else { continue };
            let handle = self.running.spawn(attempt(self.means.clone(), one));
            self.known.insert(handle.id(), (*held).clone());
        }
        Ok(())
    }

    async fn ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        let (id, broke) = match &ended {
            Ok((id, ())) => (*id, false),
            Err(error) => (error.id(), error.is_panic()),
        };
        let Some(held) = self.known.remove(&id) else { return };
        if broke {
            let reason = "the server broke down over it; its log says more".to_owned();
            let dead = Change::Dead { id: held.id, reason, at: now() };
            if let Err(error) = self.means.writer.change(dead).await {
                tracing::error!(%error, task = held.id, "what a call in the background came to cannot be kept");
            }
        }
    }

    async fn sweep(&self) {
        let Settings { failed_kept, failed_kept_for, .. } = self.means.settings;
        let age = Millis::try_from(failed_kept_for.as_millis()).unwrap_or(Millis::MAX);
        let sweep = Change::Sweep { before: now().saturating_sub(age), keep: failed_kept };
        match self.means.writer.change(sweep).await {
            Ok(0) | Err(_) => {}
            Ok(rows) => tracing::info!(rows, "calls in the background that failed long ago were forgotten"),
        }
    }

    /// Waits for what is under way; what does not end in time waits for the next start.
    async fn drain(mut self) {
        let all = async { while self.running.join_next().await.is_some() {} };
        if tokio::time::timeout(self.means.settings.drain, all).await.is_ok() {
            return;
        }
        self.running.shutdown().await;
        // Those that have written down what they came to are no longer being made, so this changes nothing of them.
        let ids: Vec<i64> = self.known.values().map(|held| held.id).collect();
        tracing::warn!(
            most = ids.len(),
            "calls in the background were broken off: they are made again after the next start"
        );
        if let Err(error) = self.means.writer.change(Change::Release { ids }).await {
            tracing::error!(%error, "calls in the background that were broken off count as lost");
        }
    }
}

fn until(due: Millis, now: Millis) -> Duration {
    Duration::from_millis(u64::try_from(due.saturating_sub(now)).unwrap_or(0))
}

fn unreadable(error: sqlx::Error) -> Error {
    Error::new(ErrorKind::Unavailable, crate::store::explain(&error)).source(error)
}

/// Makes a call, and writes down what it came to.
async fn attempt(means: Means, taken: Taken) {
    let Taken { task, group, lost } = taken;
    let ended = if lost >= MAX_LOST {
        Ended::Lost
    } else if task.expires.is_some_and(|expires| now() > expires) {
        Ended::Expired
    } else {
        let Some(invoker) = means.invoker.upgrade() else {
            // The server is stopping: it is made after the next start.
            return keep(&means.writer, Change::Release { ids: vec![task.id] }).await;
        };
        match call(&*invoker, &task).await {
            Ok((content_type, body)) => Ended::Answered { content_type, body },
            Err(error) => Ended::Failed(error),
        }
    };
    let at = now();
    let settled = settle(&task, group.as_ref(), &ended, at);
    tell(&means.metrics, &task, &ended, &settled);
    let change = match settled {
        Settled::Done { callbacks, item } => {
            Change::Done { task: Box::new(task), group, callbacks, item, at }
        }
        Settled::Again { due, repeats, waits, reason } => {
            Change::Again { id: task.id, due, repeats, waits, reason }
        }
        Settled::Dead { reason } => Change::Dead { id: task.id, reason, at },
    };
    keep(&means.writer, change).await;
}

/// Writes down what a call came to, however long the disk has no room for it: until then it must not be made again.
async fn keep(writer: &Writer, change: Change) {
    let change = Arc::new(change);
    while let Err(error) = writer.change(Arc::clone(&change)).await {
        tracing::error!(%error, "what a call in the background came to cannot be kept yet");
        tokio::time::sleep(PAUSE).await;
    }
}

async fn call(invoker: &dyn Invoker, task: &Task) -> Result<(String, Bytes), Error> {
    let response = invoker.invoke(invocation(task)).await?;
    let content_type = response.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let content_type = content_type.map(|(_, value)| value.clone()).unwrap_or_default();
    // The service still runs while its answer comes in pieces.
    Ok((content_type, response.body.collect(MAX_ANSWER).await?))
}

fn invocation(task: &Task) -> Invocation {
    let channel = ChannelInfo::plain(task.kind);
    let channel = match &task.name {
        Some(name) => Arc::new(ChannelInfo { name: name.as_str().into(), ..(*channel).clone() }),
        None => channel,
    };
    let text = |text: &Option<String>| text.as_deref().map(Arc::from);
    Invocation {
        cid: Cid::from(task.cid.as_str()),
        service: task.service.as_str().into(),
        channel,
        principal: None,
        peer: None,
        deadline: Deadline::after(TIMEOUT),
        attempt: task.attempt.max(1),
        trace: Trace { traceparent: text(&task.traceparent), tracestate: text(&task.tracestate) },
        depth: 0,
        chain: Chain::new(text(&task.in_reply_to), text(&task.environ)),
        request: Request {
            content_type: task.content_type.clone(),
            body: task.body.clone(),
            ..Request::default()
        },
    }
}

/// Counts what a call came to, and says it when somebody should look.
fn tell(metrics: &Metrics, task: &Task, ended: &Ended, settled: &Settled) {
    let background = &metrics.background;
    let Task { id, service, source, cid, .. } = task;
    match (ended, settled) {
        (_, Settled::Again { reason, .. }) => {
            background.retried.inc();
            tracing::info!(
                task = id,
                service,
                source,
                cid,
                reason,
                "a call in the background is tried again later"
            );
        }
        (Ended::Answered { .. }, _) => {
            background.done.inc();
        }
        (Ended::Expired, _) => {
            background.expired.inc();
            tracing::warn!(
                task = id,
                service,
                source,
                cid,
                "a call in the background expired before it could begin"
            );
        }
        (Ended::Failed(error), _) => {
            background.given_up.inc();
            tracing::warn!(task = id, service, source, cid, %error, "a call in the background has failed for good");
        }
        (Ended::Lost, _) => {
            background.given_up.inc();
            let text = "a call in the background is given up: the server ended again and again while it was being made";
            tracing::error!(task = id, service, source, cid, "{text}");
        }
    }
}
