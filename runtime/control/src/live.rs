//! Follows the store: each revision becomes tables of routes and connections, swapped in at once.

use crate::control::Control;
use crate::error::ControlError;
use crate::inbound::{Consumers, InboundStates};
use crate::outgoing;
use caisson_capability::{Connections, Invoker};
use caisson_channel::{Routes, Table};
use caisson_cluster::store::Snapshot;
use caisson_definition::{Definitions, ServiceLimits};
use caisson_security::{Guards, Shared};
use caisson_service::Registry;
use caisson_service::limits::LimitRule;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// How far this server is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveStatus {
    /// The newest revision that was looked at.
    pub revision: u64,
    /// The revision that serves: another one when that one cannot be made live.
    pub serving: u64,
    /// Why that one is not live: the last good table serves.
    pub problem: Option<String>,
}

/// The task that follows the store. Dropping it ends it.
#[derive(Debug)]
pub struct Live {
    task: JoinHandle<()>,
    status: watch::Receiver<LiveStatus>,
    inbound: InboundStates,
    orders: mpsc::Sender<Order>,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits for a revision to be live. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Progress(watch::Receiver<LiveStatus>);

impl Progress {
    /// How far this server is.
    #[must_use]
    pub fn status(&self) -> LiveStatus {
        self.0.borrow().clone()
    }

    /// Waits until this server has got to a revision, for a while.
    ///
    /// # Cancel safety
    ///
    /// Nothing happens when it is dropped.
    pub async fn reached(&mut self, revision: u64, limit: Duration) -> LiveStatus {
        let reached = self.0.wait_for(|status| status.revision >= revision);
        // Neither the limit nor the end of the server is an error here: the status says how far it got.
        drop(tokio::time::timeout(limit, reached).await);
        self.status()
    }
}

/// What a revision becomes live in.
#[derive(Clone)]
pub struct Serving {
    /// Where requests find their services.
    pub routes: Arc<Table>,
    /// Where services find their connections.
    pub connections: Arc<Connections>,
    /// The services, whose limits are set.
    pub services: Arc<Registry>,
    /// Where messages that connections bring in go.
    pub invoker: Weak<dyn Invoker>,
    /// In development mode services answer by their names.
    pub dev: bool,
}

impl std::fmt::Debug for Serving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Serving").field("connections", &self.connections).finish_non_exhaustive()
    }
}

impl Live {
    /// Makes the first tables, then follows. Returns once the first revision is live; consumers start when
    /// [`Live::take_in`] is called.
    ///
    /// # Errors
    ///
    /// The stored definitions cannot be read, or their secrets not opened: a server that would come up without its channels
    /// must not come up at all.
    pub fn start(control: &Control, serving: Serving) -> Result<Self, ControlError> {
        let mut updates = control.subscribe();
        let first = updates.borrow_and_update().clone();
        let inbound = InboundStates::default();
        let mut follower = Follower {
            consumers: Consumers::new(serving.invoker.clone(), inbound.clone()),
            control: control.clone(),
            serving,
            shared: Shared::new(),
            taking_in: false,
        };
        follower.enact(&first)?;
        let (tell, status) =
            watch::channel(LiveStatus { revision: first.revision, serving: first.revision, problem: None });
        let (orders, ordered) = mpsc::channel(1);
        let task = tokio::spawn(follower.follow(updates, tell, ordered));
        Ok(Self { task, status, inbound, orders })
    }

    /// Starts to take messages in. Not before services are there to answer them.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves it open whether they start.
    pub async fn take_in(&self) {
        // Whoever follows has ended only when the server has.
        drop(self.orders.send(Order::TakeIn).await);
    }

    /// Takes no message in any more and waits, for a while, for those under way.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives back what is not settled.
    pub async fn stop(self) {
        let (done, ended) = oneshot::channel();
        if self.orders.send(Order::Stop(done)).await.is_ok() {
            drop(ended.await);
        }
    }

    /// A view of how far this server is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress(self.status.clone())
    }

    /// How the channels are doing by which connections bring messages in.
    #[must_use]
    pub fn inbound(&self) -> InboundStates {
        self.inbound.clone()
    }
}

/// What the follower is told beside revisions.
enum Order {
    TakeIn,
    Stop(oneshot::Sender<()>),
}

struct Follower {
    control: Control,
    serving: Serving,
    shared: Arc<Shared>,
    consumers: Consumers,
    taking_in: bool,
}

impl Follower {
    async fn follow(
        mut self,
        mut updates: watch::Receiver<Snapshot>,
        tell: watch::Sender<LiveStatus>,
        mut ordered: mpsc::Receiver<Order>,
    ) {
        let mut serving = tell.borrow().serving;
        loop {
            tokio::select! {
                order = ordered.recv() => match order {
                    Some(Order::TakeIn) => {
                        self.taking_in = true;
                        let snapshot = updates.borrow().clone();
                        if let Err(error) = self.enact(&snapshot) {
                            tracing::error!(%error, "messages are not taken in");
                        }
                    }
                    Some(Order::Stop(done)) => {
                        self.consumers.stop().await;
                        // Nobody waits for it any more: then nobody has to be told.
                        return done.send(()).unwrap_or_default();
                    }
                    None => return,
                },
                changed = updates.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let snapshot = updates.borrow_and_update().clone();
                    let problem = self.enact(&snapshot).err().map(|error| error.to_string());
                    match &problem {
                        None => {
                            serving = snapshot.revision;
                            tracing::info!(revision = snapshot.revision, "a revision is live");
                        }
                        Some(error) => {
                            tracing::error!(revision = snapshot.revision, %error, "a revision cannot be made live");
                        }
                    }
                    tell.send_replace(LiveStatus { revision: snapshot.revision, serving, problem });
                }
            }
        }
    }

    /// Makes a revision live: all of it, or nothing.
    fn enact(&mut self, snapshot: &Snapshot) -> Result<(), ControlError> {
        let definitions = self.control.open(snapshot)?.definitions;
        let routes = routes(&definitions, &self.shared, self.serving.dev)?;
        let (catalog, before) = (self.control.catalog(), self.serving.connections.table());
        let table = outgoing::table(&definitions, catalog, &before).map_err(ControlError::problems)?;
        self.serving.connections.swap(table);
        self.serving.routes.swap(routes);
        self.serving.services.limit(definitions.limits.iter().map(rule).collect());
        if self.taking_in {
            let table = self.serving.connections.table();
            self.consumers.update(&definitions, &table, self.control.catalog());
        }
        Ok(())
    }
}

/// Limits as they are written, for the services.
fn rule(limits: &ServiceLimits) -> LimitRule {
    let millis = |number: Option<u64>| number.map(Duration::from_millis);
    LimitRule {
        services: limits.services.clone(),
        memory_bytes: limits.memory_bytes,
        cpu_time: millis(limits.cpu_time_ms),
        wall_time: millis(limits.wall_time_ms),
        concurrency: limits.concurrency,
        queue: limits.queue,
        payload_bytes: limits.payload_bytes,
        answer_bytes: limits.answer_bytes,
    }
}

/// The table of definitions whose secrets are in the open.
pub(crate) fn routes(
    definitions: &Definitions,
    shared: &Arc<Shared>,
    dev: bool,
) -> Result<Routes, ControlError> {
    let guards = Guards::new(&definitions.security, shared).map_err(ControlError::problems)?;
    Routes::build(&definitions.channels, &guards, shared, dev).map_err(ControlError::problems)
}
