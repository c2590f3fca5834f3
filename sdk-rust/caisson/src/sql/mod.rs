//! Relational databases: PostgreSQL, MySQL and MariaDB, SQLite.
//!
//! ```
//! # use caisson::{Error, sql};
//! # use serde::Deserialize;
//! #[derive(Deserialize)]
//! struct Customer {
//!     id: i64,
//!     name: String,
//! }
//!
//! # async fn handle() -> Result<(), Error> {
//! let crm = sql::Connection::named("crm-db");
//! let found: Vec<Customer> = crm.query("select id, name from customer where id > ? and name like ?", (1, "A%")).await?.read()?;
//!
//! let transaction = crm.begin().await?;
//! transaction.execute("update customer set name = :name where id = :id", sql::named([("name", "Ada"), ("id", "1")])).await?;
//! transaction.commit().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Layout
//!
//! * `value`: values and parameters. `row`: rows and how structs are read from them; `read`: the same by serde.

mod read;
mod row;
mod value;

use crate::bindings::caisson::sql::client as wit;
use crate::{Error, Result, host};
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

pub use row::{Row, Rows};
pub use value::{Array, IntoParams, Params, Scalar, Value, named};

/// How much transactions see of each other.
pub use crate::bindings::caisson::sql::client::Isolation;

/// A column of an answer: its name, and the database's own name for its type.
pub use crate::bindings::caisson::sql::client::Column;

/// What a statement changed: how many rows, and the key that the database made (MySQL, SQLite).
pub use crate::bindings::caisson::sql::client::Outcome;

/// A connection of the operator's, by its name.
#[derive(Clone, Debug)]
pub struct Connection {
    name: Cow<'static, str>,
    timeout_ms: Option<u32>,
}

impl Connection {
    /// The connection of this name. Whether there is one, and whether this service may use it, shows when it is used.
    #[must_use]
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), timeout_ms: None }
    }

    /// A shorter limit than the connection's own, for each statement.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout_ms = Some(u32::try_from(limit.as_millis()).unwrap_or(u32::MAX));
        self
    }

    /// Asks for rows. Parameters are `?` or `$1` by position and `:name` by name; see [`IntoParams`].
    ///
    /// # Errors
    ///
    /// `access-denied`: a grant is missing, which the message names; `not-found`: there is no such connection; `quota-exceeded`: there are
    /// more rows than the connection allows; what the database says, with its SQLSTATE as the code.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the statement.
    pub async fn query(&self, text: impl Into<String>, params: impl IntoParams) -> Result<Rows> {
        let statement = self.statement(text, params);
        host::sql::query(self.name(), statement).await.map(Rows::new).map_err(Error::of_capability)
    }

    /// Asks for rows that come batch by batch.
    ///
    /// # Errors
    ///
    /// As [`Connection::query`].
    pub async fn open(&self, text: impl Into<String>, params: impl IntoParams) -> Result<Cursor> {
        let statement = self.statement(text, params);
        let inner = host::sql::open(self.name(), statement).await.map_err(Error::of_capability)?;
        Ok(Cursor { columns: inner.columns().into(), inner })
    }

    /// Changes something.
    ///
    /// # Errors
    ///
    /// As [`Connection::query`].
    pub async fn execute(&self, text: impl Into<String>, params: impl IntoParams) -> Result<Outcome> {
        let statement = self.statement(text, params);
        host::sql::execute(self.name(), statement).await.map_err(Error::of_capability)
    }

    /// One statement with many sets of parameters, all or none.
    ///
    /// # Errors
    ///
    /// As [`Connection::query`].
    pub async fn batch<P: IntoParams>(
        &self,
        text: impl Into<String>,
        sets: impl IntoIterator<Item = P>,
    ) -> Result<Outcome> {
        let sets = sets.into_iter().map(|set| set.into_params().0).collect();
        host::sql::batch(self.name(), text.into(), sets).await.map_err(Error::of_capability)
    }

    /// Begins a transaction as the database does by default.
    ///
    /// # Errors
    ///
    /// As [`Connection::query`].
    pub async fn begin(&self) -> Result<Transaction> {
        self.begin_with(None, false).await
    }

    /// Begins a transaction of a certain isolation, or one that cannot write.
    ///
    /// # Errors
    ///
    /// As [`Connection::query`].
    pub async fn begin_with(&self, isolation: Option<Isolation>, read_only: bool) -> Result<Transaction> {
        let options = wit::TransactionOptions { isolation, read_only };
        let inner = host::sql::begin(self.name(), options).await.map_err(Error::of_capability)?;
        Ok(Transaction { inner, timeout_ms: self.timeout_ms })
    }

    fn name(&self) -> String {
        self.name.clone().into_owned()
    }

    fn statement(&self, text: impl Into<String>, params: impl IntoParams) -> wit::Statement {
        wit::Statement { text: text.into(), params: params.into_params().0, timeout_ms: self.timeout_ms }
    }
}

/// A transaction. Dropped without [`Transaction::commit`], it is rolled back.
pub struct Transaction {
    inner: host::sql::Transaction,
    timeout_ms: Option<u32>,
}

impl Transaction {
    /// Asks for rows.
    ///
    /// # Errors
    ///
    /// As [`Connection::query`].
    pub async fn query(&self, text: impl Into<String>, params: impl IntoParams) -> Result<Rows> {
        let statement = self.statement(text, params);
        self.inner.query(statement).await.map(Rows::new).map_err(Error::of_capability)
    }

    /// Changes something.
    ///
    /// # Errors
    ///
    /// As [`Connection::query`].
    pub async fn execute(&self, text: impl Into<String>, params: impl IntoParams) -> Result<Outcome> {
        self.inner.execute(self.statement(text, params)).await.map_err(Error::of_capability)
    }

    /// One statement with many sets of parameters.
    ///
    /// # Errors
    ///
    /// As [`Connection::query`].
    pub async fn batch<P: IntoParams>(
        &self,
        text: impl Into<String>,
        sets: impl IntoIterator<Item = P>,
    ) -> Result<Outcome> {
        let sets = sets.into_iter().map(|set| set.into_params().0).collect();
        self.inner.batch(text.into(), sets).await.map_err(Error::of_capability)
    }

    /// Ends it and keeps what it did.
    ///
    /// # Errors
    ///
    /// The database could not keep it: `conflict` when another transaction was in the way.
    pub async fn commit(self) -> Result<()> {
        self.inner.commit().await.map_err(Error::of_capability)
    }

    /// Ends it, as if it had not been.
    ///
    /// # Errors
    ///
    /// The connection broke, which has the same effect.
    pub async fn rollback(self) -> Result<()> {
        self.inner.rollback().await.map_err(Error::of_capability)
    }

    fn statement(&self, text: impl Into<String>, params: impl IntoParams) -> wit::Statement {
        wit::Statement { text: text.into(), params: params.into_params().0, timeout_ms: self.timeout_ms }
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").finish_non_exhaustive()
    }
}

/// The rows of a query, one batch after the other. Dropping it ends the query.
pub struct Cursor {
    columns: std::sync::Arc<[Column]>,
    inner: host::sql::Cursor,
}

impl Cursor {
    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// At most `most` more rows; none at the end.
    ///
    /// # Errors
    ///
    /// As [`Connection::query`].
    pub async fn fetch(&mut self, most: u32) -> Result<Rows> {
        let rows = self.inner.fetch(most).await.map_err(Error::of_capability)?;
        Ok(Rows::of(std::sync::Arc::clone(&self.columns), rows))
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor").field("columns", &self.columns).finish_non_exhaustive()
    }
}
