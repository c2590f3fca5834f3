//! Channels by which connections bring messages in: one consumer for each, kept running.

use crate::outgoing::map;
use caisson_capability::connections::Table;
use caisson_capability::{
    Catalog, ChannelInfo, Connection, Consumer, Error, Intake, Invoker, LiveConnection, Options, Problem,
};
use caisson_definition::{Channel, Definitions, InboundChannel};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The wait before a consumer is started again; it doubles with each failure in a row.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How long a consumer that is told to stop may go on with what is under way.
const DRAIN: Duration = Duration::from_secs(30);

/// How a channel is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InboundStatus {
    /// Messages come in.
    pub running: bool,
    /// Why they do not, when they do not.
    pub problem: Option<String>,
}

type Statuses = Arc<Mutex<HashMap<String, InboundStatus>>>;

/// How all channels are doing. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct InboundStates(Statuses);

impl InboundStates {
    /// How one is doing; nothing if there is none of this name.
    #[must_use]
    pub fn get(&self, channel: &str) -> Option<InboundStatus> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(channel).cloned()
    }

    fn set(&self, channel: &str, status: InboundStatus) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(channel.to_owned(), status);
    }

    fn forget(&self, channel: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(channel);
    }
}

/// The consumers of a server. Dropping them ends them at once; [`Consumers::stop`] lets them finish.
pub(crate) struct Consumers {
    invoker: Weak<dyn Invoker>,
    running: HashMap<String, Running>,
    states: InboundStates,
}

struct Running {
    definition: InboundChannel,
    /// The connection that it runs on; another one is another consumer.
    connection: Arc<LiveConnection>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Consumers {
    pub(crate) fn new(invoker: Weak<dyn Invoker>, states: InboundStates) -> Self {
        Self { invoker, running: HashMap::new(), states }
    }

    /// Makes what runs what is defined. Those that have not changed go on; those that have are let finish before their successor
    /// starts, so that no queue is served twice.
    pub(crate) fn update(&mut self, definitions: &Definitions, table: &Table, catalog: &Catalog) {
        let wanted: Vec<&InboundChannel> = definitions
            .channels
            .iter()
            .filter_map(|channel| match channel {
                Channel::Inbound(inbound) if inbound.enabled => Some(inbound),
                _ => None,
            })
            .collect();
        let mut before = std::mem::take(&mut self.running);
        for channel in &wanted {
            let Some(connection) = table.get(&channel.connection) else { continue };
            let known = before.remove(&channel.name);
            let unchanged = known.as_ref().is_some_and(|known| {
                known.definition == **channel && Arc::ptr_eq(&known.connection, connection)
            });
            let running = match known {
                Some(known) if unchanged => known,
                earlier => self.start(channel, connection, catalog, earlier),
            };
            self.running.insert(channel.name.clone(), running);
        }
        for (name, gone) in before {
            self.states.forget(&name);
            // It owns itself from here on, for as long as it may take to finish.
            tokio::spawn(finish(gone));
        }
    }

    fn start(
        &self,
        channel: &InboundChannel,
        connection: &Arc<LiveConnection>,
        catalog: &Catalog,
        earlier: Option<Running>,
    ) -> Running {
        let stop = CancellationToken::new();
        let supervised = Supervised {
            name: channel.name.clone(),
            catalog: catalog.clone(),
            capability: connection.capability(),
            connection: Arc::clone(connection.connection()),
            options: Options::new(map(&channel.options)),
            intake: Intake {
                invoker: self.invoker.clone(),
                channel: Arc::new(ChannelInfo {
                    name: channel.name.as_str().into(),
                    kind: connection.capability(),
                    data_format: None,
                    path_over_query: false,
                    url_over_body: None,
                }),
                service: channel.service.as_str().into(),
                timeout: Duration::from_secs(u64::from(channel.timeout_secs)),
            },
            states: self.states.clone(),
        };
        let token = stop.clone();
        let task = tokio::spawn(async move {
            if let Some(earlier) = earlier {
                finish(earlier).await;
            }
            supervised.run(token).await;
        });
        Running { definition: channel.clone(), connection: Arc::clone(connection), stop, task }
    }

    /// Takes nothing in any more and waits for what is under way.
    pub(crate) async fn stop(&mut self) {
        let all: Vec<Running> = self.running.drain().map(|(_, running)| running).collect();
        all.iter().for_each(|one| one.stop.cancel());
        for one in all {
            finish(one).await;
        }
    }
}

async fn finish(mut running: Running) {
    running.stop.cancel();
    if tokio::time::timeout(DRAIN, &mut running.task).await.is_err() {
        let channel = &running.definition.name;
        tracing::warn!(channel, "a channel had not finished in time: what it had under way goes back");
    }
}

/// One channel's consumer, made anew whenever it has lost its connection.
struct Supervised {
    name: String,
    catalog: Catalog,
    capability: &'static str,
    connection: Arc<dyn Connection>,
    options: Options,
    intake: Intake,
    states: InboundStates,
}

impl Supervised {
    async fn run(self, stop: CancellationToken) {
        let mut wait = FIRST_WAIT;
        while !stop.is_cancelled() {
            let was_ready = AtomicBool::new(false);
            let problem = match self.consumer() {
                Ok(mut consumer) => {
                    self.once(&mut *consumer, &stop, &was_ready).await.err().map(|e| tell(&e))
                }
                Err(problems) => {
                    Some(problems.iter().map(|one| one.message.as_str()).collect::<Vec<_>>().join("; "))
                }
            };
            if stop.is_cancelled() {
                return;
            }
            if was_ready.load(Ordering::Relaxed) {
                wait = FIRST_WAIT;
            }
            let problem = problem.unwrap_or_else(|| "the other side has ended it".to_owned());
            tracing::warn!(channel = self.name, problem, "a channel is not running and is started again");
            self.states.set(&self.name, InboundStatus { running: false, problem: Some(problem) });
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => return,
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    fn consumer(&self) -> Result<Box<dyn Consumer>, Vec<Problem>> {
        let capability = self.catalog.get(self.capability);
        let capability = capability.ok_or_else(|| vec![Problem::whole("its capability is not there")])?;
        capability.consumer(&self.connection, &self.options, self.intake.clone())
    }

    async fn once(
        &self,
        consumer: &mut dyn Consumer,
        stop: &CancellationToken,
        was_ready: &AtomicBool,
    ) -> Result<(), Error> {
        let ready = || {
            was_ready.store(true, Ordering::Relaxed);
            tracing::info!(channel = self.name, "messages come in");
            self.states.set(&self.name, InboundStatus { running: true, problem: None });
        };
        consumer.run(stop.clone(), &ready).await
    }
}

/// An error for the operator.
fn tell(error: &Error) -> String {
    match &error.detail {
        Some(detail) => format!("{error}: {detail}"),
        None => error.to_string(),
    }
}
