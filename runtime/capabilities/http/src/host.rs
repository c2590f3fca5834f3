//! Host functions of `caisson:http`.

use caisson_capability::{BoxFuture, Call, Connection, Error};
use caisson_host::{Guest, Link, Resources, Shows, error, types};
use generated::caisson::http::client;
use wasmtime::component::{Accessor, Linker, Resource};

#[allow(missing_docs, missing_debug_implementations, unreachable_pub, clippy::all, reason = "generated code; its documentation is in wit/")]
mod generated {
    wasmtime::component::bindgen!({
        path: ["../../../wit/deps/capability", "../../../wit/deps/http"],
        world: "caisson:http/imports",
        with: {
            "caisson:capability/types": caisson_host::types,
            "caisson:http/client.body": crate::host::Body,
            "caisson:http/client.upload": crate::host::Upload,
        },
    });
}

pub struct Body;
pub struct Upload;
pub struct Client;
impl Connection for Client {
    fn ping(&self) -> BoxFuture<'_, Result<(), Error>> { Box::pin(async { Ok(()) }) }
    fn close(&self) -> BoxFuture<'_, ()> { Box::pin(async {}) }
}

/// Links it.
pub fn link<T: Send + 'static>(linker: &mut Linker<T>, guest: fn(&mut T) -> Guest<'_>) -> wasmtime::Result<()> {
    client::add_to_linker::<T, Shows>(linker, guest)
}

impl client::Host for Guest<'_> {}
impl client::HostBody for Guest<'_> { async fn drop(&mut self, body: Resource<Body>) -> wasmtime::Result<()> { self.table.delete(body)?; Ok(()) } }
impl client::HostUpload for Guest<'_> { async fn drop(&mut self, body: Resource<Upload>) -> wasmtime::Result<()> { self.table.delete(body)?; Ok(()) } }

impl<T: Send + 'static> client::HostBodyWithStore<T> for Shows {
    async fn read(a: &Accessor<T, Self>, body: Resource<Body>, most: u32) -> Result<Option<Vec<u8>>, types::Error> { todo!() }
}
impl<T: Send + 'static> client::HostWithStore<T> for Shows {
    async fn send(accessor: &Accessor<T, Self>, connection: String, request: client::Request) -> Result<client::Response, types::Error> {
        let lease = accessor.with(|mut access| access.get().lease::<Client>("http", &connection))?;
        lease.call(Call::of("send"), async |client| { let _c = client; Err(Error::new(caisson_capability::ErrorKind::Internal, "x")) }).await.map_err(error)
    }
}
