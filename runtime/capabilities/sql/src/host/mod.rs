//! Host functions of `caisson:sql`: what a guest calls.

mod convert;

use crate::client::{Access, Client, Cursor, Transaction};
use caisson_host::{Guest, Resources as _, Shows, error, types};
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

fn access<T: Send + 'static>(accessor: &Accessor<T, Shows>, connection: &str) -> Answer<Access> {
    accessor.with(|mut store| store.get().lease::<Client>("sql", connection)).map(Access::new)
}

fn transaction<T: Send + 'static>(
    accessor: &Accessor<T, Shows>,
    handle: &Resource<Transaction>,
) -> Answer<Transaction> {
    accessor.with(|mut store| store.get().table.held(handle).cloned())
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
        let transaction = transaction(accessor, &handle)?;
        transaction.query(&statement(given)).await.map(rows).map_err(error)
    }

    async fn execute(
        accessor: &Accessor<T, Self>,
        handle: Resource<Transaction>,
        given: client::Statement,
    ) -> Answer<client::Outcome> {
        let transaction = transaction(accessor, &handle)?;
        transaction.execute(&statement(given)).await.map(outcome).map_err(error)
    }

    async fn batch(
        accessor: &Accessor<T, Self>,
        handle: Resource<Transaction>,
        text: String,
        sets: Vec<client::Params>,
    ) -> Answer<client::Outcome> {
        let transaction = transaction(accessor, &handle)?;
        let sets: Vec<_> = sets.into_iter().map(params).collect();
        transaction.batch(&text, &sets).await.map(outcome).map_err(error)
    }

    async fn commit(accessor: &Accessor<T, Self>, handle: Resource<Transaction>) -> Answer<()> {
        let transaction = transaction(accessor, &handle)?;
        transaction.commit().await.map_err(error)
    }

    async fn rollback(accessor: &Accessor<T, Self>, handle: Resource<Transaction>) -> Answer<()> {
        let transaction = transaction(accessor, &handle)?;
        transaction.rollback().await.map_err(error)
    }
}

impl<T: Send + 'static> client::HostWithStore<T> for Shows {
    async fn query(
        accessor: &Accessor<T, Self>,
        connection: String,
        given: client::Statement,
    ) -> Answer<client::Rows> {
        let access = access(accessor, &connection)?;
        access.query(&statement(given)).await.map(rows).map_err(error)
    }

    async fn open(
        accessor: &Accessor<T, Self>,
        connection: String,
        given: client::Statement,
    ) -> Answer<Resource<Cursor>> {
        let access = access(accessor, &connection)?;
        let cursor = access.open(&statement(given)).await.map_err(error)?;
        accessor.with(|mut store: Store<'_, T, Self>| store.get().table.keep(cursor))
    }

    async fn execute(
        accessor: &Accessor<T, Self>,
        connection: String,
        given: client::Statement,
    ) -> Answer<client::Outcome> {
        let access = access(accessor, &connection)?;
        access.execute(&statement(given)).await.map(outcome).map_err(error)
    }

    async fn batch(
        accessor: &Accessor<T, Self>,
        connection: String,
        text: String,
        sets: Vec<client::Params>,
    ) -> Answer<client::Outcome> {
        let access = access(accessor, &connection)?;
        let sets: Vec<_> = sets.into_iter().map(params).collect();
        access.batch(&text, &sets).await.map(outcome).map_err(error)
    }

    async fn begin(
        accessor: &Accessor<T, Self>,
        connection: String,
        how: client::TransactionOptions,
    ) -> Answer<Resource<Transaction>> {
        let access = access(accessor, &connection)?;
        let transaction = access.begin(options(how)).await.map_err(error)?;
        accessor.with(|mut store: Store<'_, T, Self>| store.get().table.keep(transaction))
    }
}
