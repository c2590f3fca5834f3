//! Publishing with confirms.

use super::Client;
use crate::error::{self, Stage};
use caisson_capability::{Error, ErrorKind};
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// How long a call waits for a broker that takes no messages. Shortages end by themselves within moments, or not at all.
const BLOCKED: Duration = Duration::from_millis(500);

/// A message on its way out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outgoing {
    pub(crate) exchange: ShortString,
    pub(crate) routing_key: ShortString,
    pub(crate) mandatory: bool,
    pub(crate) properties: BasicProperties,
    pub(crate) body: Vec<u8>,
}

/// How far a call has come.
#[derive(Debug, Default)]
struct Progress {
    sent: AtomicBool,
    confirmed: AtomicUsize,
}

impl Progress {
    fn stage(&self) -> Stage {
        if self.sent.load(Relaxed) { Stage::Sent } else { Stage::Before }
    }
}

impl Client {
    /// Publishes messages in their order and waits until the broker has confirmed all.
    ///
    /// # Errors
    ///
    /// `not-found`: no such exchange, or no queue takes a mandatory message; `unavailable`, retryable only if the broker surely has
    /// none of them. Of several messages, the error tells how many were confirmed.
    ///
    /// # Cancel safety
    ///
    /// Whether the broker has the messages is not known then. The channel is closed.
    pub(crate) async fn publish(&self, messages: &[Outgoing]) -> Result<(), Error> {
        let _turn = self.turns.acquire().await.map_err(|_closed| super::closed())?;
        let publisher = self.publisher().await?;
        if publisher.link.blocked() {
            return Err(error::blocked(Stage::Before));
        }
        let progress = Progress::default();
        let work = async {
            let channel = publisher.channel().await?;
            send(&channel, messages, &progress).await?;
            publisher.give_back(channel);
            Ok(())
        };
        let outcome = tokio::select! {
            biased;
            outcome = work => outcome,
            () = publisher.link.blocked_for(BLOCKED) => Err(error::blocked(progress.stage())),
            () = publisher.link.gone() => Err(error::lost(progress.stage())),
        };
        outcome.map_err(|error| counted(error, messages.len(), progress.confirmed.load(Relaxed)))
    }
}

/// Sends all, then waits for all: one turnaround for any number of messages.
async fn send(channel: &Channel, messages: &[Outgoing], progress: &Progress) -> Result<(), Error> {
    let mut confirms = Vec::with_capacity(messages.len());
    let (mut unsent, mut failed) = (None, None);
    for message in messages {
        let options = BasicPublishOptions { mandatory: message.mandatory, ..BasicPublishOptions::default() };
        let (exchange, key) = (message.exchange.clone(), message.routing_key.clone());
        let sending =
            channel.basic_publish(exchange, key, options, &message.body, message.properties.clone());
        match sending.await {
            Ok(confirm) => {
                progress.sent.store(true, Relaxed);
                confirms.push(confirm);
            }
            // It is complete only once all of it is written.
            Err(cause) => {
                unsent = Some(error::calling(&cause, progress.stage()));
                break;
            }
        }
    }
    for (confirm, message) in confirms.into_iter().zip(messages) {
        match confirm
            .await
            .map_err(|cause| error::calling(&cause, Stage::Sent))
            .and_then(|it| confirmed(it, message))
        {
            Ok(()) => {
                progress.confirmed.fetch_add(1, Relaxed);
            }
            // The first one tells most: why the channel was closed, and not that it is.
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.or(unsent).map_or(Ok(()), Err)
}

fn confirmed(confirmation: Confirmation, message: &Outgoing) -> Result<(), Error> {
    match confirmation {
        Confirmation::Ack(None) => Ok(()),
        Confirmation::Ack(Some(returned)) | Confirmation::Nack(Some(returned)) => {
            let text = format!(
                "no queue takes the message: exchange `{}`, routing key `{}` ({}); bind a queue, or publish it as not mandatory",
                message.exchange, message.routing_key, returned.reply_text
            );
            Err(error::remote(ErrorKind::NotFound, text).code(returned.reply_code.to_string()))
        }
        Confirmation::Nack(None) => Err(error::unavailable(
            "the broker did not take the message (nack): a queue is full, or it has trouble of its own",
        )
        .code("nack")),
        Confirmation::NotRequested => Err(error::remote(ErrorKind::Internal, "the channel does not confirm")),
    }
}

/// Tells of several messages how many the broker has: a repetition of all would double these.
fn counted(mut error: Error, all: usize, confirmed: usize) -> Error {
    if all > 1 {
        error.message = format!("{} ({confirmed} of {all} messages were confirmed)", error.message);
        error.retryable &= confirmed == 0;
    }
    error
}
