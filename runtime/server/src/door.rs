//! The door to services, with an honest answer while the server starts.

use caisson_capability::{BoxFuture, Error, ErrorKind, Invocation, Invoker, Response};
use caisson_service::{Deployer, Registry};
use std::sync::Arc;
use std::time::Duration;

/// When it makes sense to ask again. Loading what ran before takes a fraction of this for most servers.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Calls services. One that is not there while the server starts may be about to come, so it is `unavailable`, not
/// `not-found`.
#[derive(Debug)]
pub(crate) struct Door {
    deployer: Deployer,
    registry: Arc<Registry>,
}

impl Door {
    /// The door to what this deployer has deployed.
    pub(crate) fn new(deployer: &Deployer) -> Self {
        Self { deployer: deployer.clone(), registry: deployer.registry() }
    }
}

impl Invoker for Door {
    fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Result<Response, Error>> {
        if !self.deployer.ready() && self.registry.get(&invocation.service).is_none() {
            let error = Error::new(ErrorKind::Unavailable, "the server is starting and has not loaded this service yet");
            return Box::pin(std::future::ready(Err(error.retry_after(RETRY_AFTER))));
        }
        self.registry.invoke(invocation)
    }
}
