//! `caisson:amqp`.

use crate::bindings::caisson::amqp::client::{self, Header, Message, Properties};
use crate::run::Run;
use crate::values::{bytes, connection, count, text};
use arbitrary::{Result, Unstructured};

const CONNECTIONS: &[&str] = &["broker", "broker", "broker", "closed-broker"];

pub(crate) async fn step(data: &mut Unstructured<'_>, run: &mut Run) -> Result<()> {
    let to = connection(data, CONNECTIONS)?;
    if data.ratio(1, 2)? {
        let message = message(data)?;
        run.call(data, "amqp publish", client::publish(to, message)).await?;
        return Ok(());
    }
    let one = message(data)?;
    let small = one.body.len() < 100 && one.properties.headers.is_empty();
    let mut messages = vec![one; count(data, if small { 2_000 } else { 3 })?];
    messages.push(message(data)?);
    run.call(data, "amqp publish-all", client::publish_all(to, messages)).await?;
    Ok(())
}

fn message(data: &mut Unstructured<'_>) -> Result<Message> {
    let sound = data.ratio(1, 2)?;
    let exchange = if sound { String::new() } else { name(data)? };
    let routing_key = if sound { "orders".to_owned() } else { name(data)? };
    let properties = if data.ratio(1, 2)? { plain() } else { properties(data)? };
    Ok(Message { exchange, routing_key, mandatory: data.ratio(1, 3)?, properties, body: bytes(data)? })
}

fn name(data: &mut Unstructured<'_>) -> Result<String> {
    if data.ratio(1, 2)? {
        return data.choose(&["amq.topic", "no-such", "orders", ""]).map(|name| (*name).to_owned());
    }
    text(data)
}

fn plain() -> Properties {
    Properties {
        content_type: None,
        content_encoding: None,
        headers: Vec::new(),
        persistent: None,
        priority: None,
        correlation_id: None,
        reply_to: None,
        expiration_ms: None,
        message_id: None,
        timestamp: None,
        message_type: None,
        user_id: None,
        app_id: None,
    }
}

fn properties(data: &mut Unstructured<'_>) -> Result<Properties> {
    let header = (text(data)?, header(data)?);
    let many = if header.0.len() < 100 { 3_000 } else { 3 };
    Ok(Properties {
        content_type: maybe(data)?,
        content_encoding: maybe(data)?,
        headers: vec![header; count(data, many)?],
        persistent: data.arbitrary()?,
        priority: data.arbitrary()?,
        correlation_id: maybe(data)?,
        reply_to: maybe(data)?,
        expiration_ms: *data.choose(&[None, Some(0), Some(1_000), Some(u64::MAX)])?,
        message_id: maybe(data)?,
        timestamp: *data.choose(&[None, Some(0), Some(u64::MAX)])?,
        message_type: maybe(data)?,
        // The broker closes the channel when it is not the connection's own.
        user_id: if data.ratio(1, 8)? { maybe(data)? } else { None },
        app_id: maybe(data)?,
    })
}

fn maybe(data: &mut Unstructured<'_>) -> Result<Option<String>> {
    if data.ratio(1, 4)? { text(data).map(Some) } else { Ok(None) }
}

fn header(data: &mut Unstructured<'_>) -> Result<Header> {
    Ok(match data.int_in_range(0..=6_u8)? {
        0 => Header::Null,
        1 => Header::Boolean(true),
        2 => Header::Int(*data.choose(&[0, i64::MIN, i64::MAX])?),
        3 => Header::Double(*data.choose(&[0.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE])?),
        4 => Header::Text(text(data)?),
        5 => Header::Bytes(bytes(data)?),
        _ => Header::Timestamp(*data.choose(&[0, u64::MAX])?),
    })
}
