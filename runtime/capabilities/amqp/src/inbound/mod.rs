//! Messages of a queue on their way to a service.

mod config;
mod facts;
mod settle;

use crate::client::{Client, Link, Purpose};
use crate::error::{self, Stage};
use crate::values::{short, table};
use caisson_capability::{BoxFuture, Consumer, Error, Intake, Problem};
pub use config::{Ack, Config, Retry};
use futures_util::StreamExt as _;
use lapin::Channel;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use settle::Settler;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::error;

/// How long services may finish after the connection was lost: their messages are delivered again, and somebody else may have
/// them already.
const LOST: Duration = Duration::from_secs(5);

/// The consumer of one queue.
pub struct Inbound {
    client: Arc<Client>,
    settler: Arc<Settler>,
    prefetch: u16,
    concurrency: usize,
    tag: ShortString,
    exclusive: bool,
    arguments: FieldTable,
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound").field("queue", &self.settler.queue.as_str()).finish_non_exhaustive()
    }
}

impl Inbound {
    /// A consumer with these options.
    ///
    /// # Errors
    ///
    /// All that is wrong with them.
    pub fn new(client: Arc<Client>, config: Config, intake: Intake) -> Result<Self, Vec<Problem>> {
        let tag = short(&config.consumer_tag, "the name")
            .map_err(|long| vec![Problem::at("consumer_tag", long)])?;
        let arguments = table(&config.arguments).map_err(|wrong| vec![Problem::at("arguments", wrong)])?;
        let settler = Settler::new(Arc::clone(&client), &config, intake)?;
        Ok(Self {
            client,
            settler: Arc::new(settler),
            prefetch: config.prefetch,
            concurrency: usize::from(config.concurrency.unwrap_or(config.prefetch)),
            tag,
            exclusive: config.exclusive,
            arguments,
        })
    }

    async fn subscribe(&self, link: &Link) -> Result<(Channel, lapin::Consumer), Error> {
        let channel = link.channel().await?;
        self.prepare(&channel).await?;
        let options = BasicConsumeOptions { exclusive: self.exclusive, ..BasicConsumeOptions::default() };
        let (queue, tag) = (self.settler.queue.clone(), self.tag.clone());
        let consuming = channel.basic_consume(queue, tag, options, self.arguments.clone());
        let consumer = consuming.await.map_err(|error| error::calling(&error, Stage::Before))?;
        Ok((channel, consumer))
    }

    async fn prepare(&self, channel: &Channel) -> Result<(), Error> {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let there = channel.queue_declare(self.settler.queue.clone(), passive, FieldTable::default());
        there.await.map_err(|cause| {
            let mut error = error::calling(&cause, Stage::Before);
            if error.code.as_deref() == Some("404") {
                error.message = format!(
                    "there is no queue `{}`: declare it on the broker, or by `declare` of the connection",
                    self.settler.queue
                );
            }
            error
        })?;
        if self.settler.puts_aside() {
            self.declare_retry_queue(channel).await?;
        }
        let quality = channel.basic_qos(self.prefetch, BasicQosOptions::default());
        quality.await.map_err(|error| error::calling(&error, Stage::Before))
    }

    /// The queue where messages wait: each expires after its own time and goes back where it came from.
    async fn declare_retry_queue(&self, channel: &Channel) -> Result<(), Error> {
        let mut back = FieldTable::default();
        back.insert("x-dead-letter-exchange".into(), AMQPValue::LongString("".into()));
        back.insert(
            "x-dead-letter-routing-key".into(),
            AMQPValue::LongString(self.settler.queue.as_str().into()),
        );
        let declared =
            channel.queue_declare(self.settler.retry_queue.clone(), QueueDeclareOptions::durable(), back);
        declared.await.map(drop).map_err(|error| error::calling(&error, Stage::Before))
    }

    /// Takes messages in until it is told to stop or the broker is gone.
    async fn consume(
        &self,
        link: &Link,
        consumer: &mut lapin::Consumer,
        handling: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) -> Result<(), Error> {
        let mut gone = std::pin::pin!(link.gone());
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = &mut gone => return Err(error::lost(Stage::Before)),
                Some(ended) = handling.join_next() => report(ended),
                next = consumer.next(), if handling.len() < self.concurrency => match next {
                    Some(Ok(delivery)) => {
                        let settler = Arc::clone(&self.settler);
                        handling.spawn(async move { settler.handle(delivery).await });
                    }
                    Some(Err(cause)) => return Err(error::calling(&cause, Stage::Before)),
                    None => {
                        let text = format!(
                            "the broker has cancelled the consumer of `{}`: was the queue deleted, or moved to another node?",
                            self.settler.queue
                        );
                        return Err(error::unavailable(text));
                    }
                },
            }
        }
    }

    async fn session(&self, stop: &CancellationToken, ready: &(dyn Fn() + Send + Sync)) -> Result<(), Error> {
        let connecting = async {
            let link = self.client.open(Purpose::Consume).await?;
            let (channel, consumer) = self.client.in_time(self.subscribe(&link)).await?;
            Ok::<_, Error>((link, channel, consumer))
        };
        let (link, channel, mut consumer) = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            connected = connecting => connected?,
        };
        ready();
        let mut handling = JoinSet::new();
        let outcome = self.consume(&link, &mut consumer, &mut handling, stop).await;
        if outcome.is_ok() {
            let tag = consumer.tag();
            // If it fails the connection is lost, and there is nothing to be cancelled.
            let cancelling = channel.basic_cancel(tag, BasicCancelOptions::default());
            drop(tokio::time::timeout(LOST, cancelling).await);
            while let Some(ended) = handling.join_next().await {
                report(ended);
            }
            link.close().await;
        } else {
            drop(tokio::time::timeout(LOST, async { while handling.join_next().await.is_some() {} }).await);
        }
        outcome
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        error!(%error, "the handling of a message ended in a panic; the message stays with the broker");
    }
}

impl Consumer for Inbound {
    fn run<'a>(
        &'a mut self,
        stop: CancellationToken,
        ready: &'a (dyn Fn() + Send + Sync),
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move { self.session(&stop, ready).await })
    }
}
