//! Host functions of `caisson:sql`: what a guest calls.

mod convert;

use crate::client::{Access, Client, Cursor, Transaction};
use crate::value::Params;
use caisson_host::{Carrying, Guest, Resources as _, Shows, error, types};
use convert::{columns, options, outcome, params, rows, statement};
use generated::caisson::sql::client;
use wasmtime::component::{Access as Store, Accessor, Linker, Resource};

#[allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    reason = "generated code; its documentation is in wit/"
)]
mod generated {
    wasmtime::component::bindgen!({
        path: ["../../../wit/deps/capability", "../../../wit/deps/sql"],
        world: "caisson:sql/imports",
        with: {
            "caisson:capability/types": caisson_host::types,
            "caisson:sql/client.cursor": crate::client::Cursor,
            "caisson:sql/client.transaction": crate::client::Transaction,
        },
    });
}

/// Links `caisson:sql/client`.
///
/// # Errors
///
/// The linker has it already.
pub fn link<T: Send + 'static>(
    linker: &mut Linker<T>,
    guest: fn(&mut T) -> Guest<'_>,
) -> wasmtime::Result<()> {
    client::add_to_linker::<T, Shows>(linker, guest)
}

type Answer<V> = Result<V, types::Error>;

/// The connection of a call with so many bytes, and what counts the call.
fn access<T: Send + 'static>(
    accessor: &Accessor<T, Shows>,
    connection: &str,
    bytes: usize,
) -> Answer<(Access, Carrying)> {
    let found = accessor.with(|mut store| store.get().lease::<Client>("sql", connection, bytes));
    found.map(|(lease, carrying)| (Access::new(lease), carrying))
}

/// The transaction of a call with so many bytes, and what counts the call.
fn transaction<T: Send + 'static>(
    accessor: &Accessor<T, Shows>,
    handle: &Resource<Transaction>,
    bytes: usize,
) -> Answer<(Transaction, Carrying)> {
    accessor.with(|mut store| {
        let guest = store.get();
        Ok((guest.table.held(handle)?.clone(), guest.carried.take(bytes)?))
    })
}

fn batch_size(text: &str, sets: &[Params]) -> usize {
    text.len() + sets.iter().map(Params::size).sum::<usize>()
}

impl client::Host for Guest<'_> {}

impl client::HostCursor for Guest<'_> {
    fn columns(&mut self, cursor: Resource<Cursor>) -> Vec<client::Column> {
        // A handle that stands for nothing has no columns; `fetch` says what is wrong with it.
        self.table.get(&cursor).map(|cursor| columns(cursor.columns().to_vec())).unwrap_or_default()
    }

    fn drop(&mut self, cursor: Resource<Cursor>) -> wasmtime::Result<()> {
        self.table.delete(cursor)?;
        Ok(())
    }
}

impl<T: Send + 'static> client::HostCursorWithStore<T> for Shows {
    async fn fetch(
        accessor: &Accessor<T, Self>,
        cursor: Resource<Cursor>,
        most: u32,
    ) -> Answer<Vec<client::Row>> {
        let cursor = accessor.with(|mut store| store.get().table.held(&cursor).cloned())?;
        cursor.fetch(most).await.map(convert::all).map_err(error)
    }
}

impl client::HostTransaction for Guest<'_> {
    fn drop(&mut self, transaction: Resource<Transaction>) -> wasmtime::Result<()> {
        self.table.delete(transaction)?;
        Ok(())
    }
}

impl<T: Send + 'static> client::HostTransactionWithStore<T> for Shows {
    async fn query(
        accessor: &Accessor<T, Self>,
        handle: Resource<Transaction>,
        given: client::Statement,
    ) -> Answer<client::Rows> {
        let given = statement(given);
        let (transaction, _carrying) = transaction(accessor, &handle, given.size())?;
        transaction.query(&given).await.map(rows).map_err(error)
    }

    async fn execute(
        accessor: &Accessor<T, Self>,
        handle: Resource<Transaction>,
        given: client::Statement,
    ) -> Answer<client::Outcome> {
        let given = statement(given);
        let (transaction, _carrying) = transaction(accessor, &handle, given.size())?;
        transaction.execute(&given).await.map(outcome).map_err(error)
    }

    async fn batch(
        accessor: &Accessor<T, Self>,
        handle: Resource<Transaction>,
        text: String,
        sets: Vec<client::Params>,
    ) -> Answer<client::Outcome> {
        let sets: Vec<_> = sets.into_iter().map(params).collect();
        let (transaction, _carrying) = transaction(accessor, &handle, batch_size(&text, &sets))?;
        transaction.batch(&text, &sets).await.map(outcome).map_err(error)
    }

    async fn commit(accessor: &Accessor<T, Self>, handle: Resource<Transaction>) -> Answer<()> {
        let (transaction, _carrying) = transaction(accessor, &handle, 0)?;
        transaction.commit().await.map_err(error)
    }

    async fn rollback(accessor: &Accessor<T, Self>, handle: Resource<Transaction>) -> Answer<()> {
        let (transaction, _carrying) = transaction(accessor, &handle, 0)?;
        transaction.rollback().await.map_err(error)
    }
}

impl<T: Send + 'static> client::HostWithStore<T> for Shows {
    async fn query(
        accessor: &Accessor<T, Self>,
        connection: String,
        given: client::Statement,
    ) -> Answer<client::Rows> {
        let given = statement(given);
        let (access, _carrying) = access(accessor, &connection, given.size())?;
        access.query(&given).await.map(rows).map_err(error)
    }

    async fn open(
        accessor: &Accessor<T, Self>,
        connection: String,
        given: client::Statement,
    ) -> Answer<Resource<Cursor>> {
        let given = statement(given);
        let (access, _carrying) = access(accessor, &connection, given.size())?;
        let cursor = access.open(&given).await.map_err(error)?;
        accessor.with(|mut store: Store<'_, T, Self>| store.get().table.keep(cursor))
    }

    async fn execute(
        accessor: &Accessor<T, Self>,
        connection: String,
        given: client::Statement,
    ) -> Answer<client::Outcome> {
        let given = statement(given);
        let (access, _carrying) = access(accessor, &connection, given.size())?;
        access.execute(&given).await.map(outcome).map_err(error)
    }

    async fn batch(
        accessor: &Accessor<T, Self>,
        connection: String,
        text: String,
        sets: Vec<client::Params>,
    ) -> Answer<client::Outcome> {
        let sets: Vec<_> = sets.into_iter().map(params).collect();
        let (access, _carrying) = access(accessor, &connection, batch_size(&text, &sets))?;
        access.batch(&text, &sets).await.map(outcome).map_err(error)
    }

    async fn begin(
        accessor: &Accessor<T, Self>,
        connection: String,
        how: client::TransactionOptions,
    ) -> Answer<Resource<Transaction>> {
        let (access, _carrying) = access(accessor, &connection, 0)?;
        let transaction = access.begin(options(how)).await.map_err(error)?;
        accessor.with(|mut store: Store<'_, T, Self>| store.get().table.keep(transaction))
    }
}
