//! The facts of one invocation that are not part of the message.

use crate::bindings::caisson::service::types as wit;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The channel that a message came through.
pub use crate::bindings::caisson::service::types::Channel;

/// An authenticated caller.
pub use crate::bindings::caisson::service::types::Principal;

/// The facts of one invocation: who calls which service, through which channel, until when. Cheap to clone.
#[derive(Clone)]
pub struct Context(Arc<wit::Context>);

impl Context {
    pub(crate) fn new(context: wit::Context) -> Self {
        Self(Arc::new(context))
    }

    /// Correlation id: the same for everything that one inbound message sets in motion.
    #[must_use]
    pub fn cid(&self) -> &str {
        &self.0.cid
    }

    /// Name of the service that is called.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.0.service
    }

    /// Version of the package that answers, counted from 1 by the host.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.0.version
    }

    /// Where the message came in.
    #[must_use]
    pub fn channel(&self) -> &Channel {
        &self.0.channel
    }

    /// Who calls, when the channel has authenticated anyone.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal> {
        self.0.principal.as_ref()
    }

    /// The network address that the message came from, when there is one.
    #[must_use]
    pub fn peer(&self) -> Option<&str> {
        self.0.peer.as_deref()
    }

    /// When the host stops this invocation.
    #[must_use]
    pub fn deadline(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.0.deadline_ms)
    }

    /// What is left until then.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.deadline().duration_since(SystemTime::now()).unwrap_or_default()
    }

    /// 1 for the first delivery of a message, 2 for the first retry, and so on.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.0.attempt
    }

    /// W3C Trace Context, the `traceparent` value.
    #[must_use]
    pub fn traceparent(&self) -> Option<&str> {
        self.0.traceparent.as_deref()
    }

    /// W3C Trace Context, the `tracestate` value.
    #[must_use]
    pub fn tracestate(&self) -> Option<&str> {
        self.0.tracestate.as_deref()
    }

    /// Of the callback of a call in the background: the correlation id of that call.
    #[must_use]
    pub fn in_reply_to(&self) -> Option<&str> {
        self.0.in_reply_to.as_deref()
    }

    /// What a chain of calls in the background shares: a JSON object.
    #[must_use]
    pub fn environ(&self) -> Option<&str> {
        self.0.environ.as_deref()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
