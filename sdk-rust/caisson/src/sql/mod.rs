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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answered, Host};
    use serde::Deserialize;
    use std::cell::RefCell;
    use std::rc::Rc;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Customer {
        id: i64,
        name: Option<String>,
        balance: f64,
        tags: Vec<String>,
    }

    fn tags(items: &[&str]) -> Value {
        Value::Array(Array {
            element: "text".to_owned(),
            dimensions: vec![u32::try_from(items.len()).unwrap()],
            items: items.iter().map(|item| Scalar::from(*item)).collect(),
        })
    }

    fn customers() -> Rows {
        Rows::with_columns(["id", "name", "balance", "tags"])
            .row((1, "Ada", Scalar::Decimal("12.50".to_owned()), tags(&["a", "b"])))
            .row((2_i64, Scalar::Null, 0.5, tags(&[])))
    }

    #[test]
    fn rows_become_structs_tuples_and_values() {
        let read: Vec<Customer> = customers().read().unwrap();
        let tags = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(read[0], Customer { id: 1, name: Some("Ada".to_owned()), balance: 12.5, tags });
        assert_eq!((read[1].name.as_deref(), read[1].tags.len()), (None, 0));
        let tuple: (i64, Option<String>, f64, Vec<String>) = customers().read_first().unwrap().unwrap();
        assert_eq!(tuple.0, 1);
        let ids = Rows::with_columns(["id"]).row((3,)).row((4,));
        assert_eq!(ids.read::<i64>().unwrap(), [3, 4]);
        assert_eq!(customers().first().unwrap().get::<String>("balance").unwrap(), "12.50");
    }

    #[test]
    fn documents_and_arrays_of_arrays_are_read_as_what_they_hold() {
        let grid = Array {
            element: "int4".to_owned(),
            dimensions: vec![2, 2],
            items: [1, 2, 3, 4].map(Scalar::from).to_vec(),
        };
        let rows =
            Rows::with_columns(["grid", "about"]).row((Value::Array(grid), serde_json::json!({"a": [1]})));
        let row = rows.first().unwrap();
        assert_eq!(row.get::<Vec<Vec<i32>>>("grid").unwrap(), [[1, 2], [3, 4]]);
        assert_eq!(row.get::<serde_json::Value>("about").unwrap(), serde_json::json!({"a": [1]}));
        assert_eq!(row.get::<String>("about").unwrap(), r#"{"a":[1]}"#);
    }

    #[test]
    fn what_does_not_fit_is_an_error_that_names_the_column() {
        let rows = customers();
        let row = rows.first().unwrap();
        assert!(row.get::<i64>("name").unwrap_err().message().contains("`name`"));
        assert!(row.get::<i64>("age").unwrap_err().message().contains("`age`"));
        assert!(rows.read::<i64>().is_err());
    }

    #[test]
    fn a_transaction_that_is_not_committed_is_rolled_back() {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let log = Rc::clone(&seen);
        let host = Host::new().sql("crm", move |statement| {
            log.borrow_mut().push(statement.text);
            Ok(Answered::from(1))
        });
        let crm = Connection::named("crm");
        host.run(async {
            let kept = crm.begin().await.unwrap();
            kept.execute("update a", (1,)).await.unwrap();
            kept.commit().await.unwrap();
            let dropped = crm.begin().await.unwrap();
            dropped.batch("insert", [(1, "a"), (2, "b")]).await.unwrap();
        });
        assert_eq!(*seen.borrow(), ["begin", "update a", "commit", "begin", "insert", "rollback"]);
    }
}
