//! What tests are written with.

mod broker;
mod calls;
mod command;
mod definitions;
mod disk;
mod etcd;
mod healthy;
mod network;
mod raw;
mod server;
mod zip;

pub(crate) use broker::Behind;
pub(crate) use calls::{Answer, assert_problem, call, check_problem, http2_client, post, send};
pub(crate) use command::{Command, Ended};
pub(crate) use definitions::rest;
pub(crate) use disk::SmallDisk;
pub(crate) use etcd::Etcd;
pub(crate) use healthy::{HEALTHY, Healthy};
pub(crate) use network::Network;
pub(crate) use raw::{Raw, status_lines};
pub(crate) use server::{Server, Setup, cpython, guest, rust_guest, rust_guests};
pub(crate) use zip::{zip, zip_with_modes};

use std::time::{Duration, Instant};

/// How long anything may take before it is called a hang. No test passes or fails by less.
pub(crate) const HANG: Duration = Duration::from_secs(60);

/// The service of the documentation.
pub(crate) const HELLO: &str = "\
from zato.server.service import Service

class HelloWorld(Service):
    def handle(self):
        self.response.payload = 'How goes it?'
";

/// Asks again and again until there is something; `what` is named when it does not come.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(started.elapsed() < HANG, "{what}: has not happened within {HANG:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
