//! A database connection, and what a service does with it: each call through the layers, each within one session.

mod backend;
mod cursor;
mod dialect;
mod mysql;
mod pool;
mod postgres;
mod session;
mod slot;
mod sqlite;
mod target;
mod time;
mod transaction;

pub use cursor::Cursor;
pub use transaction::Transaction;

use crate::config::Config;
use crate::error;
use crate::statement::{self, Kind, Ready, Scope};
use crate::value::{Outcome, Params, Rows, Statement, TransactionOptions};
use backend::Backend;
use caisson_capability::{Attempt, BoxFuture, Call, Connection, Error, Lease, Problem, Setup};
use session::{Most, Session};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A connection of type `sql`: the pool of sessions with a database.
pub struct Client {
    backend: Arc<dyn Backend>,
    most: Most,
    /// How long a statement may take in the database.
    limit: Duration,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("kind", &self.backend.kind())
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Makes a client; opens nothing.
    ///
    /// # Errors
    ///
    /// What is wrong with the options.
    pub fn new(setup: &Setup, config: &Config) -> Result<Self, Vec<Problem>> {
        let limit = config.statement_timeout_secs.and_then(|secs| Duration::try_from_secs_f64(secs).ok());
        Ok(Self {
            backend: target::backend(setup, config)?,
            most: Most { rows: config.max_rows, bytes: config.max_bytes },
            limit: limit.unwrap_or(setup.timeout),
        })
    }

    fn kind(&self) -> Kind {
        self.backend.kind()
    }

    fn limit(&self, own: Option<Duration>) -> Duration {
        own.map_or(self.limit, |own| own.min(self.limit))
    }

    async fn session(&self) -> Result<Box<dyn Session>, Error> {
        self.backend.acquire().await
    }
}

impl Connection for Client {
    fn ping(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let mut session = self.session().await?;
            session.ping().await?;
            session.release();
            Ok(())
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.backend.close()
    }
}

/// What a service does with a connection.
#[derive(Clone, Debug)]
pub struct Access {
    lease: Lease<Client>,
}

impl Access {
    /// By a lease.
    #[must_use]
    pub fn new(lease: Lease<Client>) -> Self {
        Self { lease }
    }

    /// What statements of the service may do.
    fn scope(&self) -> Scope {
        if self.lease.granted().allows("execute") { Scope::Write } else { Scope::Read }
    }

    fn ready(&self, scope: Scope, text: &str, params: &Params) -> Result<Ready, Error> {
        statement::ready(self.lease.client().kind(), scope, text, params)
    }

    /// All rows of a statement.
    ///
    /// # Errors
    ///
    /// `access-denied`; `invalid-input`: the statement or its values; `quota-exceeded`: `max_rows`, `max_bytes`; `unavailable`,
    /// `timeout`; what the database says, with its code.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the statement in the database and closes its session.
    pub async fn query(&self, statement: &Statement) -> Result<Rows, Error> {
        let allowed = self.lease.allow("query")?;
        let scope = self.scope();
        let ready = self.ready(scope, &statement.text, &statement.params)?;
        let own = limit_of(statement);
        self.lease
            .call(Call::allowed(allowed).idempotent(ready.reads).timeout(own), async |attempt| {
                query(attempt, &ready, scope, own).await
            })
            .await
    }

    /// What a statement changes.
    ///
    /// # Errors
    ///
    /// As [`Access::query`].
    ///
    /// # Cancel safety
    ///
    /// As [`Access::query`]; whether the statement had its effect is not known then.
    pub async fn execute(&self, statement: &Statement) -> Result<Outcome, Error> {
        let allowed = self.lease.allow("execute")?;
        let ready = self.ready(Scope::Write, &statement.text, &statement.params)?;
        let own = limit_of(statement);
        self.lease
            .call(Call::allowed(allowed).timeout(own), async |attempt| execute(attempt, &ready, own).await)
            .await
    }

    /// One statement with many sets of values, all or none.
    ///
    /// # Errors
    ///
    /// As [`Access::query`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future rolls it back.
    pub async fn batch(&self, text: &str, sets: &[Params]) -> Result<Outcome, Error> {
        let allowed = self.lease.allow("execute")?;
        let ready = self.all_ready(text, sets)?;
        self.lease.call(Call::allowed(allowed), async |attempt| batch(attempt, &ready).await).await
    }

