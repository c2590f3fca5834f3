//! Calls to other services of the same server.

use crate::bindings::caisson::service::invoker::Call;
use crate::{Error, Json, Request, Response, Result, host};
use serde::Serialize;

/// What a service may be called with.
#[diagnostic::on_unimplemented(
    message = "a service cannot be called with `{Self}`",
    note = "call it with a `Request`, `Json<T>`, text, bytes or `()`"
)]
pub trait IntoRequest {
    /// Makes the message.
    ///
    /// # Errors
    ///
    /// `internal`: the value cannot be written as JSON.
    fn into_request(self) -> Result<Request>;
}

impl IntoRequest for Request {
    fn into_request(self) -> Result<Request> {
        Ok(self)
    }
}

impl<T: Serialize> IntoRequest for Json<T> {
    fn into_request(self) -> Result<Request> {
        Request::of_json(&self.0)
    }
}

impl IntoRequest for &str {
    fn into_request(self) -> Result<Request> {
        Ok(Request::new(self))
    }
}

impl IntoRequest for String {
    fn into_request(self) -> Result<Request> {
        Ok(Request::new(self))
    }
}

impl IntoRequest for Vec<u8> {
    fn into_request(self) -> Result<Request> {
        Ok(Request::new(self))
    }
}

impl IntoRequest for () {
    fn into_request(self) -> Result<Request> {
        Ok(Request::default())
    }
}

/// Calls another service and waits for its answer. It inherits the correlation id, the caller's identity and what is left of
/// the deadline.
///
/// ```
/// # use caisson::{Error, Json, Request};
/// # use serde_json::{Value, json};
/// # async fn both() -> Result<(), Error> {
/// let (stock, price) = caisson::try_join!(
///     caisson::invoke("shop.stock", Json(json!({"sku": "A1"}))),
///     caisson::invoke("shop.price", Json(json!({"sku": "A1"}))),
/// )?;
/// let (stock, price): (Value, Value) = (stock.read_json()?, price.read_json()?);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// What the service answered as its error; `not-found` when there is none of that name.
///
/// # Cancel safety
///
/// Dropping the future stops the called service.
pub async fn invoke(service: impl Into<String>, message: impl IntoRequest) -> Result<Response> {
    let request = message.into_request()?.into_wit();
    host::invoke(service.into(), request).await.map(Response::from_wit).map_err(Error::of_service)
}

/// Calls several services at the same time, each on an instance of its own, and waits until all have answered. The answers are in the
/// order of the calls. What is known only while it runs is called by this; for a few, `try_join!` does the same.
///
/// # Errors
///
/// `internal`: a message cannot be written as JSON. Errors of services are among the answers.
///
/// # Cancel safety
///
/// Dropping the future stops the called services.
pub async fn invoke_all<M: IntoRequest>(
    calls: impl IntoIterator<Item = (String, M)>,
) -> Result<Vec<Result<Response>>> {
    let call = |(service, message): (String, M)| {
        Ok(Call { service, request: message.into_request()?.into_wit(), timeout_ms: None })
    };
    let calls = calls.into_iter().map(call).collect::<Result<Vec<_>>>()?;
    let answers = host::invoke_all(calls).await.into_iter();
    Ok(answers.map(|answer| answer.map(Response::from_wit).map_err(Error::of_service)).collect())
}
