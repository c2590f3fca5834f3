//! What becomes of a message: acknowledged, put aside for a while, or given to the dead letters.

use super::{Ack, Config, Retry, facts};
use crate::client::{Client, Outgoing};
use crate::values::short;
use caisson_capability::{Delivery as Incoming, Error, Intake, Problem, Settlement};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicNackOptions, BasicRejectOptions};
use lapin::types::ShortString;
use std::sync::Arc;
use std::time::Duration;
use tracing::{debug, warn};

/// The longest that a message waits in the memory of the server.
const HELD: Duration = Duration::from_secs(60);
/// How long a message waits that could not be put aside.
const TROUBLE: Duration = Duration::from_secs(1);
/// The longest that a message is put aside: what the broker's expiration can carry.
const ASIDE: Duration = Duration::from_hours(24 * 40);

/// Handles the messages of one queue.
pub(super) struct Settler {
    client: Arc<Client>,
    intake: Intake,
    pub(super) queue: ShortString,
    pub(super) retry_queue: ShortString,
    ack: Ack,
    retry: Option<Retry>,
    /// Exchange, and routing key if not the message's own.
    dead_letter: Option<(ShortString, Option<ShortString>)>,
}

impl Settler {
    pub(super) fn new(client: Arc<Client>, config: &Config, intake: Intake) -> Result<Self, Vec<Problem>> {
        let wrong = |place: &'static str| move |long: String| vec![Problem::at(place, long)];
        let queue = short(&config.queue, "the name").map_err(wrong("queue"))?;
        // The name is needed for what the broker counts, even if nothing is put aside any more.
        let aside = format!("{}.caisson-retry", config.queue);
        let retry_queue = short(&aside, "the name with `.caisson-retry`").map_err(wrong("queue"))?;
        let dead_letter = config.dead_letter.as_ref().map(|target| {
            let key = target.routing_key.as_deref().map(|key| short(key, "the routing key")).transpose()?;
            Ok((short(&target.exchange, "the exchange")?, key))
        });
        Ok(Self {
            client,
            intake,
            queue,
            retry_queue,
            ack: config.ack,
            retry: config.retry.clone(),
            dead_letter: dead_letter.transpose().map_err(wrong("dead_letter"))?,
        })
    }

    /// Whether messages are put aside on the broker.
    pub(super) fn puts_aside(&self) -> bool {
        self.retry.is_some()
    }

    /// Sees a message through to its end.
    pub(super) async fn handle(&self, delivery: Delivery) {
        let attempt = facts::attempt(&delivery, self.retry_queue.as_str());
        let settled = if delivery.data.len() > self.client.message_bytes {
            self.bury(&delivery, attempt, "too-large").await
        } else if self.ack == Ack::OnReceipt {
            match acknowledge(&delivery).await {
                // Without an acknowledgement it comes again: then it must not be handled now.
                Ok(true) => {
                    self.intake.deliver(self.incoming(&delivery, attempt)).await;
                    Ok(())
                }
                lost => lost.map(drop),
            }
        } else {
            let settlement = self.intake.deliver(self.incoming(&delivery, attempt)).await;
            self.settle(&delivery, attempt, settlement).await
        };
        if let Err(error) = settled {
            // The broker has the message still and delivers it again, to whoever consumes next.
            debug!(channel = %self.intake.channel.name, queue = %self.queue, %error, "a message was not settled");
        }
    }

    fn incoming(&self, delivery: &Delivery, attempt: u32) -> Incoming {
        Incoming {
            message: facts::message(delivery, self.queue.as_str()),
            content_type: delivery.properties.content_type().as_ref().map(ToString::to_string),
            body: delivery.data.clone().into(),
            attempt,
            cid: facts::cid(delivery),
            trace: facts::trace(delivery),
        }
    }

    async fn settle(&self, delivery: &Delivery, attempt: u32, settlement: Settlement) -> lapin::Result<()> {
        match (settlement, &self.retry) {
            (Settlement::Acknowledge, _) => acknowledge(delivery).await.map(drop),
            (Settlement::Reject, _) => self.bury(delivery, attempt, "rejected").await,
            (Settlement::Retry(_), Some(retry)) if attempt >= retry.max_deliveries => {
                self.bury(delivery, attempt, "max-deliveries").await
            }
            (Settlement::Retry(after), Some(retry)) => {
                let delay = Duration::from_millis(retry.delay_ms.into()).max(after.unwrap_or_default());
                let outgoing = self.aside(delivery, attempt, delay.min(ASIDE));
                self.hand_over(delivery, outgoing, "put aside").await
            }
            (Settlement::Retry(after), None) => {
                give_back(delivery, after.unwrap_or_default().min(HELD)).await
            }
        }
    }

