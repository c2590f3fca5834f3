//! A transaction of a guest: a session that is its own until the end.

use super::session::Session;
use super::slot::Slot;
use super::{Access, each, limit_of, sent};
use crate::error;
use crate::statement::{Ready, Scope};
use crate::value::{Outcome, Params, Rows, Statement, Value};
use caisson_capability::{Allowed, Call, Error};

/// A transaction. Dropped without an end, its session is closed, which rolls it back.
#[derive(Clone, Debug)]
pub struct Transaction {
    access: Access,
    session: Slot<Box<dyn Session>>,
}

const LOST: &str =
    "its session with the database was lost, or closed when a limit was exceeded; nothing of it is kept";

impl Transaction {
    pub(super) fn new(access: Access, session: Box<dyn Session>) -> Self {
        Self { access, session: Slot::new(session) }
    }

    /// As [`Access::query`], within the transaction.
    ///
    /// # Errors
    ///
    /// As [`Access::query`]; `conflict` after an error that ended the transaction; `invalid-input` after its end.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future rolls the transaction back.
    pub async fn query(&self, statement: &Statement) -> Result<Rows, Error> {
        let lease = &self.access.lease;
        let allowed = lease.allow("query")?;
        let ready = self.access.ready(self.access.scope(), &statement.text, &statement.params)?;
        let own = limit_of(statement);
        lease
            .call(Call::allowed(allowed).timeout(own), async |attempt| {
                let mut taken = self.session.take()?;
                let session = taken.get()?;
                attempt.sent(sent(&ready));
                let answer = session.rows(&ready, attempt.limit(own), attempt.most).await;
                if session.usable() {
                    taken.put_back();
                } else {
                    taken.end(LOST);
                }
                if let Ok(rows) = &answer {
                    attempt.received(rows.rows.iter().flatten().map(Value::size).sum());
                }
                answer
            })
            .await
    }

    /// As [`Access::execute`], within the transaction.
    ///
    /// # Errors
    ///
    /// As [`Transaction::query`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future rolls the transaction back.
    pub async fn execute(&self, statement: &Statement) -> Result<Outcome, Error> {
        let allowed = self.access.lease.allow("execute")?;
        let ready = self.access.ready(Scope::Write, &statement.text, &statement.params)?;
        self.change(allowed, std::slice::from_ref(&ready), limit_of(statement)).await
    }

    /// One statement with many sets of values. After an error, roll back: some may have been done.
    ///
    /// # Errors
    ///
    /// As [`Transaction::query`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future rolls the transaction back.
    pub async fn batch(&self, text: &str, sets: &[Params]) -> Result<Outcome, Error> {
        let allowed = self.access.lease.allow("execute")?;
        let ready = self.access.all_ready(text, sets)?;
        self.change(allowed, &ready, None).await
    }

    async fn change(
        &self,
        allowed: Allowed<'_>,
        all: &[Ready],
        own: Option<std::time::Duration>,
    ) -> Result<Outcome, Error> {
        self.access
            .lease
            .call(Call::allowed(allowed).timeout(own), async |attempt| {
                let mut taken = self.session.take()?;
                let session = taken.get()?;
                let outcome = match all {
                    [one] => {
                        attempt.sent(sent(one));
                        session.change(one, attempt.limit(own)).await
                    }
                    all => each(&attempt, session.as_mut(), all).await,
                };
                if session.usable() {
                    taken.put_back();
                } else {
                    taken.end(LOST);
                }
                outcome
            })
            .await
    }

    /// Ends it, and keeps what was done.
    ///
    /// # Errors
    ///
    /// As [`Transaction::query`]. After `unavailable` it is not known whether it was kept.
    ///
    /// # Cancel safety
    ///
    /// After dropping the future it is not known whether it was kept.
    pub async fn commit(&self) -> Result<(), Error> {
        self.finish(true, "it was committed").await
    }

    /// Ends it, as if it had not been.
    ///
    /// # Errors
    ///
    /// As [`Transaction::query`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future rolls it back.
    pub async fn rollback(&self) -> Result<(), Error> {
        self.finish(false, "it was rolled back").await
    }

    async fn finish(&self, commit: bool, how: &'static str) -> Result<(), Error> {
        self.access
            .lease
            .call(Call::of("transaction"), async |_attempt| {
                let mut taken = self.session.take()?;
                let outcome = taken.get()?.end(commit).await.map_err(error::sent);
                if let Some(session) =
                    taken.end(if outcome.is_ok() { how } else { "it could not be committed" })
                {
                    session.release();
                }
                outcome
            })
            .await
    }
}
