//! Subscriptions. At most once: Redis keeps nothing, and there is nothing to acknowledge.

use crate::client::wire::{Frame, Part, Reply};
use crate::client::{Client, bytes_of};
use crate::error::failure;
use crate::inbound::{Config, QUIET};
use bytes::Bytes;
use caisson_capability::{BoxFuture, Consumer, Delivery, Error, Intake, Message};
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A consumer of channels of Redis.
pub(crate) struct Subscription {
    client: Arc<Client>,
    command: Vec<Vec<u8>>,
    concurrency: usize,
    intake: Intake,
}

impl Subscription {
    pub(crate) fn new(client: Arc<Client>, config: &Config, intake: Intake) -> Self {
        let (name, channels) = if config.subscribe.is_empty() {
            ("PSUBSCRIBE", &config.patterns)
        } else {
            ("SUBSCRIBE", &config.subscribe)
        };
        let words = std::iter::once(name).chain(channels.iter().map(String::as_str));
        let command = words.map(|word| word.as_bytes().to_vec()).collect();
        Self { client, command, concurrency: config.concurrency, intake }
    }

    async fn listen(
        &self,
        stop: &CancellationToken,
        ready: &(dyn Fn() + Send + Sync),
        work: &mut JoinSet<()>,
    ) -> Result<(), Error> {
        let told = |trouble: crate::error::Trouble| trouble.told(true);
        let limit = self.client.limits.reply_bytes;
        let mut socket = self.client.dedicated(None).await.map_err(told)?;
        socket.send(&self.command).await.map_err(told)?;
        let mut waiting = self.command.len() - 1;
        let mut asked = false;
        loop {
            // A frame that is given up halfway is lost: at the stop that does no harm, and after the silence nothing was begun.
            let frame = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                frame = tokio::time::timeout(QUIET, socket.next(limit)) => frame,
            };
            match frame {
                Ok(frame) => {
                    asked = false;
                    match frame.map_err(told)? {
                        Frame::Push(parts) if says(&parts, &["subscribe", "psubscribe"]) => {
                            waiting = waiting.saturating_sub(1);
                            if waiting == 0 {
                                ready();
                            }
                        }
                        Frame::Push(parts) => self.take(parts, work).await,
                        Frame::Answer(parts) => {
                            if let Some(Part::Failure(text)) = parts.first() {
                                return Err(failure(text));
                            }
                        }
                    }
                }
                Err(_silence) if asked => return Err(crate::client::late()),
                Err(_silence) => {
                    asked = true;
                    socket.send(&[b"PING".to_vec()]).await.map_err(told)?;
                }
            }
        }
    }

    /// Hands a message over; waits while as many as may are being handled, and Redis with us.
    async fn take(&self, parts: Reply, work: &mut JoinSet<()>) {
        let Some(delivery) = delivery(&parts) else { return };
        while work.len() >= self.concurrency {
            work.join_next().await;
        }
        let intake = self.intake.clone();
        work.spawn(async move {
            // Whatever the service says of it: nobody can be told.
            intake.deliver(delivery).await;
        });
    }
}

impl Consumer for Subscription {
    fn run<'a>(
        &'a mut self,
        stop: CancellationToken,
        ready: &'a (dyn Fn() + Send + Sync),
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let mut work = JoinSet::new();
            let outcome = self.listen(&stop, ready, &mut work).await;
            while work.join_next().await.is_some() {}
            outcome
        })
    }
}

fn says(parts: &[Part], words: &[&str]) -> bool {
    parts.get(1).and_then(bytes_of).is_some_and(|kind| words.iter().any(|word| word.as_bytes() == kind))
}

fn delivery(parts: &[Part]) -> Option<Delivery> {
    let text = |part: &Part| bytes_of(part).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let (pattern, source, body) = match parts {
        [_, _, source, body] if says(parts, &["message"]) => (None, source, body),
        [_, _, pattern, source, body] if says(parts, &["pmessage"]) => (text(pattern), source, body),
        _ => return None,
    };
    let message = Message {
        source: text(source)?,
        properties: pattern.map(|pattern| ("pattern".to_owned(), pattern)).into_iter().collect(),
        ..Message::default()
    };
    Some(Delivery {
        message,
        body: Bytes::copy_from_slice(bytes_of(body)?),
        attempt: 1,
        ..Delivery::default()
    })
}
