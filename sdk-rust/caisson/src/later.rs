//! Calls that nobody waits for.

use crate::bindings::caisson::service::background::{Origin, Retry, Task};
use crate::invoke::IntoRequest;
use crate::time::millis;
use crate::{Error, Result, host};
use std::time::Duration;

/// A call that is made as soon as there is a place, or later, without anybody waiting for it. It is on the host's disk when
/// [`Later::enqueue`] returns, and is made at least once whatever happens to the server.
///
/// ```
/// # use caisson::{Error, Json, Later};
/// # use serde_json::json;
/// # async fn remind() -> Result<(), Error> {
/// let cid = Later::new("shop.remind", Json(json!({"order": 7})))?
///     .after(std::time::Duration::from_secs(3600))
///     .callback("shop.reminded")
///     .enqueue()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "it is made when it is enqueued"]
pub struct Later(Task);

impl Later {
    /// A call of a service.
    ///
    /// # Errors
    ///
    /// `internal`: the message cannot be written as JSON.
    pub fn new(service: impl Into<String>, message: impl IntoRequest) -> Result<Self> {
        let request = message.into_request()?.into_wit();
        Ok(Self(Task {
            service: service.into(),
            content_type: request.content_type,
            body: request.body,
            origin: Origin::Call,
            name: None,
            cid: None,
            in_reply_to: None,
            environ: None,
            delay_ms: 0,
            expires_ms: None,
            retry: None,
            callback: Vec::new(),
            report: None,
        }))
    }

    /// It waits for this long.
    pub fn after(mut self, delay: Duration) -> Self {
        self.0.delay_ms = millis(delay);
        self
    }

    /// If it could not begin within this time it is dropped.
    pub fn expires(mut self, after: Duration) -> Self {
        self.0.expires_ms = Some(millis(after));
        self
    }

    /// When the service fails it is called again, so often, with this time between.
    pub fn retry(mut self, repeats: u32, interval: Duration) -> Self {
        self.0.retry = Some(Retry { repeats, interval_ms: millis(interval) });
        self
    }

    /// A service that is called with the answer, one more.
    pub fn callback(mut self, service: impl Into<String>) -> Self {
        self.0.callback.push(service.into());
        self
    }

    /// A JSON object that the service and its callbacks find in their contexts.
    pub fn environ(mut self, object: impl Into<String>) -> Self {
        self.0.environ = Some(object.into());
        self
    }

    /// Hands it over. Its correlation id.
    ///
    /// # Errors
    ///
    /// `not-found` for a service that is not there, `quota-exceeded` when too much waits, `invalid-input` for what makes no sense.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves open whether it was taken in.
    pub async fn enqueue(self) -> Result<String> {
        host::enqueue(self.0).await.map(|ticket| ticket.cid).map_err(Error::of_service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Json, testing::Host};

    #[test]
    fn what_is_asked_for_reaches_the_host() {
        let host = Host::new();
        let ask = async {
            let later =
                Later::new("a.b", Json(7))?.after(Duration::from_millis(1_500)).callback("c").callback("d");
            later.retry(3, Duration::from_secs(1)).enqueue().await
        };
        assert_eq!(host.run(ask).unwrap(), "later");
        let asked = &host.later()[0];
        assert_eq!(
            (asked.service.as_str(), &asked.body[..], asked.after.as_millis()),
            ("a.b", &b"7"[..], 1_500)
        );
        assert_eq!(asked.callback, ["c", "d"]);
    }
}
