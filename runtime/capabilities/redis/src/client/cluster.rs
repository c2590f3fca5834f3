//! A cluster: which node has which keys, and what to do when it has not.

use crate::client::pool::{Node, Whereabouts};
use crate::client::socket::Login;
use crate::client::wire::{Command, Part, Reply};
use crate::client::{Done, bytes_of, split};
use crate::commands;
use crate::error::Trouble;
use crate::url::Address;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The nodes of a cluster.
#[derive(Debug)]
pub(crate) struct Cluster {
    seeds: Vec<Address>,
    login: Login,
    max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Pools, kept from one map to the next.
    nodes: HashMap<Address, Arc<Node>>,
    /// First slot, last slot, and who has them; nothing when it has to be asked.
    map: Option<Arc<Vec<(u16, u16, Address)>>>,
    closed: bool,
}

/// How often a command may be sent elsewhere: a move and its end, with room to spare.
const REDIRECTIONS: usize = 5;
/// More nodes than a cluster can have.
const MAX_NODES: usize = 2_000;

impl Cluster {
    pub(crate) fn new(seeds: Vec<Address>, login: Login, max: usize) -> Self {
        Self { seeds, login, max, state: Mutex::default() }
    }

    /// Runs commands in their order; neighbours of one node go to it in one piece.
    pub(crate) async fn each(&self, commands: &[Command], limit: usize) -> Result<Done, Trouble> {
        let mut all = Done::default();
        let mut rest = commands;
        while let Some(first) = rest.first() {
            let node = self.node_for(first).await?;
            let mut count = 1;
            while let Some(next) = rest.get(count) {
                if !Arc::ptr_eq(&node, &self.node_for(next).await?) {
                    break;
                }
                count += 1;
            }
            let (group, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
            self.group(&node, group, limit, &mut all).await?;
            rest = after;
        }
        Ok(all)
    }

    async fn group(
        &self,
        node: &Arc<Node>,
        group: &[Command],
        limit: usize,
        all: &mut Done,
    ) -> Result<(), Trouble> {
        let slices: Vec<&[Vec<u8>]> = group.iter().map(Vec::as_slice).collect();
        let done = self.exchange(node, &slices, left(limit, all)?).await?;
        (all.sent, all.received) = (all.sent + done.sent, all.received + done.received);
        for (command, reply) in group.iter().zip(done.replies) {
            if redirection(&reply).is_none() {
                all.replies.push(reply);
                continue;
            }
            let one = self.follow(&[command.as_slice()], reply, left(limit, all)?).await?;
            (all.sent, all.received) = (all.sent + one.sent, all.received + one.received);
            all.replies.extend(one.replies);
        }
        Ok(())
    }

    /// Runs commands as one piece, where the first of their keys is.
    pub(crate) async fn together(&self, commands: &[Command], limit: usize) -> Result<Done, Trouble> {
        let keyed = commands.iter().find(|command| commands::first_key(command).is_some());
        let node = self.node_of(keyed.and_then(|command| commands::first_key(command))).await?;
        let slices: Vec<&[Vec<u8>]> = commands.iter().map(Vec::as_slice).collect();
        let done = self.exchange(&node, &slices, limit).await?;
        match done.replies.iter().find(|reply| redirection(reply).is_some()).cloned() {
            Some(elsewhere) => self.follow(&slices, elsewhere, limit).await,
            None => Ok(done),
        }
    }

    /// Goes where a node says that the keys are.
    async fn follow(&self, commands: &[&[Vec<u8>]], first: Reply, limit: usize) -> Result<Done, Trouble> {
        let mut reply = first;
        let asking = [b"ASKING".to_vec()];
        for _ in 0..REDIRECTIONS {
            let Some(redirection) = redirection(&reply) else { break };
            let node = self.node(&redirection.address)?;
            let mut done = if redirection.ask {
                let mut sent: Vec<&[Vec<u8>]> = vec![asking.as_slice()];
                sent.extend_from_slice(commands);
                let mut done = self.exchange(&node, &sent, limit).await?;
                done.replies.drain(..1.min(done.replies.len()));
                done
            } else {
                self.forget();
                self.exchange(&node, commands, limit).await?
            };
            match done.replies.iter().position(|reply| self::redirection(reply).is_some()) {
                Some(at) => reply = done.replies.swap_remove(at),
                None => return Ok(done),
            }
        }
        // The layers may try again later; the map is fresh by then.
        Err(Trouble::Failure("CLUSTERDOWN".into()))
    }

    async fn exchange(
        &self,
        node: &Arc<Node>,
        commands: &[&[Vec<u8>]],
        limit: usize,
    ) -> Result<Done, Trouble> {
        let outcome = node.exchange(commands, limit).await;
        if matches!(outcome, Err(Trouble::Lost(_) | Trouble::Unreachable(_))) {
            self.forget();
        }
        outcome
    }

    /// The map is asked for again at the next command.
    pub(crate) fn forget(&self) {
        self.state().map = None;
    }

    /// Closes all nodes.
    pub(crate) fn close(&self) {
        let nodes: Vec<Arc<Node>> = {
            let mut state = self.state();
            state.closed = true;
            state.nodes.drain().map(|(_, node)| node).collect()
        };
        for node in nodes {
            node.close();
        }
    }

    async fn node_for(&self, command: &Command) -> Result<Arc<Node>, Trouble> {
        self.node_of(commands::first_key(command)).await
    }

    /// The node that has a key; any for what has none.
    pub(crate) async fn node_of(&self, key: Option<&[u8]>) -> Result<Arc<Node>, Trouble> {
        let map = self.map().await?;
        let slot = key.map_or(0, slot);
        let found = map.iter().find(|(first, last, _)| (*first..=*last).contains(&slot));
        let found = if key.is_none() { found.or(map.first()) } else { found };
        let (_, _, address) = found.ok_or_else(|| {
            self.forget();
            Trouble::Failure("CLUSTERDOWN".into())
        })?;
        self.node(address)
    }

    fn node(&self, address: &Address) -> Result<Arc<Node>, Trouble> {
        let mut state = self.state();
        if state.closed || (state.nodes.len() >= MAX_NODES && !state.nodes.contains_key(address)) {
            return Err(Trouble::Unreachable(std::io::ErrorKind::NotConnected.into()));
        }
        let made = || Arc::new(Node::new(Whereabouts::Fixed(address.clone()), self.login.clone(), self.max));
        Ok(Arc::clone(state.nodes.entry(address.clone()).or_insert_with(made)))
    }

    async fn map(&self) -> Result<Arc<Vec<(u16, u16, Address)>>, Trouble> {
        let (known, mut candidates) = {
            let state = self.state();
            (state.map.clone(), state.nodes.keys().cloned().collect::<Vec<_>>())
        };
        if let Some(map) = known {
            return Ok(map);
        }
        candidates.retain(|address| !self.seeds.contains(address));
        let mut last = Trouble::Failure("CLUSTERDOWN".into());
        for address in self.seeds.iter().chain(&candidates) {
            match self.ask(address).await {
                Ok(map) if !map.is_empty() => return Ok(self.learn(map)),
                Ok(_) => {}
                Err(trouble) => last = trouble,
            }
        }
        Err(last)
    }

    fn learn(&self, map: Vec<(u16, u16, Address)>) -> Arc<Vec<(u16, u16, Address)>> {
        let map = Arc::new(map);
        let mut state = self.state();
        // Who has left the cluster is let go; calls that are under way hold their own.
        state.nodes.retain(|address, _| map.iter().any(|(_, _, owner)| owner == address));
        state.map = Some(Arc::clone(&map));
        map
    }

    async fn ask(&self, address: &Address) -> Result<Vec<(u16, u16, Address)>, Trouble> {
        let command = [b"CLUSTER".to_vec(), b"SLOTS".to_vec()];
        let done = self.node(address)?.exchange(&[command.as_slice()], 4 * 1024 * 1024).await?;
        let reply = done.replies.into_iter().next().unwrap_or_default();
        match reply.first() {
            Some(Part::Failure(text)) => Err(Trouble::Failure(text.clone())),
            _ => Ok(split(reply).into_iter().filter_map(|range| owner(range, address)).collect()),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A range of slots and the first of its nodes, which is the master.
fn owner(range: Reply, asked: &Address) -> Option<(u16, u16, Address)> {
    let [_, Part::Int(first), Part::Int(last), Part::List(_), host, Part::Int(port), ..] = range.as_slice()
    else {
        return None;
    };
    // A node that does not know its own name means the one under which it was asked.
    let host = bytes_of(host).filter(|host| !host.is_empty() && *host != b"?");
    let host = host.map_or_else(|| asked.host.clone(), |host| String::from_utf8_lossy(host).into_owned());
    let port = u16::try_from(*port).ok()?;
    Some((u16::try_from(*first).ok()?, u16::try_from(*last).ok()?, Address { host, port }))
}

struct Redirection {
    address: Address,
    ask: bool,
}

fn redirection(reply: &[Part]) -> Option<Redirection> {
    let Some(Part::Failure(text)) = reply.first() else { return None };
    let mut words = text.split(' ');
    let ask = match words.next()? {
        "MOVED" => false,
        "ASK" => true,
        _ => return None,
    };
    let (host, port) = words.nth(1)?.rsplit_once(':')?;
    Some(Redirection { address: Address { host: host.to_owned(), port: port.parse().ok()? }, ask })
}

fn left(limit: usize, used: &Done) -> Result<usize, Trouble> {
    let parts: usize = used.replies.iter().map(Vec::len).sum();
    limit.checked_sub(used.received + parts * 32).ok_or(Trouble::TooLarge(limit))
}

/// Where a key lies: CRC16 (XMODEM) of it, or of what is within the first braces.
fn slot(key: &[u8]) -> u16 {
    let tag = key.iter().position(|byte| *byte == b'{').and_then(|open| {
        let after = key.get(open + 1..)?;
        let close = after.iter().position(|byte| *byte == b'}')?;
        after.get(..close).filter(|tag| !tag.is_empty())
    });
    let mut crc = 0_u16;
    for byte in tag.unwrap_or(key) {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
        }
    }
    crc % 16_384
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lie_where_redis_says() {
        // As CLUSTER KEYSLOT answers.
        for (key, place) in [
            ("123456789", 12_739),
            ("foo", 12_182),
            ("{foo}bar", 12_182),
            ("a{foo}", 12_182),
            ("", 0),
            ("{}foo", slot(b"{}foo")),
        ] {
            assert_eq!(slot(key.as_bytes()), place, "{key}");
        }
        assert_ne!(slot(b"{}foo"), slot(b"foo"));
    }
}
