//! The one door through which every channel calls services.

use crate::{Error, Invocation, Response};
use std::pin::Pin;
use std::sync::Arc;

/// A future behind a pointer, so that the door can be a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Calls services. Admission, limits and versions are behind it; who is allowed to call is decided before it.
pub trait Invoker: Send + Sync + 'static {
    /// Calls the service that the invocation names and waits for its answer, at most until its deadline.
    ///
    /// # Errors
    ///
    /// `not-found` when there is no such service, `unavailable` (with `retry_after`) when it is too busy,
    /// `timeout`, `quota-exceeded` naming the limit and its value, `internal` when the service failed, or what the
    /// service itself raised.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the guest; nothing of the invocation survives it.
    fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Result<Response, Error>>;

    /// The name of a service that can be called, given its name, or its module and class (`crm.api.GetCustomer`). Whoever does not
    /// know what there is says yes.
    fn find(&self, service: &str) -> Option<Arc<str>> {
        Some(service.into())
    }

    /// The package of a service that can be called. Packages share fairly what there is, and within each its services. Whoever knows
    /// none says so; then each service is for itself.
    fn package(&self, _service: &str) -> Option<Arc<str>> {
        None
    }
}
