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
mod tally;
mod zip;

pub(crate) use broker::Behind;
pub(crate) use calls::{Answer, assert_problem, call, check_problem, http1_client, http2_client, post, send};
pub(crate) use command::{Command, Ended};
pub(crate) use definitions::rest;
pub(crate) use disk::SmallDisk;
pub(crate) use etcd::Etcd;
pub(crate) use healthy::{HEALTHY, Healthy};
pub(crate) use network::Network;
pub(crate) use raw::{Raw, status_lines};
pub(crate) use server::{Server, Setup, binary, cpython, from_environment, guest, rust_guest, rust_guests};
pub(crate) use tally::Tally;
pub(crate) use zip::{zip, zip_with_modes};

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};
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

/// A port that nobody uses now. It is below those that the system gives to outgoing connections: between this look and the start of
/// a server, or while that is dead, one of the many that run beside this test could get it.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        // Tests run in processes of their own, which begin at different places.
        let begin = u16::try_from(std::process::id() % 12_000).unwrap_or_default().wrapping_mul(17);
        let step = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(begin);
        let port = 20_000 + step % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