    fn all_ready(&self, text: &str, sets: &[Params]) -> Result<Vec<Ready>, Error> {
        statement::all_ready(self.lease.client().kind(), Scope::Write, text, sets)
    }

    /// The rows of a statement, batch by batch.
    ///
    /// # Errors
    ///
    /// As [`Access::query`].
    ///
    /// # Cancel safety
    ///
    /// As [`Access::query`].
    pub async fn open(&self, statement: &Statement) -> Result<Cursor, Error> {
        let allowed = self.lease.allow("query")?;
        let scope = self.scope();
        let ready = Arc::new(self.ready(scope, &statement.text, &statement.params)?);
        // The database need not watch what the request's deadline does.
        let left = self.lease.invocation().deadline.remaining();
        let limit = limit_of(statement).map_or(left, |own| own.min(left));
        self.lease
            .call(Call::allowed(allowed).idempotent(ready.reads), async |attempt| {
                Cursor::open(self.lease.clone(), &attempt, Arc::clone(&ready), scope, limit).await
            })
            .await
    }

    /// A transaction.
    ///
    /// # Errors
    ///
    /// As [`Access::query`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the session.
    pub async fn begin(&self, options: TransactionOptions) -> Result<Transaction, Error> {
        let read_only = options.read_only || self.scope() == Scope::Read;
        let how = TransactionOptions { read_only, ..options };
        let session = self
            .lease
            .call(Call::of("transaction").idempotent(true), async |attempt| {
                let mut session = attempt.session().await?;
                session.begin(how, attempt.limit(None)).await?;
                Ok(session)
            })
            .await?;
        Ok(Transaction::new(self.clone(), session))
    }
}

const READING: TransactionOptions = TransactionOptions { isolation: None, read_only: true };

async fn query(
    attempt: Attempt<Client>,
    ready: &Ready,
    scope: Scope,
    own: Option<Duration>,
) -> Result<Rows, Error> {
    let mut session = attempt.session().await?;
    let limit = attempt.limit(own);
    attempt.sent(sent(ready));
    let answer = if scope == Scope::Read {
        session.begin(READING, limit).await?;
        let answer = session.rows(ready, limit, attempt.most).await;
        if session.usable() {
            session.end(false).await?;
        }
        answer
    } else {
        session.rows(ready, limit, attempt.most).await
    };
    session.release();
    if let Ok(rows) = &answer {
        attempt.received(rows.rows.iter().flatten().map(crate::value::Value::size).sum());
    }
    answer
}

async fn execute(attempt: Attempt<Client>, ready: &Ready, own: Option<Duration>) -> Result<Outcome, Error> {
    let mut session = attempt.session().await?;
    attempt.sent(sent(ready));
    let outcome = session.change(ready, attempt.limit(own)).await;
    session.release();
    outcome.map_err(error::sent)
}

async fn batch(attempt: Attempt<Client>, all: &[Ready]) -> Result<Outcome, Error> {
    let mut session = attempt.session().await?;
    session.begin(TransactionOptions::default(), attempt.limit(None)).await?;
    let outcome = each(&attempt, session.as_mut(), all).await;
    if session.usable() {
        session.end(outcome.is_ok()).await.map_err(error::sent)?;
    }
    session.release();
    outcome
}

async fn each(attempt: &Attempt<Client>, session: &mut dyn Session, all: &[Ready]) -> Result<Outcome, Error> {
    let mut sum = Outcome::default();
    for ready in all {
        attempt.sent(sent(ready));
        let one = session.change(ready, attempt.limit(None)).await?;
        sum.affected += one.affected;
        sum.last_insert_id = one.last_insert_id.or(sum.last_insert_id);
    }
    Ok(sum)
}

fn sent(ready: &Ready) -> usize {
    ready.text.len() + ready.values.iter().map(crate::value::Value::size).sum::<usize>()
}

fn limit_of(statement: &Statement) -> Option<Duration> {
    statement.timeout_ms.map(|millis| Duration::from_millis(u64::from(millis.max(1))))
}
