//! What lies around every call to the outside, written once: grant, count, trace span, rate, turn, retry, breaker, deadline.
//!
//! [`Lease::call`] is the list, outermost first.

mod backoff;
mod breaker;
mod bucket;
mod record;

use crate::connection::Connection;
use crate::connections::{Connections, Entry, Known};
use crate::deadline::Deadline;
use crate::grant::Granted;
use crate::policy::{Enforcement, Policy};
use crate::usage::{Cells, Outcome, Refusal, UsageKey};
use crate::{Error, ErrorKind, Fault, Invocation};
use breaker::Breaker;
use bucket::Bucket;
use futures_util::FutureExt as _;
use record::Record;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use tracing::Instrument as _;

/// The state that the layers keep for one connection.
#[derive(Debug)]
pub(crate) struct Gates {
    turns: Semaphore,
    bucket: Option<Bucket>,
    breaker: Option<Breaker>,
}

impl Gates {
    pub(crate) fn new(policy: &Policy) -> Self {
        let turns = usize::try_from(policy.max_concurrent).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            turns: Semaphore::new(turns.min(Semaphore::MAX_PERMITS)),
            bucket: policy.rate.map(Bucket::new),
            breaker: policy.breaker.clone().map(Breaker::new),
        }
    }
}

/// One call: what it does, in the terms of grants.
#[derive(Clone, Copy, Debug)]
pub struct Call<'l> {
    /// The operation that a grant has to allow.
    pub operation: &'static str,
    /// Made twice it does the same as made once: it may be repeated.
    pub idempotent: bool,
    /// A shorter limit than the connection's.
    pub timeout: Option<std::time::Duration>,
    /// Whose grants [`Lease::allow`] has asked.
    asked: Option<&'l Granted>,
}

/// What [`Lease::allow`] has let pass. Of no use with another lease than its own, whose grants are asked again.
#[derive(Clone, Copy, Debug)]
pub struct Allowed<'l>(&'static str, &'l Granted);

impl<'l> Call<'l> {
    /// A call of an operation that must not be repeated.
    #[must_use]
    pub fn of(operation: &'static str) -> Self {
        Self { operation, idempotent: false, timeout: None, asked: None }
    }

    /// As [`Call::of`], of an operation that [`Lease::allow`] has let pass. The grants are not asked again: what is only observed is
    /// counted once.
    #[must_use]
    pub fn allowed(Allowed(operation, granted): Allowed<'l>) -> Self {
        Self { asked: Some(granted), ..Self::of(operation) }
    }

    /// A call that may be repeated if `idempotent`.
    #[must_use]
    pub fn idempotent(self, idempotent: bool) -> Self {
        Self { idempotent, ..self }
    }

    /// A call with a shorter limit.
    #[must_use]
    pub fn timeout(self, timeout: Option<std::time::Duration>) -> Self {
        Self { timeout, ..self }
    }
}

/// A service's hold on a connection: for one call, or for as long as a transaction, a cursor or a body lives. While it is
/// held, the connection is not closed.
#[derive(Debug)]
pub struct Lease<C> {
    all: Arc<Connections>,
    entry: Arc<Entry>,
    client: Arc<C>,
    invocation: Arc<Invocation>,
    known: Arc<Known>,
}

impl<C> Clone for Lease<C> {
    fn clone(&self) -> Self {
        Self {
            all: Arc::clone(&self.all),
            entry: Arc::clone(&self.entry),
            client: Arc::clone(&self.client),
            invocation: Arc::clone(&self.invocation),
            known: Arc::clone(&self.known),
        }
    }
}

/// What an attempt is given.
#[derive(Debug)]
pub struct Attempt<C> {
    client: Arc<C>,
    cells: Arc<Cells>,
    /// When the call is given up.
    pub deadline: Deadline,
}

impl<C> Clone for Attempt<C> {
    fn clone(&self) -> Self {
        Self { client: Arc::clone(&self.client), cells: Arc::clone(&self.cells), deadline: self.deadline }
    }
}

impl<C> std::ops::Deref for Attempt<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.client
    }
}

impl<C> Attempt<C> {
    /// So many bytes went out.
    pub fn sent(&self, bytes: usize) {
        self.cells.sent.fetch_add(bytes as u64, Relaxed);
    }

    /// So many bytes came back.
    pub fn received(&self, bytes: usize) {
        self.cells.received.fetch_add(bytes as u64, Relaxed);
    }
}

impl<C: Connection> Lease<C> {
    pub(crate) fn new(
        all: Arc<Connections>,
        entry: Arc<Entry>,
        client: Arc<C>,
        invocation: Arc<Invocation>,
    ) -> Self {
        let known = all.known_of(&entry, &invocation.service);
        Self { all, entry, client, invocation, known }
    }

