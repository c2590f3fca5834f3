//! Calls that nobody waits for: what is asked of whoever keeps them.

use crate::{BoxFuture, Cid, Error, Invocation};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// What a call in the background is, for the one that is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// A call like any other.
    #[default]
    Call,
    /// It was given a time.
    Schedule,
}

/// How often a call is tried again when the service fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Attempts after the first one.
    pub repeats: u32,
    /// Time between them.
    pub interval: Duration,
}

/// A call to be made.
#[derive(Clone, Debug, Default)]
pub struct Task {
    /// Name of the service.
    pub service: String,
    /// Media type of the body, when known.
    pub content_type: Option<String>,
    /// The message.
    pub body: Bytes,
    /// What it is, for the service.
    pub origin: Origin,
    /// A name for operators to see.
    pub name: Option<String>,
    /// Its correlation id. Unless given, one that begins with that of the message that asks, and a `~`.
    pub cid: Option<Cid>,
    /// The correlation id of what it replies to.
    pub in_reply_to: Option<String>,
    /// A JSON object for the call and its callbacks.
    pub environ: Option<String>,
    /// How long it waits.
    pub delay: Duration,
    /// If it could not begin within this time after its delay, it is dropped.
    pub expires: Option<Duration>,
    /// How often it is tried again when the service fails.
    pub retry: Option<Retry>,
    /// Services that are called when it has ended.
    pub callback: Vec<String>,
    /// A JSON object that callbacks are given with the outcome added to it.
    pub report: Option<String>,
}

/// What a group of calls is, for its services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// One answer of all is waited for.
    Fanout,
    /// Each answer for itself.
    Parallel,
}

/// Calls that are made at the same time.
#[derive(Clone, Debug)]
pub struct Group {
    /// What it is.
    pub pattern: Pattern,
    /// Its calls.
    pub tasks: Vec<Task>,
    /// Services that are called after each.
    pub on_target: Vec<String>,
    /// Services that are called once after all.
    pub on_final: Vec<String>,
    /// The correlation id of all its calls.
    pub cid: Option<Cid>,
}

/// What was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Its number on this server.
    pub id: u64,
    /// Its correlation id.
    pub cid: Cid,
}

/// Takes in calls and makes them later. What it has acknowledged is on disk.
pub trait Background: Send + Sync + 'static {
    /// Takes in a call for the service that answers `by`.
    ///
    /// # Errors
    ///
    /// `invalid-input` for what makes no sense, `not-found` for a service that is not there, `quota-exceeded` when too much waits,
    /// `unavailable` when it cannot be kept.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves open whether it was taken in.
    fn enqueue<'a>(&'a self, by: &'a Arc<Invocation>, task: Task) -> BoxFuture<'a, Result<Ticket, Error>>;

    /// Takes in a group, all of it or nothing.
    ///
    /// # Errors
    ///
    /// As [`Background::enqueue`].
    ///
    /// # Cancel safety
    ///
    /// As [`Background::enqueue`].
    fn enqueue_group<'a>(
        &'a self,
        by: &'a Arc<Invocation>,
        group: Group,
    ) -> BoxFuture<'a, Result<Ticket, Error>>;
}
