//! Redis as one thing: a server, the master that sentinels name, or a cluster. Knows the protocol and no WebAssembly.

mod cluster;
pub(crate) mod pool;
mod sentinel;
pub(crate) mod socket;
pub mod wire;

use crate::config::{Config, Mode};
use crate::error::Trouble;
use caisson_capability::{BoxFuture, Connection, Error, ErrorKind, Fault, Problem, Setup};
use cluster::Cluster;
use pool::Node;
use sentinel::Sentinels;
use socket::{Login, Socket};
use std::sync::Arc;
use std::time::Duration;
use wire::{Command, Part, Reply};

/// A connection of this capability.
#[derive(Debug)]
pub struct Client {
    target: Target,
    /// Limits that the operator set.
    pub(crate) limits: Limits,
    timeout: Duration,
}

/// What guests can make large.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) reply_bytes: usize,
    pub(crate) pipeline_commands: usize,
}

#[derive(Debug)]
enum Target {
    One(Arc<Node>),
    Cluster(Cluster),
}

/// Replies and what they took.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) replies: Vec<Reply>,
    pub(crate) sent: usize,
    pub(crate) received: usize,
}

impl Client {
    /// Makes a connection, which connects when it is used.
    pub(crate) fn new(config: &Config, setup: &Setup) -> Result<Self, Vec<Problem>> {
        let target = config.target()?;
        let place = target.place;
        let tls = match (&config.tls, place.tls) {
            (Some(tls), _) => Some(socket::tls_settings(tls)?),
            (None, true) => Some(socket::tls_settings(&crate::config::Tls::default())?),
            (None, false) => None,
        };
        let login = Login {
            username: target.username,
            password: target.password,
            database: target.database,
            tls: tls.clone(),
            master: place.mode == Mode::Sentinel,
        };
        let max = config.pool.max;
        let target = match place.mode {
            Mode::Cluster => Target::Cluster(Cluster::new(place.nodes, login, max)),
            Mode::Single => {
                let address = place.nodes.into_iter().next();
                let address = address.ok_or_else(|| vec![Problem::at("nodes", "give a node")])?;
                Target::One(Arc::new(Node::new(pool::Whereabouts::Fixed(address), login, max)))
            }
            Mode::Sentinel => {
                let sentinels = Sentinels::new(place.nodes, target.sentinel, tls);
                Target::One(Arc::new(Node::new(pool::Whereabouts::Sentinels(sentinels), login, max)))
            }
        };
        let limits = Limits { reply_bytes: config.reply_bytes, pipeline_commands: config.pipeline_commands };
        Ok(Self { target, limits, timeout: setup.timeout })
    }

    /// Runs commands one after the other. With `together` they go to one server in one piece.
    pub(crate) async fn run(&self, commands: &[Command], together: bool) -> Result<Done, Trouble> {
        match &self.target {
            Target::One(node) => {
                let all: Vec<&[Vec<u8>]> = commands.iter().map(Vec::as_slice).collect();
                node.exchange(&all, self.limits.reply_bytes).await
            }
            Target::Cluster(cluster) if together => cluster.together(commands, self.limits.reply_bytes).await,
            Target::Cluster(cluster) => cluster.each(commands, self.limits.reply_bytes).await,
        }
    }

    /// Runs a command that is no service's, within the time that a call may take; an error that Redis answers is an error.
    pub(crate) async fn ask(&self, command: Command) -> Result<Reply, Error> {
        let commands = [command];
        let ran = tokio::time::timeout(self.timeout, self.run(&commands, false)).await;
        let done = ran.map_err(|_late| late())?.map_err(|trouble| trouble.told(true))?;
        let reply = done.replies.into_iter().next().unwrap_or_default();
        match reply.first() {
            Some(Part::Failure(text)) => Err(crate::error::failure(text)),
            _ => Ok(reply),
        }
    }

    /// A socket of its own, where a key is, for what blocks.
    pub(crate) async fn dedicated(&self, key: Option<&[u8]>) -> Result<Socket, Trouble> {
        match &self.target {
            Target::One(node) => node.open().await,
            Target::Cluster(cluster) => cluster.node_of(key).await?.open().await,
        }
    }

    /// Forgets where keys are: a server said that they are elsewhere.
    pub(crate) fn forget_places(&self) {
        if let Target::Cluster(cluster) = &self.target {
            cluster.forget();
        }
    }

    /// How long a wait for Redis may be when nothing else limits it.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }
}

impl Connection for Client {
    fn ping(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            self.ask(vec![b"PING".to_vec()]).await?;
            Ok(())
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            match &self.target {
                Target::One(node) => node.close(),
                Target::Cluster(cluster) => cluster.close(),
            }
        })
    }
}

/// Redis did not answer in time.
pub(crate) fn late() -> Error {
    let text = "Redis did not answer within timeout_secs; see that it is not busy and that the connection's url is right";
    Error::new(ErrorKind::Timeout, text).fault(Fault::Remote)
}

/// Takes the replies within a list apart.
pub(crate) fn split(parts: Vec<Part>) -> Vec<Reply> {
    let mut replies = Vec::new();
    let mut parts = parts.into_iter();
    // The list itself.
    parts.next();
    while let Some(first) = parts.next() {
        let mut left = children(&first);
        let mut reply = vec![first];
        while left > 0 {
            let Some(part) = parts.next() else { break };
            left = left - 1 + children(&part);
            reply.push(part);
        }
        replies.push(reply);
    }
    replies
}

fn children(part: &Part) -> u64 {
    match part {
        Part::List(count) | Part::Set(count) => u64::from(*count),
        Part::Map(count) => u64::from(*count) * 2,
        _ => 0,
    }
}

/// What a part says as bytes, if it is a text.
pub(crate) fn bytes_of(part: &Part) -> Option<&[u8]> {
    match part {
        Part::Bytes(bytes) => Some(bytes),
        Part::Status(text) => Some(text.as_bytes()),
        _ => None,
    }
}
