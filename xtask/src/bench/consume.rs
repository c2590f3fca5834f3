//! How fast messages are taken from a queue and acknowledged, beside a bare consumer with lapin.

use super::{
    Bench,
    behind::{self, Behind},
    contenders, race,
    report::Table,
    statistics::median,
};
use crate::{guests, server::Start, shell};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

const SERVICE: &str = "\
from caisson import Service


class Take(Service):
    def handle(self):
        self.request.payload['order']
";

/// The services that take messages, and what they are called in the table.
const SERVICES: [(&str, &str); 2] = [("Caisson, Python", "shop.take"), ("Caisson, Rust", "hello")];

pub(super) fn measure(bench: &Bench<'_>) -> Result<Table> {
    let program = contenders::built(bench.context, "lapin")?;
    let broker = behind::rabbitmq(bench)?;
    let (services, data) = (bench.empty_folder("services")?, bench.empty_folder("data")?);
    fs::write(services.join("shop.py"), SERVICE)?;
    let hello = guests::rust(bench.context)?.folder.join("hello.wasm");
    fs::copy(hello, services.join("hello.wasm")).context("the example is not built")?;
    let server = Start::quiet(&bench.binary, &services, &data).run()?;
    let (rounds, messages) = if bench.quick { (1, 5_000) } else { (3, 30_000) };
    let queue = Queue { program: &program, broker: &broker, messages };
    let mut bare = Vec::new();
    let mut ours: [Vec<f64>; 2] = Default::default();
    for _ in 0..rounds {
        bare.push(queue.drained(|| {
            let mut consumer = queue.run("consume").spawn()?;
            Ok(Box::new(move || {
                consumer.kill()?;
                consumer.wait()?;
                Ok(())
            }))
        })?);
        for ((_, service), rates) in SERVICES.iter().zip(&mut ours) {
            rates.push(queue.drained(|| {
                race::apply(&server, &definitions(&broker, Some(service)))?;
                Ok(Box::new(|| race::apply(&server, &definitions(&broker, None))))
            })?);
        }
    }
    server.stop()?;
    let mut table = Table::new(&["consumer", "messages/s", "x lapin"]);
    let reference = median(&bare);
    for (name, rates) in
        [("lapin", &bare)].into_iter().chain(SERVICES.iter().map(|(name, _)| *name).zip(&ours))
    {
        let rate = median(rates);
        table.row([name.to_owned(), format!("{rate:.0}"), format!("{:.2}", rate / reference)]);
    }
    table.note(format!(
        "Medians of {rounds} rounds, in turns: {messages} persistent messages wait in a durable queue of a RabbitMQ on the same machine \
         and are taken, each acknowledged on its own, with a prefetch of 100, until none is left. The bare consumer does nothing with \
         them; Caisson calls a service for each and acknowledges after it has succeeded, pristine instances for all."
    ));
    Ok(table)
}

fn definitions(broker: &Behind, service: Option<&str>) -> Value {
    let channels: Vec<_> = service
        .map(|service| {
            json!({"name": "orders", "type": "amqp", "connection": "broker", "service": service, "queue": "orders",
                   "prefetch": 100, "concurrency": 100})
        })
        .into_iter()
        .collect();
    json!({"connections": [{"name": "broker", "type": "amqp", "url": broker.url}], "channels": channels})
}

/// Ends a consumer.
type Stop<'a> = Box<dyn FnOnce() -> Result<()> + 'a>;

struct Queue<'a> {
    program: &'a Path,
    broker: &'a Behind,
    messages: u32,
}

impl Queue<'_> {
    fn run(&self, what: &str) -> Command {
        let mut command = Command::new(self.program);
        command.args([&self.broker.url, what]).stdin(Stdio::null());
        command
    }

    /// Fills the queue and has it emptied: messages a second.
    fn drained<'a>(&self, consume: impl FnOnce() -> Result<Stop<'a>>) -> Result<f64> {
        shell::run(self.run("fill").arg(self.messages.to_string()))?;
        let mut watch = self.run("watch").stdout(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(watch.stdout.take().context("a pipe")?).lines();
        lines.next().context("nobody watches the queue")??;
        let stop = consume()?;
        let line = lines.next().context("nobody watches the queue any more")??;
        stop()?;
        ensure!(watch.wait()?.success(), "the queue could not be watched");
        let mut numbers = line.split(' ').map(str::parse::<f64>);
        let (micros, count) = (numbers.next().context("no time")??, numbers.next().context("no count")??);
        ensure!(count >= f64::from(self.messages), "only {count} messages were there");
        Ok(count / micros * 1e6)
    }
}
