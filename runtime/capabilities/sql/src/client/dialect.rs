//! What a driver has to know beside its protocol.

use crate::statement::Kind;
use crate::value::{Outcome, TransactionOptions, Value};
use caisson_capability::{BoxFuture, Error};
use futures_util::stream::BoxStream;
use sqlx::error::DatabaseError;
use sqlx::{ConnectOptions, Connection, Database, Either};

/// The options of a dialect's driver.
pub(super) type OptionsOf<D> = <<D as Database>::Connection as Connection>::Options;

/// What a statement yields: rows, and what it changed.
pub(super) type Yield<D> = sqlx::Result<Either<<D as Database>::QueryResult, <D as Database>::Row>>;

/// A database that we speak with.
pub(super) trait Dialect:
    Database<Connection: Connection<Options: ConnectOptions + Clone + Send + Sync>>
{
    /// What is to be known of a session, e.g. its number.
    type Facts: Send + Sync + 'static;

    /// Whose rules statements follow.
    const KIND: Kind;

    /// Looks what a new session is.
    fn facts(conn: &mut Self::Connection) -> BoxFuture<'_, sqlx::Result<Self::Facts>>;

    /// Runs a statement of ours.
    fn run(conn: &mut Self::Connection, text: String) -> BoxFuture<'_, sqlx::Result<()>>;

    /// Prepares a statement, or finds it among those that are.
    fn prepare(conn: &mut Self::Connection, text: String) -> BoxFuture<'_, sqlx::Result<Self::Statement>>;

    /// Runs a prepared statement.
    fn fetch(
        conn: &mut Self::Connection,
        text: String,
        arguments: Self::Arguments,
    ) -> BoxStream<'_, Yield<Self>>;

    /// Values as the statement wants them.
    ///
    /// # Errors
    ///
    /// `invalid-input`: a value that does not fit, with its number and kind.
    fn arguments(
        facts: &Self::Facts,
        statement: &Self::Statement,
        values: &[Value],
    ) -> Result<Self::Arguments, Error>;

    /// Whether we can read a column, before the statement is run.
    ///
    /// # Errors
    ///
    /// `invalid-input`: what to write instead.
    fn readable(_column: &Self::Column) -> Result<(), Error> {
        Ok(())
    }

    /// A value of a row.
    ///
    /// # Errors
    ///
    /// It is not what the column says.
    fn value(row: &Self::Row, index: usize) -> Result<Value, Error>;

    /// What was changed.
    fn outcome(result: &Self::QueryResult) -> Outcome;

    /// The statement that limits how long the following ones take.
    fn limit(facts: &Self::Facts, millis: u64) -> Option<String>;

    /// Something is about to be run.
    fn starts(_facts: &Self::Facts) {}

    /// What begins a transaction.
    fn begin(how: TransactionOptions) -> Vec<String>;

    /// What ends one.
    fn end(commit: bool, read_only: bool) -> Vec<String>;

    /// Whether nothing but the end of the transaction can come after an error.
    fn aborts(error: &dyn DatabaseError) -> bool;

    /// Interrupts what the session is doing, without the database's help.
    fn interrupt(_facts: &Self::Facts) {}

    /// Ends a session from another one.
    fn stop<'a>(options: &'a OptionsOf<Self>, facts: &'a Self::Facts) -> BoxFuture<'a, ()>;
}
