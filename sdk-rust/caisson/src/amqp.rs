//! AMQP 0-9-1 (RabbitMQ). Messages come in through channels; this is the way out.
//!
//! ```
//! # use caisson::{Error, amqp};
//! # use serde_json::json;
//! # async fn handle() -> Result<(), Error> {
//! let broker = amqp::Connection::named("broker");
//! broker.publish(amqp::Message::new("orders", "order.created").json(&json!({"id": 1}))?.persistent(true)).await?;
//! # Ok(())
//! # }
//! ```

use crate::bindings::caisson::amqp::client as wit;
use crate::{Error, Result, host};
use serde::Serialize;
use std::borrow::Cow;
use std::time::Duration;

/// A value of a header.
pub use crate::bindings::caisson::amqp::client::Header;

/// A message's properties (AMQP 0-9-1, basic class). What is absent is not sent, or is the connection's default.
pub use crate::bindings::caisson::amqp::client::Properties;

/// A connection of the operator's, by its name.
#[derive(Clone, Debug)]
pub struct Connection(Cow<'static, str>);

impl Connection {
    /// The connection of this name. Whether there is one, and whether this service may use it, shows when it is used.
    #[must_use]
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        Self(name.into())
    }

    /// Publishes a message and waits until the broker has confirmed it.
    ///
    /// # Errors
    ///
    /// `access-denied`: a grant is missing, which the message names; `not-found`: there is no such connection or exchange, or no
    /// queue took a message that is mandatory. The code is the reply code of AMQP.
    pub async fn publish(&self, message: Message) -> Result<()> {
        host::amqp::publish(self.0.clone().into_owned(), message.0).await.map_err(Error::of_capability)
    }

    /// Publishes messages in their order and waits for all confirmations.
    ///
    /// # Errors
    ///
    /// As [`Connection::publish`]; the message says how many were confirmed.
    pub async fn publish_all(&self, messages: impl IntoIterator<Item = Message>) -> Result<()> {
        let messages = messages.into_iter().map(|message| message.0).collect();
        host::amqp::publish_all(self.0.clone().into_owned(), messages).await.map_err(Error::of_capability)
    }
}

/// A message to be published.
#[derive(Clone, Debug, PartialEq)]
pub struct Message(wit::Message);

impl Message {
    /// An empty message to an exchange, which is the default one if its name is empty.
    #[must_use]
    pub fn new(exchange: impl Into<String>, routing_key: impl Into<String>) -> Self {
        Self(wit::Message {
            exchange: exchange.into(),
            routing_key: routing_key.into(),
            mandatory: false,
            properties: Properties {
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
            },
            body: Vec::new(),
        })
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.0.body = body.into();
        self
    }

    /// Sets the body to JSON.
    ///
    /// # Errors
    ///
    /// `internal`: the value cannot be written as JSON.
    pub fn json(mut self, value: &impl Serialize) -> Result<Self> {
        self.0.body = serde_json::to_vec(value)?;
        self.0.properties.content_type = Some("application/json".to_owned());
        Ok(self)
    }

    /// Makes it an error (`not-found`) that no queue takes the message.
    #[must_use]
    pub fn mandatory(mut self) -> Self {
        self.0.mandatory = true;
        self
    }

    /// Whether queues that are durable keep it on disk.
    #[must_use]
    pub fn persistent(mut self, persistent: bool) -> Self {
        self.0.properties.persistent = Some(persistent);
        self
    }

    /// How long it is of use.
    #[must_use]
    pub fn expires_after(mut self, time: Duration) -> Self {
        self.0.properties.expiration_ms = Some(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Header>) -> Self {
        self.0.properties.headers.push((name.into(), value.into()));
        self
    }

    /// Changes any of its properties.
    #[must_use]
    pub fn properties(mut self, change: impl FnOnce(&mut Properties)) -> Self {
        change(&mut self.0.properties);
        self
    }

    /// What it is: exchange, routing key, properties and body; for tests.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn of_wit(message: wit::Message) -> Self {
        Self(message)
    }

    /// The exchange.
    #[must_use]
    pub fn exchange(&self) -> &str {
        &self.0.exchange
    }

    /// The routing key.
    #[must_use]
    pub fn routing_key(&self) -> &str {
        &self.0.routing_key
    }

    /// The properties.
    #[must_use]
    pub fn get_properties(&self) -> &Properties {
        &self.0.properties
    }

    /// The body.
    #[must_use]
    pub fn get_body(&self) -> &[u8] {
        &self.0.body
    }
}

impl From<&str> for Header {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Header {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Header {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i64> for Header {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Header {
    fn from(value: f64) -> Self {
        Self::Double(value)
    }
}
