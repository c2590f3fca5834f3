//! The benchmark's reference: a bare consumer with lapin. Its arguments are a broker's address and what to do with the queue `orders`:
//! `fill N` puts so many messages into it, `consume` takes and acknowledges them, `watch` waits until some are gone and prints how many
//! microseconds the rest took.

use futures_util::{StreamExt as _, TryStreamExt as _};
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
    QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const QUEUE: &str = "orders";

/// As many as the consumers that are compared may have at a time.
const PREFETCH: u16 = 100;

/// Of the messages that `fill` sends before it waits for their confirmation.
const BATCH: u32 = 1_000;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, what, rest @ ..] = arguments.as_slice() else { return Err("which broker, and what?".into()) };
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    match what.as_str() {
        "fill" => fill(&channel, rest.first().ok_or("how many?")?.parse()?).await,
        "consume" => consume(&channel).await,
        "watch" => watch(&channel).await,
        other => Err(format!("{other} is none of fill, consume, watch").into()),
    }
}

async fn waiting(channel: &Channel) -> Outcome<u32> {
    Ok(channel
        .queue_declare(QUEUE.into(), QueueDeclareOptions::durable(), FieldTable::default())
        .await?
        .message_count())
}

async fn fill(channel: &Channel, count: u32) -> Outcome<()> {
    waiting(channel).await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    for first in (0..count).step_by(BATCH as usize) {
        let mut confirms = Vec::new();
        for number in first..count.min(first + BATCH) {
            let (body, properties) =
                (format!(r#"{{"order": {number}}}"#), BasicProperties::default().with_delivery_mode(2));
            let options = BasicPublishOptions::default();
            confirms.push(
                channel.basic_publish("".into(), QUEUE.into(), options, body.as_bytes(), properties).await?,
            );
        }
        for confirm in confirms {
            confirm.await?;
        }
    }
    Ok(())
}

async fn consume(channel: &Channel) -> Outcome<()> {
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let (tag, options) = ("bare".into(), BasicConsumeOptions::default());
    let consumer = channel.basic_consume(QUEUE.into(), tag, options, FieldTable::default()).await?;
    // Several at a time: an acknowledgement that waits for the one before is half as fast.
    let all = consumer.map(Ok).try_for_each_concurrent(usize::from(PREFETCH), async |delivery| {
        delivery?.acker.ack(BasicAckOptions::default()).await.map(drop)
    });
    Ok(all.await?)
}

async fn watch(channel: &Channel) -> Outcome<()> {
    let full = waiting(channel).await?;
    println!("watching");
    let (mut begun, mut before) = (Instant::now(), full);
    loop {
        let left = waiting(channel).await?;
        if left == full {
            begun = Instant::now();
            before = left;
        }
        if left == 0 {
            println!("{} {}", begun.elapsed().as_micros(), before);
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
