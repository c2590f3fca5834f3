//! Host functions of `caisson:redis`.

use crate::calls;
use crate::client::Client;
use crate::client::wire::{Part, Reply};
use caisson_capability::Lease;
use caisson_host::{Carrying, Guest, Shows, error, types};
use generated::caisson::redis::client;
use wasmtime::component::{Accessor, Linker};

#[allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::all,
    reason = "generated code; its documentation is in wit/"
)]
mod generated {
    wasmtime::component::bindgen!({
        path: ["../../../wit/deps/capability", "../../../wit/deps/redis"],
        world: "caisson:redis/imports",
        with: { "caisson:capability/types": caisson_host::types },
    });
}

/// Links the interface.
///
/// # Errors
///
/// It is linked already.
pub fn link<T: Send + 'static>(
    linker: &mut Linker<T>,
    guest: fn(&mut T) -> Guest<'_>,
) -> wasmtime::Result<()> {
    client::add_to_linker::<T, Shows>(linker, guest)
}

impl client::Host for Guest<'_> {}

impl<T: Send + 'static> client::HostWithStore<T> for Shows {
    async fn run(
        accessor: &Accessor<T, Self>,
        connection: String,
        command: Vec<Vec<u8>>,
    ) -> Result<Vec<client::Part>, types::Error> {
        let (lease, _carrying) = lease(accessor, &connection, size(&command))?;
        calls::run(&lease, command).await.map(shown).map_err(error)
    }

    async fn pipeline(
        accessor: &Accessor<T, Self>,
        connection: String,
        commands: Vec<Vec<Vec<u8>>>,
        atomic: bool,
    ) -> Result<Vec<Vec<client::Part>>, types::Error> {
        let bytes = commands.iter().map(|command| size(command)).sum();
        let (lease, _carrying) = lease(accessor, &connection, bytes)?;
        let replies = calls::pipeline(&lease, commands, atomic).await.map_err(error)?;
        Ok(replies.into_iter().map(shown).collect())
    }

    async fn script(
        accessor: &Accessor<T, Self>,
        connection: String,
        source: String,
        keys: Vec<Vec<u8>>,
        arguments: Vec<Vec<u8>>,
    ) -> Result<Vec<client::Part>, types::Error> {
        let bytes = source.len() + size(&keys) + size(&arguments);
        let (lease, _carrying) = lease(accessor, &connection, bytes)?;
        calls::script(&lease, &source, keys, arguments).await.map(shown).map_err(error)
    }
}

/// The connection of a call with so many bytes, and what counts the call.
fn lease<T: Send + 'static>(
    accessor: &Accessor<T, Shows>,
    connection: &str,
    bytes: usize,
) -> Result<(Lease<Client>, Carrying), types::Error> {
    accessor.with(|mut access| access.get().lease(crate::NAME, connection, bytes))
}

/// About what words take.
fn size(words: &[Vec<u8>]) -> usize {
    words.iter().map(|word| word.len() + 32).sum()
}

fn shown(reply: Reply) -> Vec<client::Part> {
    reply
        .into_iter()
        .map(|part| match part {
            Part::Nil => client::Part::Nil,
            Part::Int(number) => client::Part::Int(number),
            Part::Double(number) => client::Part::Double(number),
            Part::Boolean(yes) => client::Part::Boolean(yes),
            Part::Status(text) => client::Part::Status(text),
            Part::Bytes(bytes) => client::Part::Bytes(bytes),
            Part::BigNumber(digits) => client::Part::BigNumber(digits),
            Part::List(count) => client::Part::List(count),
            Part::Map(count) => client::Part::Map(count),
            Part::Set(count) => client::Part::Set(count),
            Part::Failure(text) => client::Part::Failure(text),
        })
        .collect()
}
