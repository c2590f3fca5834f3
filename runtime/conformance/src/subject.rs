//! What a capability's tests tell about it.

use caisson_capability::{Capability, Connection, Error, Lease};
use serde_json::Value;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// A capability under test, with a server of its own that is up.
pub trait Subject: Send + Sync + Sized + 'static {
    /// The capability's own type of a connection.
    type Client: Connection + fmt::Debug;

    /// The operation that [`Subject::work`] uses, and no other.
    const OPERATION: &'static str;

    /// Whether [`Subject::work`] may be done twice. When the server goes in mid-call, nobody knows whether it was done: the error is
    /// retryable if that does not matter, and not if it does. Publishing a message, for one, cannot be taken back or repeated.
    const REPEATABLE: bool = true;

    /// The text of `sample.yaml`: `include_str!("../sample.yaml")`.
    const SAMPLE: &'static str;

    /// Starts the server, or shares one that this process has started. Called for each case, on the case's own thread.
    fn start() -> impl Future<Output = Self>;

    /// The capability.
    fn capability(&self) -> Arc<dyn Capability>;

    /// Where the server listens.
    fn server(&self) -> SocketAddr;

    /// Good options of a connection, with a secret, that lead to an address: not the server's, but that of a [`Cut`](crate::Cut)
    /// before it.
    fn options(&self, address: SocketAddr) -> Value;

    /// The secret in these options. Nothing only if the capability has none.
    fn secret(&self) -> Option<&str>;

    /// Options that are wrong though their schema lets them pass, each with the place of the problem: `url`, `pool/max`. At best they
    /// hold the secret as well.
    fn wrong(&self, address: SocketAddr) -> Vec<(Value, &'static str)>;

    /// Options with which calls have one network connection at most, so that a second call has to wait. Nothing if the number of
    /// network connections is not the capability's concern: the layers' `max_concurrent` is used then.
    fn single(&self, _address: SocketAddr) -> Option<Value> {
        None
    }

    /// Has the server do something small, by one [`Lease::call`], whose answer tells `number`, and checks that it does: an answer to
    /// an earlier call must not pass for the answer to this one. A wrong answer is a panic. Where a protocol only says that something
    /// was done, let every second ten of the numbers be something that is refused, and take the refusal for the answer.
    fn work(&self, lease: Lease<Self::Client>, number: u64)
    -> impl Future<Output = Result<(), Error>> + Send;

    /// Has the server do something that takes it a minute or more, by one [`Lease::call`] of the same operation. Nothing if it has
    /// nothing of that kind: [`Subject::work`] with answers held back is used then.
    fn slow(&self, _lease: Lease<Self::Client>) -> Option<impl Future<Output = Result<(), Error>> + Send> {
        None::<std::future::Ready<Result<(), Error>>>
    }

    /// Stops the server and starts it at the same address; for what only a real restart shows (lost sessions, prepared statements).
    fn restart(&self) -> impl Future<Output = ()> {
        std::future::ready(())
    }
}
