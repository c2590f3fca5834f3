//! What a service is told of a message, and what of it travels with a message that is published again.

use crate::values::{integer, text};
use caisson_capability::{Cid, Message, Trace};
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};

/// How often a message has been with a service, in messages that wait for the next time.
pub(super) const ATTEMPT: &str = "x-caisson-attempt";
/// Where it was published to at first.
const EXCHANGE: &str = "x-caisson-exchange";
/// What it was routed by at first.
const ROUTING_KEY: &str = "x-caisson-routing-key";
/// Of a dead letter: the queue that it was taken from.
const QUEUE: &str = "x-caisson-queue";
/// Of a dead letter: why it is one.
const REASON: &str = "x-caisson-reason";

/// The letters of our correlation ids and how many there are.
const CID: (&str, usize) = ("0123456789abcdefghjkmnpqrstvwxyz", 24);

/// Which delivery of the message this is: 1 for the first.
pub(super) fn attempt(delivery: &Delivery, retry_queue: &str) -> u32 {
    let headers = delivery.properties.headers().as_ref();
    let number = |name| headers.and_then(|all| all.inner().get(name)).and_then(integer).unwrap_or(0);
    let before = number(ATTEMPT).max(headers.map_or(0, |all| expired_in(all, retry_queue)));
    // Quorum queues count by themselves; of the others we only know that it was delivered before.
    let again = number("x-delivery-count").max(i64::from(delivery.redelivered));
    u32::try_from(before.max(0).saturating_add(again.max(0)).saturating_add(1)).unwrap_or(u32::MAX)
}

/// How often it has waited in a queue, as the broker counts it.
fn expired_in(headers: &FieldTable, queue: &str) -> i64 {
    let Some(AMQPValue::FieldArray(deaths)) = headers.inner().get("x-death") else { return 0 };
    let mut counts = deaths.as_slice().iter().filter_map(|death| {
        let AMQPValue::FieldTable(death) = death else { return None };
        let of = death.inner().get("queue").map(text)?;
        (of == queue).then(|| death.inner().get("count").and_then(integer)).flatten()
    });
    counts.next().unwrap_or(0)
}

/// What the service is told.
pub(super) fn message(delivery: &Delivery, queue: &str) -> Message {
    let properties = &delivery.properties;
    let (exchange, key) = origin(delivery, queue);
    let mut facts = vec![("exchange".to_owned(), exchange)];
    let texts = [
        ("correlation-id", properties.correlation_id()),
        ("reply-to", properties.reply_to()),
        ("content-encoding", properties.content_encoding()),
        ("type", properties.kind()),
        ("user-id", properties.user_id()),
        ("app-id", properties.app_id()),
        ("expiration", properties.expiration()),
    ];
    facts.extend(
        texts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.as_ref()?.to_string()))),
    );
    let numbers = [
        ("priority", properties.priority().map(u64::from)),
        ("delivery-mode", properties.delivery_mode().map(u64::from)),
        ("timestamp", *properties.timestamp()),
    ];
    facts.extend(numbers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_string()))));
    let headers = properties.headers().as_ref().map_or_else(Vec::new, |headers| {
        headers.inner().iter().map(|(name, value)| (name.to_string(), text(value))).collect()
    });
    Message {
        source: queue.to_owned(),
        id: properties.message_id().as_ref().map(ToString::to_string),
        key: Some(key),
        redelivered: delivery.redelivered,
        headers,
        properties: facts,
    }
}

/// Exchange and routing key that the sender gave. What comes back from waiting has those of the queue.
fn origin(delivery: &Delivery, queue: &str) -> (String, String) {
    let seen = (delivery.exchange.to_string(), delivery.routing_key.to_string());
    if !seen.0.is_empty() || seen.1 != queue {
        return seen;
    }
    match (header(delivery, EXCHANGE), header(delivery, ROUTING_KEY)) {
        (Some(exchange), Some(key)) => (exchange, key),
        _ => seen,
    }
}

fn header(delivery: &Delivery, name: &str) -> Option<String> {
    delivery.properties.headers().as_ref()?.inner().get(name).map(text)
}

/// The sender's correlation id, if it is one of ours: others are of any length and content, and do not belong into logs. They are
/// among the properties.
pub(super) fn cid(delivery: &Delivery) -> Option<Cid> {
    let id = delivery.properties.correlation_id().as_ref()?.as_str();
    (id.len() == CID.1 && id.chars().all(|letter| CID.0.contains(letter))).then(|| Cid::from(id))
}

/// The sender's trace.
pub(super) fn trace(delivery: &Delivery) -> Trace {
    let parent = header(delivery, "traceparent").filter(|parent| {
        parent.len() == 55 && parent.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
    });
    let state = parent
        .as_ref()
        .and_then(|_| header(delivery, "tracestate"))
        .filter(|state| state.len() <= 512 && state.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    Trace { traceparent: parent.map(Into::into), tracestate: state.map(Into::into) }
}

/// Headers of a message that is published again: the sender's, with where it came from and how often it was delivered.
pub(super) fn headers(delivery: &Delivery, queue: &str, attempt: u32, reason: Option<&str>) -> FieldTable {
    let mut headers = delivery.properties.headers().clone().unwrap_or_default();
    // Copies went out with the first message; the count of a quorum queue starts anew.
    let dropped = ["CC", "BCC", "x-delivery-count"];
    headers = FieldTable::from(
        headers
            .inner()
            .iter()
            .filter(|(name, _)| !dropped.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect::<std::collections::BTreeMap<ShortString, AMQPValue>>(),
    );
    let (exchange, key) = origin(delivery, queue);
    let mut put = |name: &str, value: &str| {
        headers.insert(name.into(), AMQPValue::LongString(LongString::from(value)));
    };
    put(EXCHANGE, &exchange);
    put(ROUTING_KEY, &key);
    if let Some(reason) = reason {
        put(QUEUE, queue);
        put(REASON, reason);
    }
    headers.insert(ATTEMPT.into(), AMQPValue::LongLongInt(attempt.into()));
    headers
}
