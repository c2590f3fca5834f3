//! Host functions of `caisson:amqp`.

use crate::client::{Client, Outgoing};
use crate::config::Restrictions;
use crate::values::short;
use crate::{NAME, PUBLISH, error as errors};
use caisson_capability::grant::matches;
use caisson_capability::{Call, Error, ErrorKind, Lease};
use caisson_host::{Carrying, Guest, Shows, error, types};
use generated::caisson::amqp::client;
pub use generated::caisson::amqp::client::{Header, Message, Properties};
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use std::sync::Arc;
use wasmtime::component::{Accessor, Linker};

#[allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::all,
    reason = "generated code; its documentation is in wit/"
)]
mod generated {
    wasmtime::component::bindgen!({
        path: ["../../../wit/deps/capability", "../../../wit/deps/amqp"],
        world: "caisson:amqp/imports",
        with: { "caisson:capability/types": caisson_host::types },
    });
}

/// Links the interface for guests.
///
/// # Errors
///
/// It is linked already.
pub fn link<T: Send + 'static>(
    linker: &mut Linker<T>,
    guest: fn(&mut T) -> Guest<'_>,
) -> wasmtime::Result<()> {
    client::add_to_linker::<T, Shows>(linker, guest)
}

impl client::Host for Guest<'_> {}

impl<T: Send + 'static> client::HostWithStore<T> for Shows {
    async fn publish(
        accessor: &Accessor<T, Self>,
        connection: String,
        message: Message,
    ) -> Result<(), types::Error> {
        let messages = vec![message];
        let (lease, _carrying) = lease(accessor, &connection, &messages)?;
        publish(lease, messages).await.map_err(error)
    }

    async fn publish_all(
        accessor: &Accessor<T, Self>,
        connection: String,
        messages: Vec<Message>,
    ) -> Result<(), types::Error> {
        let (lease, _carrying) = lease(accessor, &connection, &messages)?;
        publish(lease, messages).await.map_err(error)
    }
}

/// The connection of a call with these messages, and what counts the call.
fn lease<T: Send + 'static>(
    accessor: &Accessor<T, Shows>,
    connection: &str,
    messages: &[Message],
) -> Result<(Lease<Client>, Carrying), types::Error> {
    let bytes = messages.iter().map(size).sum();
    accessor.with(|mut access| access.get().lease(NAME, connection, bytes))
}

/// About what a message takes.
fn size(message: &Message) -> usize {
    let headers = message.properties.headers.iter().map(|(name, value)| {
        name.len()
            + 64
            + match value {
                Header::Text(text) => text.len(),
                Header::Bytes(bytes) => bytes.len(),
                _ => 0,
            }
    });
    size_of::<Message>() + message.body.len() + message.routing_key.len() + headers.sum::<usize>()
}

/// What both functions do: checks all messages before the first one goes out.
///
/// # Errors
///
/// `access-denied`, `quota-exceeded` and `invalid-input` before anything goes out; then as the broker says.
pub async fn publish(lease: Lease<Client>, messages: Vec<Message>) -> Result<(), Error> {
    let allowed = lease.allow(PUBLISH)?;
    for message in &messages {
        permitted(&lease, message)?;
    }
    let outgoing = messages.into_iter().map(|message| outgoing(lease.client(), message));
    let outgoing: Arc<[Outgoing]> = outgoing.collect::<Result<Vec<_>, _>>()?.into();
    lease
        .call(Call::allowed(allowed), |attempt| {
            let outgoing = Arc::clone(&outgoing);
            async move {
                attempt.publish(&outgoing).await?;
                attempt.sent(outgoing.iter().map(|message| message.body.len()).sum());
                Ok(())
            }
        })
        .await
}

fn permitted(lease: &Lease<Client>, message: &Message) -> Result<(), Error> {
    let fits = |patterns: Option<Vec<String>>, name: &str| {
        patterns.is_none_or(|patterns| patterns.iter().any(|pattern| matches(pattern, name)))
    };
    let allowed = lease.granted().allowing(PUBLISH).any(|grant| {
        grant.restrictions.read::<Restrictions>().is_ok_and(|only| {
            fits(only.exchanges, &message.exchange) && fits(only.routing_keys, &message.routing_key)
        })
    });
    // A connection that only observes has let it through before, though no grant allows it.
    if allowed || !lease.granted().allows(PUBLISH) {
        return Ok(());
    }
    let shown = |text: &str| text.chars().take(120).collect::<String>();
    let (exchange, key) = (shown(&message.exchange), shown(&message.routing_key));
    lease.refuse_part(
        PUBLISH,
        &format!("exchange `{exchange}`, routing key `{key}`"),
        &format!("exchanges: [\"{exchange}\"], routing_keys: [\"{key}\"]"),
    )
}

