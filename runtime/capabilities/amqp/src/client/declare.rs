//! Exchanges, queues and bindings of a definition, checked once and declared on each new connection.

use crate::config::{Binding, Declare, Exchange, Queue};
use crate::error::{self, Stage};
use crate::values::{short, table};
use caisson_capability::{Error, Problem};
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, ExchangeKind};

/// What a connection with the broker is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Publish,
    Consume,
}

/// What is declared, in the library's types.
#[derive(Debug, Default)]
pub(crate) struct Topology {
    exchanges: Vec<(ShortString, ExchangeKind, ExchangeDeclareOptions, FieldTable)>,
    queues: Vec<(ShortString, QueueDeclareOptions, FieldTable)>,
    /// Whether the queue is exclusive, queue, exchange, routing key, arguments.
    bindings: Vec<(bool, ShortString, ShortString, ShortString, FieldTable)>,
}

impl Topology {
    pub(crate) fn new(declare: &Declare) -> Result<Self, Vec<Problem>> {
        let (mut topology, mut problems) = (Self::default(), Vec::new());
        for (number, exchange) in declare.exchanges.iter().enumerate() {
            if let Err(wrong) = topology.exchange(exchange) {
                problems.push(Problem::at(format!("declare/exchanges/{number}"), wrong));
            }
        }
        for (number, queue) in declare.queues.iter().enumerate() {
            if let Err(wrong) = topology.queue(queue) {
                problems.push(Problem::at(format!("declare/queues/{number}"), wrong));
            }
        }
        if problems.is_empty() { Ok(topology) } else { Err(problems) }
    }

    fn exchange(&mut self, exchange: &Exchange) -> Result<(), String> {
        let kind = match exchange.kind.as_str() {
            "direct" => ExchangeKind::Direct,
            "fanout" => ExchangeKind::Fanout,
            "topic" => ExchangeKind::Topic,
            "headers" => ExchangeKind::Headers,
            other => ExchangeKind::Custom(String::from(short(other, "`type`")?)),
        };
        let options = ExchangeDeclareOptions {
            durable: exchange.durable,
            auto_delete: exchange.auto_delete,
            ..ExchangeDeclareOptions::default()
        };
        self.exchanges.push((short(&exchange.name, "`name`")?, kind, options, table(&exchange.arguments)?));
        Ok(())
    }

    fn queue(&mut self, queue: &Queue) -> Result<(), String> {
        let name = short(&queue.name, "`name`")?;
        let options = QueueDeclareOptions {
            durable: queue.durable,
            exclusive: queue.exclusive,
            auto_delete: queue.auto_delete,
            ..QueueDeclareOptions::default()
        };
        let mut arguments = table(&queue.arguments)?;
        if let Some(target) = &queue.dead_letter {
            arguments.insert(
                "x-dead-letter-exchange".into(),
                AMQPValue::LongString(target.exchange.as_str().into()),
            );
            if let Some(key) = &target.routing_key {
                arguments
                    .insert("x-dead-letter-routing-key".into(), AMQPValue::LongString(key.as_str().into()));
            }
        }
        for binding in &queue.bindings {
            self.binding(queue.exclusive, &name, binding)?;
        }
        self.queues.push((name, options, arguments));
        Ok(())
    }

    fn binding(&mut self, exclusive: bool, queue: &ShortString, binding: &Binding) -> Result<(), String> {
        let exchange = short(&binding.exchange, "`exchange` of a binding")?;
        let key = short(&binding.routing_key, "`routing_key` of a binding")?;
        self.bindings.push((exclusive, queue.clone(), exchange, key, table(&binding.arguments)?));
        Ok(())
    }

    /// Whether there is nothing to declare.
    pub(crate) fn is_empty(&self) -> bool {
        self.exchanges.is_empty() && self.queues.is_empty()
    }

    /// Declares it all; queues that are exclusive only for a consumer, as nobody else could use them then.
    pub(crate) async fn apply(&self, channel: &Channel, purpose: Purpose) -> Result<(), Error> {
        for (name, kind, options, arguments) in &self.exchanges {
            let declared = channel.exchange_declare(name.clone(), kind.clone(), *options, arguments.clone());
            declared.await.map_err(|error| undeclared("exchange", name, &error))?;
        }
        let ours = |exclusive: bool| !exclusive || purpose == Purpose::Consume;
        for (name, options, arguments) in self.queues.iter().filter(|(_, options, _)| ours(options.exclusive))
        {
            let declared = channel.queue_declare(name.clone(), *options, arguments.clone());
            declared.await.map_err(|error| undeclared("queue", name, &error))?;
        }
        for (exclusive, queue, exchange, key, arguments) in &self.bindings {
            if !ours(*exclusive) {
                continue;
            }
            let (of, from, by) = (queue.clone(), exchange.clone(), key.clone());
            let bound = channel.queue_bind(of, from, by, QueueBindOptions::default(), arguments.clone());
            bound.await.map_err(|error| undeclared("binding of queue", queue, &error))?;
        }
        Ok(())
    }
}

/// The broker's own words tell what differs from what is there.
fn undeclared(what: &str, name: &ShortString, cause: &lapin::Error) -> Error {
    let mut error = error::calling(cause, Stage::Before);
    if !error.retryable {
        error.message = format!(
            "the {what} `{name}` of `declare` cannot be declared: {}; change `declare`, or delete what is there",
            error.message
        );
    }
    error
}
