//! Host functions of `caisson:__name__`.

use crate::{Client, NAME, ask};
use caisson_host::{Guest, Shows, error, types};
use generated::caisson::__name__::client;
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
        path: ["../../../wit/deps/capability", "../../../wit/deps/__name__"],
        world: "caisson:__name__/imports",
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
    async fn ask(
        accessor: &Accessor<T, Self>,
        connection: String,
        question: String,
    ) -> Result<String, types::Error> {
        let bytes = question.len();
        let (lease, _carrying) =
            accessor.with(|mut access| access.get().lease::<Client>(NAME, &connection, bytes))?;
        ask(&lease, &question).await.map_err(error)
    }
}