    /// Makes a call through all layers.
    ///
    /// # Errors
    ///
    /// `access-denied` with the grant to add; `quota-exceeded` with the limit; `timeout`; `unavailable` while the breaker is open; what
    /// the last attempt said.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the attempt that is under way.
    pub async fn call<T, F, Fut>(&self, call: Call<'_>, work: F) -> Result<T, Error>
    where
        F: Fn(Attempt<C>) -> Fut,
        Fut: Future<Output = Result<T, Error>>,
    {
        if !call.asked.is_some_and(|asked| std::ptr::eq(asked, self.granted())) {
            self.allow(call.operation)?;
        }
        let record = Record::begin(self.cells(call.operation));
        let deadline = self.deadline(call, record.started());
        let attempt =
            Attempt { client: Arc::clone(&self.client), cells: Arc::clone(record.cells()), deadline };
        let mut stopped = false;
        let span = tracing::debug_span!(
            "call",
            cid = %self.invocation.cid,
            service = &*self.invocation.service,
            connection = &*self.entry.name,
            operation = call.operation
        );
        let outcome = self.layered(call, attempt, &work, &mut stopped).instrument(span).await;
        record.end(
            outcome.as_ref().err().map(|error| if stopped { Outcome::Limited } else { Outcome::of(error) }),
        );
        outcome
    }

    /// All that is between the count and the attempts. Each wait in it ends at the deadline.
    async fn layered<T, F, Fut>(
        &self,
        call: Call<'_>,
        attempt: Attempt<C>,
        work: &F,
        stopped: &mut bool,
    ) -> Result<T, Error>
    where
        F: Fn(Attempt<C>) -> Fut,
        Fut: Future<Output = Result<T, Error>>,
    {
        if let Some(bucket) = &self.entry.live.gates.bucket {
            bucket.take()?;
        }
        let _turn = self.turn(call, attempt.deadline).await?;
        self.attempts(call, attempt, work, stopped).await
    }

    /// Asks whether the grants allow an operation, without making a call; one that follows is made by [`Call::allowed`].
    ///
    /// # Errors
    ///
    /// `access-denied` with the grant to add, unless the connection only observes.
    pub fn allow(&self, operation: &'static str) -> Result<Allowed<'_>, Error> {
        if !self.granted().allows(operation) {
            self.refuse(operation, None)?;
        }
        Ok(Allowed(operation, self.granted()))
    }

    /// Refuses what is beyond the grants though its operation is allowed: `detail` says what, e.g. `key `orders:1``, and `add` what
    /// has to be in the grant, e.g. `keys: ["orders:*"]`.
    ///
    /// # Errors
    ///
    /// `access-denied`, unless the connection only observes.
    pub fn refuse_part(&self, operation: &'static str, detail: &str, add: &str) -> Result<(), Error> {
        self.refuse(operation, Some((detail, add)))
    }

    fn refuse(&self, operation: &'static str, part: Option<(&str, &str)>) -> Result<(), Error> {
        let observed = self.entry.live.policy.enforcement == Enforcement::Observe;
        let key = self.key(operation);
        self.all.usage().cells(key.clone()).count(if observed {
            Outcome::Observed
        } else {
            Outcome::Refused
        });
        self.all.witness().refused(&Refusal {
            cid: self.invocation.cid.clone(),
            key,
            principal: self.invocation.principal.as_ref().map(|principal| Arc::clone(&principal.name)),
            detail: part.map(|(detail, _)| detail.to_owned()),
            observed,
        });
        if observed {
            return Ok(());
        }
        let (service, connection) = (&self.invocation.service, &self.entry.name);
        let (what, more) = match part {
            Some((detail, add)) => (format!("{operation}` ({detail})"), format!(", {add}")),
            None => (format!("{operation}`"), String::new()),
        };
        let text = format!(
            "{service} may not use connection `{connection}` for `{what}; to allow it, add the grant: \
             {{services: [{service}], connection: {connection}, operations: [{operation}]{more}}}"
        );
        Err(Error::new(ErrorKind::AccessDenied, text).fault(Fault::Host))
    }

    /// The client, for what needs no layer of its own: a fact, or a part of a call that is under way.
    #[must_use]
    pub fn client(&self) -> &Arc<C> {
        &self.client
    }

    /// What the service may do with the connection.
    #[must_use]
    pub fn granted(&self) -> &Granted {
        &self.known.granted
    }

    /// The invocation that the connection is used for.
    #[must_use]
    pub fn invocation(&self) -> &Arc<Invocation> {
        &self.invocation
    }

    fn key(&self, operation: &'static str) -> UsageKey {
        UsageKey {
            service: Arc::clone(&self.invocation.service),
            connection: Arc::clone(&self.entry.name),
            capability: self.entry.live.capability(),
            operation,
        }
    }

    fn cells(&self, operation: &'static str) -> Arc<Cells> {
        self.known.cells(operation, || self.all.usage().cells(self.key(operation)))
    }

    fn deadline(&self, call: Call<'_>, started: Instant) -> Deadline {
        let limit = self.entry.live.policy.timeout();
        self.invocation.deadline.at_most(started, call.timeout.map_or(limit, |own| own.min(limit)))
    }

    /// Whether it is the request that ran out of time, and not the connection that took too long.
    fn is_request_late(&self) -> bool {
        self.invocation.deadline.remaining().is_zero()
    }

    fn late(&self, call: Call<'_>) -> Error {
        let own = self.is_request_late();
        let (name, operation) = (&self.entry.name, call.operation);
        let text = if own {
            format!("the request's deadline passed while `{operation}` of connection `{name}` was under way")
        } else {
            format!("`{operation}` of connection `{name}` took longer than its limit timeout_secs")
        };
        // What was under way may have been done.
        Error::new(ErrorKind::Timeout, text).fault(Fault::Remote).retryable(call.idempotent)
    }

    async fn turn(&self, call: Call<'_>, deadline: Deadline) -> Result<SemaphorePermit<'_>, Error> {
        let turns = &self.entry.live.gates.turns;
        // Who waits is given what becomes free before anybody else can take it.
        if let Ok(turn) = turns.try_acquire() {
            return Ok(turn);
        }
        let Some(turn) = within(deadline, turns.acquire()).await else {
            let (name, most) = (&self.entry.name, self.entry.live.policy.max_concurrent);
            let text = format!(
                "`{}` waited in vain for its turn: connection `{name}` makes max_concurrent = {most} calls at the same time",
                call.operation
            );
            return Err(Error::new(ErrorKind::Timeout, text).fault(Fault::Remote));
        };
        turn.map_err(|error| Error::new(ErrorKind::Unavailable, "the connection is closed").source(error))
    }

    async fn attempts<T, F, Fut>(
        &self,
        call: Call<'_>,
        attempt: Attempt<C>,
        work: &F,
        stopped: &mut bool,
    ) -> Result<T, Error>
    where
        F: Fn(Attempt<C>) -> Fut,
        Fut: Future<Output = Result<T, Error>>,
    {
        let retry = self.entry.live.policy.retry.as_ref().filter(|_| call.idempotent);
        let mut made = 0_u32;
        loop {
            made += 1;
            let error = match self.one(call, &attempt, work, stopped).await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            let Some(retry) = retry.filter(|retry| made < retry.attempts && error.retryable) else {
                return Err(error);
            };
            let wait = backoff::wait(retry, made).max(error.retry_after.unwrap_or_default());
            if wait >= attempt.deadline.remaining() {
                return Err(error);
            }
            attempt.cells.retries.fetch_add(1, Relaxed);
            tokio::time::sleep(wait).await;
        }
    }

    /// One attempt, unless the breaker is open: then `stopped`.
    async fn one<T, F, Fut>(
        &self,
        call: Call<'_>,
        attempt: &Attempt<C>,
        work: &F,
        stopped: &mut bool,
    ) -> Result<T, Error>
    where
        F: Fn(Attempt<C>) -> Fut,
        Fut: Future<Output = Result<T, Error>>,
    {
        let pass = self.entry.live.gates.breaker.as_ref().map(Breaker::pass).transpose();
        *stopped = pass.is_err();
        let pass = pass?;
        let ended = within(attempt.deadline, sheltered(work(attempt.clone()))).await;
        let failed = match &ended {
            // Refusing a wrong statement is what a healthy database does.
            Some(outcome) => outcome.as_ref().is_err_and(|error| {
                error.fault == Fault::Remote
                    && matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Timeout)
            }),
            // A system that hangs has failed; one that was given no time has not.
            None => !self.is_request_late(),
        };
        match pass {
            Some(pass) if failed || ended.is_some() => pass.ended(failed),
            _ => {}
        }
        ended.unwrap_or_else(|| Err(self.late(call)))
    }
}

/// What a future gives before the deadline, or nothing. What is there at once needs no timer, which costs more than all the layers.
async fn within<T>(deadline: Deadline, future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    if let Poll::Ready(ready) = futures_util::poll!(future.as_mut()) {
        return Some(ready);
    }
    tokio::time::timeout_at(deadline.instant(), future).await.ok()
}

/// Waits for an attempt. A library that panics, as some do when a server lies to them, has failed and no more: what it held is
/// dropped with its future.
async fn sheltered<T>(attempt: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    AssertUnwindSafe(attempt).catch_unwind().await.unwrap_or_else(|_panic| {
        let text = "the other side answered what the host could not make sense of; its log says more";
        Err(Error::new(ErrorKind::Unavailable, text).fault(Fault::Remote).retryable(false))
    })
}
