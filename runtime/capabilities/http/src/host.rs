//! Host functions of `caisson:http`.

use crate::calls::{self, Request};
use crate::calls::{Body, Upload};
use crate::client::Client;
use caisson_capability::Lease;
use caisson_host::{Carrying, Guest, Resources, Shows, error, types};
use generated::caisson::http::client;
use std::time::Duration;
use wasmtime::component::{Accessor, Linker, Resource};

#[allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::all,
    reason = "generated code; its documentation is in wit/"
)]
mod generated {
    wasmtime::component::bindgen!({
        path: ["../../../wit/deps/capability", "../../../wit/deps/http"],
        world: "caisson:http/imports",
        with: {
            "caisson:capability/types": caisson_host::types,
            "caisson:http/client.body": crate::Body,
            "caisson:http/client.upload": crate::Upload,
        },
    });
}

/// Links it.
///
/// # Errors
///
/// The linker has functions of these names already.
pub fn link<T: Send + 'static>(
    linker: &mut Linker<T>,
    guest: fn(&mut T) -> Guest<'_>,
) -> wasmtime::Result<()> {
    client::add_to_linker::<T, Shows>(linker, guest)
}

/// The connection of a call that begins with this request, and what counts the call.
fn lease<T: Send + 'static>(
    accessor: &Accessor<T, Shows>,
    connection: &str,
    it: &client::Request,
) -> Result<(Lease<Client>, Carrying), types::Error> {
    let fields = it.params.iter().chain(&it.headers).map(|(name, value)| name.len() + value.len() + 64);
    let bytes = it.body.as_ref().map_or(0, Vec::len) + it.path.len() + fields.sum::<usize>();
    accessor.with(|mut access| access.get().lease("http", connection, bytes))
}

fn request(request: client::Request) -> Request {
    Request {
        method: request.method,
        path: request.path,
        params: request.params,
        headers: request.headers,
        body: request.body.map(Into::into),
        timeout: request.timeout_ms.map(|limit| Duration::from_millis(limit.into())),
    }
}

fn incoming<T: Send + 'static>(
    accessor: &Accessor<T, Shows>,
    answer: calls::Incoming,
) -> Result<client::Incoming, types::Error> {
    let calls::Incoming { status, headers, body } = answer;
    let body = accessor.with(|mut access| access.get().table.keep(body))?;
    Ok(client::Incoming { status, headers, body })
}

impl client::Host for Guest<'_> {}

impl client::HostBody for Guest<'_> {
    fn drop(&mut self, body: Resource<Body>) -> wasmtime::Result<()> {
        self.table.delete(body)?;
        Ok(())
    }
}

impl client::HostUpload for Guest<'_> {
    fn drop(&mut self, upload: Resource<Upload>) -> wasmtime::Result<()> {
        self.table.delete(upload)?;
        Ok(())
    }
}

impl<T: Send + 'static> client::HostBodyWithStore<T> for Shows {
    async fn read(
        accessor: &Accessor<T, Self>,
        body: Resource<Body>,
        most: u32,
    ) -> Result<Option<Vec<u8>>, types::Error> {
        let reading = accessor.with(|mut access| access.get().table.held(&body)?.take().map_err(error))?;
        let (reading, piece) = reading.next(most).await;
        accessor.with(|mut access| access.get().table.held(&body).map(|body| body.put(reading)))?;
        Ok(piece.map_err(error)?.map(Into::into))
    }
}

impl<T: Send + 'static> client::HostUploadWithStore<T> for Shows {
    async fn write(
        accessor: &Accessor<T, Self>,
        upload: Resource<Upload>,
        piece: Vec<u8>,
    ) -> Result<(), types::Error> {
        let (writing, _carrying) = accessor.with(|mut access| {
            let guest = access.get();
            let carrying = guest.carried.take(piece.len())?;
            Ok::<_, types::Error>((guest.table.held(&upload)?.write(piece.into()), carrying))
        })?;
        writing.await.map_err(error)
    }

    async fn finish(
        accessor: &Accessor<T, Self>,
        upload: Resource<Upload>,
    ) -> Result<client::Incoming, types::Error> {
        let finishing = accessor.with(|mut access| access.get().table.held(&upload).map(Upload::finish))?;
        incoming(accessor, finishing.await.map_err(error)?)
    }
}

impl<T: Send + 'static> client::HostWithStore<T> for Shows {
    async fn send(
        accessor: &Accessor<T, Self>,
        connection: String,
        it: client::Request,
    ) -> Result<client::Response, types::Error> {
        let (lease, _carrying) = lease(accessor, &connection, &it)?;
        let calls::Response { status, headers, body } =
            calls::send(&lease, request(it)).await.map_err(error)?;
        Ok(client::Response { status, headers, body })
    }

    async fn open(
        accessor: &Accessor<T, Self>,
        connection: String,
        it: client::Request,
    ) -> Result<client::Incoming, types::Error> {
        let (lease, _carrying) = lease(accessor, &connection, &it)?;
        incoming(accessor, calls::open(&lease, request(it)).await.map_err(error)?)
    }

    async fn begin(
        accessor: &Accessor<T, Self>,
        connection: String,
        it: client::Request,
    ) -> Result<Resource<Upload>, types::Error> {
        let (lease, _carrying) = lease(accessor, &connection, &it)?;
        let upload = calls::begin(&lease, request(it)).await.map_err(error)?;
        accessor.with(|mut access| access.get().table.keep(upload))
    }
}