fn outgoing(client: &Client, message: Message) -> Result<Outgoing, Error> {
    if message.body.len() > client.message_bytes {
        let text = format!(
            "the message has {} bytes; the connection allows {} (message_bytes)",
            message.body.len(),
            client.message_bytes
        );
        return Err(Error::new(ErrorKind::QuotaExceeded, text));
    }
    Ok(Outgoing {
        exchange: fit(&message.exchange, "exchange")?,
        routing_key: fit(&message.routing_key, "routing-key")?,
        mandatory: message.mandatory,
        properties: properties(client.persistent, message.properties)?,
        body: message.body,
    })
}

fn properties(persistent: bool, from: Properties) -> Result<BasicProperties, Error> {
    let mode = if from.persistent.unwrap_or(persistent) { 2 } else { 1 };
    let mut to = BasicProperties::default().with_delivery_mode(mode);
    if !from.headers.is_empty() {
        to = to.with_headers(headers(from.headers)?);
    }
    if let Some(priority) = from.priority {
        to = to.with_priority(priority);
    }
    if let Some(millis) = from.expiration_ms {
        to = to.with_expiration(fit(&millis.to_string(), "expiration-ms")?);
    }
    if let Some(seconds) = from.timestamp {
        to = to.with_timestamp(seconds);
    }
    type With = fn(BasicProperties, ShortString) -> BasicProperties;
    let texts: [(Option<String>, &str, With); 8] = [
        (from.content_type, "content-type", BasicProperties::with_content_type),
        (from.content_encoding, "content-encoding", BasicProperties::with_content_encoding),
        (from.correlation_id, "correlation-id", BasicProperties::with_correlation_id),
        (from.reply_to, "reply-to", BasicProperties::with_reply_to),
        (from.message_id, "message-id", BasicProperties::with_message_id),
        (from.message_type, "message-type", BasicProperties::with_type),
        (from.user_id, "user-id", BasicProperties::with_user_id),
        (from.app_id, "app-id", BasicProperties::with_app_id),
    ];
    for (text, what, with) in texts {
        if let Some(text) = text {
            to = with(to, fit(&text, what)?);
        }
    }
    Ok(to)
}

/// The most bytes of all headers: they have to fit into one frame.
const HEADER_BYTES: usize = 100 * 1024;

fn headers(all: Vec<(String, Header)>) -> Result<FieldTable, Error> {
    let (mut table, mut bytes) = (FieldTable::default(), 0_usize);
    for (name, value) in all {
        bytes = bytes.saturating_add(name.len()).saturating_add(match &value {
            Header::Text(text) => text.len(),
            Header::Bytes(bytes) => bytes.len(),
            _ => 8,
        });
        if bytes > HEADER_BYTES {
            return Err(errors::unfit(format!(
                "the headers have more than {HEADER_BYTES} bytes: put them into the body"
            )));
        }
        let value = value_of(&name, value)?;
        table.insert(fit(&name, "the name of a header")?, value);
    }
    Ok(table)
}

fn value_of(name: &str, value: Header) -> Result<AMQPValue, Error> {
    Ok(match value {
        Header::Null => AMQPValue::Void,
        Header::Boolean(is) => AMQPValue::Boolean(is),
        Header::Int(whole) => AMQPValue::LongLongInt(whole),
        // RabbitMQ knows no such numbers and closes the whole connection, which is that of others too.
        Header::Double(real) if !real.is_finite() => {
            let shown: String = name.chars().take(120).collect();
            return Err(errors::unfit(format!(
                "the header `{shown}` is {real}, which brokers do not take: send it as a text"
            )));
        }
        Header::Double(real) => AMQPValue::Double(real),
        Header::Text(text) => AMQPValue::LongString(text.into()),
        Header::Bytes(bytes) => AMQPValue::ByteArray(bytes.into()),
        Header::Timestamp(seconds) => AMQPValue::Timestamp(seconds),
    })
}

fn fit(text: &str, what: &str) -> Result<ShortString, Error> {
    short(text, what).map_err(errors::unfit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_brokers_do_not_know_are_refused() {
        for real in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let error = headers(vec![("x-rate".to_owned(), Header::Double(real))]).unwrap_err();
            assert!(error.kind == ErrorKind::InvalidInput && error.message.contains("x-rate"), "{error}");
        }
        for real in [0.0, -0.0, f64::MIN_POSITIVE, f64::MAX] {
            assert!(headers(vec![("x-rate".to_owned(), Header::Double(real))]).is_ok(), "{real}");
        }
    }
}
