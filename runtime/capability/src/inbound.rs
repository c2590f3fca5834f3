//! Messages that come in by a capability: its consumer hands each to an [`Intake`], which is the way to the one door.

use crate::{
    BoxFuture, ChannelInfo, Cid, Deadline, Error, Invocation, Invoker, Message, Request, Settlement, Trace,
};
use bytes::Bytes;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Brings in messages until it is told to stop or loses its connection.
pub trait Consumer: Send + 'static {
    /// Runs until `stop`; then takes in nothing new, waits for what is under way, and returns. `ready` is called when it is
    /// subscribed.
    ///
    /// # Errors
    ///
    /// The connection is lost or cannot be made. Whoever runs it makes a new one after a while: a consumer has no loop of its own
    /// for that.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives messages that are not settled back to the broker.
    fn run<'a>(
        &'a mut self,
        stop: CancellationToken,
        ready: &'a (dyn Fn() + Send + Sync),
    ) -> BoxFuture<'a, Result<(), Error>>;
}

/// Where a channel's messages go. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    /// The door. Weak: services behind it may hold what a consumer holds.
    pub invoker: Weak<dyn Invoker>,
    /// The channel.
    pub channel: Arc<ChannelInfo>,
    /// The service that answers.
    pub service: Arc<str>,
    /// How long it may take.
    pub timeout: Duration,
}

impl std::fmt::Debug for Intake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Intake").field("channel", &self.channel.name).field("service", &self.service).finish()
    }
}

/// A message that has come in.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// Its facts.
    pub message: Message,
    /// Media type of the body, when known.
    pub content_type: Option<String>,
    /// The body.
    pub body: Bytes,
    /// 1 for the first delivery.
    pub attempt: u32,
    /// The sender's correlation id, when it may be taken over.
    pub cid: Option<Cid>,
    /// The sender's trace.
    pub trace: Trace,
}

/// How long a message waits before it is delivered again when nobody says so.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Intake {
    /// Hands a message to the service and tells what becomes of it: what the service says, else acknowledged if it answered,
    /// delivered again if its error is retryable, rejected if not.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the service; the message is not settled.
    pub async fn deliver(&self, delivery: Delivery) -> Settlement {
        let Some(invoker) = self.invoker.upgrade() else {
            // The server is stopping: somebody else, or we after a restart.
            return Settlement::Retry(None);
        };
        match invoker.invoke(self.invocation(delivery)).await {
            Ok(response) => {
                let settlement = response.settlement;
                // The service still runs while its answer comes in pieces, which nobody reads here.
                match response.body.collect(u64::MAX).await {
                    Ok(_) => settlement.unwrap_or(Settlement::Acknowledge),
                    Err(error) => after(&error),
                }
            }
            Err(error) => after(&error),
        }
    }

    fn invocation(&self, delivery: Delivery) -> Invocation {
        Invocation {
            cid: delivery.cid.unwrap_or_default(),
            service: Arc::clone(&self.service),
            channel: Arc::clone(&self.channel),
            principal: None,
            peer: None,
            deadline: Deadline::after(self.timeout),
            attempt: delivery.attempt.max(1),
            trace: delivery.trace,
            depth: 0,
            chain: crate::Chain::default(),
            request: Request {
                message: Some(Box::new(delivery.message)),
                content_type: delivery.content_type,
                body: delivery.body,
                ..Request::default()
            },
        }
    }
}

fn after(error: &Error) -> Settlement {
    if error.retryable {
        Settlement::Retry(Some(error.retry_after.unwrap_or(RETRY_AFTER)))
    } else {
        Settlement::Reject
    }
}