    /// The message, for the queue where it waits.
    fn aside(&self, delivery: &Delivery, attempt: u32, delay: Duration) -> Outgoing {
        let mut outgoing = self.again(delivery, attempt, None);
        outgoing.routing_key = self.retry_queue.clone();
        // At least a millisecond: zero would be expired on arrival.
        let millis = delay.as_millis().max(1).to_string();
        outgoing.properties = outgoing.properties.with_expiration(millis.as_str().into());
        outgoing
    }

    /// Gives a message to the dead letters.
    async fn bury(&self, delivery: &Delivery, attempt: u32, reason: &str) -> lapin::Result<()> {
        let Some((exchange, key)) = &self.dead_letter else {
            return delivery.acker.reject(BasicRejectOptions { requeue: false }).await.map(drop);
        };
        let mut outgoing = self.again(delivery, attempt, Some(reason));
        outgoing.exchange = exchange.clone();
        outgoing.routing_key = key.clone().unwrap_or_else(|| delivery.routing_key.clone());
        self.hand_over(delivery, outgoing, "given to the dead letters").await
    }

    /// The message, to be published again. Mandatory: it must not vanish because a queue has.
    fn again(&self, delivery: &Delivery, attempt: u32, reason: Option<&str>) -> Outgoing {
        let from = &delivery.properties;
        let headers = facts::headers(delivery, self.queue.as_str(), attempt, reason);
        let mut to = lapin::BasicProperties::default().with_headers(headers).with_delivery_mode(2);
        // Not the user: brokers refuse one that is not ours. Not the expiration: it was for the first queue.
        type With = fn(lapin::BasicProperties, ShortString) -> lapin::BasicProperties;
        let texts: [(&Option<ShortString>, With); 7] = [
            (from.content_type(), lapin::BasicProperties::with_content_type),
            (from.content_encoding(), lapin::BasicProperties::with_content_encoding),
            (from.correlation_id(), lapin::BasicProperties::with_correlation_id),
            (from.reply_to(), lapin::BasicProperties::with_reply_to),
            (from.message_id(), lapin::BasicProperties::with_message_id),
            (from.kind(), lapin::BasicProperties::with_type),
            (from.app_id(), lapin::BasicProperties::with_app_id),
        ];
        for (text, with) in texts {
            if let Some(text) = text {
                to = with(to, text.clone());
            }
        }
        if let Some(priority) = from.priority() {
            to = to.with_priority(*priority);
        }
        if let Some(timestamp) = from.timestamp() {
            to = to.with_timestamp(*timestamp);
        }
        Outgoing { mandatory: true, properties: to, body: delivery.data.clone(), ..Outgoing::default() }
    }

    /// Publishes it and acknowledges only what the broker has confirmed: in between it is there twice, and never not at all.
    async fn hand_over(&self, delivery: &Delivery, outgoing: Outgoing, what: &str) -> lapin::Result<()> {
        let published = tokio::time::timeout(self.intake.timeout, self.client.publish(&[outgoing])).await;
        let error: Error = match published {
            Ok(Ok(())) => return acknowledge(delivery).await.map(drop),
            Ok(Err(error)) => error,
            Err(_late) => crate::error::unavailable("the broker did not confirm in time"),
        };
        let channel = &self.intake.channel.name;
        warn!(%channel, queue = %self.queue, %error, "a message could not be {what}; it goes back into the queue");
        give_back(delivery, TROUBLE).await
    }
}

async fn acknowledge(delivery: &Delivery) -> lapin::Result<bool> {
    delivery.acker.ack(BasicAckOptions::default()).await
}

/// Gives a message back to the queue after a while. It has its place among those that are prefetched until then.
async fn give_back(delivery: &Delivery, after: Duration) -> lapin::Result<()> {
    tokio::time::sleep(after).await;
    delivery.acker.nack(BasicNackOptions { requeue: true, ..BasicNackOptions::default() }).await.map(drop)
}
