//! All connections of a server: a table that is swapped in as a whole, and the way from a guest to one of them.

use crate::connection::Connection;
use crate::grant::{Giver, Grant, Granted};
use crate::layers::{Gates, Lease};
use crate::policy::Policy;
use crate::usage::{Cells, Usage, Witness};
use crate::{Error, ErrorKind, Fault, Invocation};
use arc_swap::ArcSwap;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};

/// The connections that guests may name. One for a server; what is in it changes live.
pub struct Connections {
    table: ArcSwap<Table>,
    usage: Arc<Usage>,
    witness: Arc<dyn Witness>,
    giver: OnceLock<Weak<dyn Giver>>,
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("table", &self.table.load()).finish_non_exhaustive()
    }
}

impl Default for Connections {
    fn default() -> Self {
        Self::new(Arc::new(()))
    }
}

impl Connections {
    /// None yet. Refusals are told to `witness`.
    #[must_use]
    pub fn new(witness: Arc<dyn Witness>) -> Self {
        Self { table: ArcSwap::default(), usage: Arc::default(), witness, giver: OnceLock::new() }
    }

    /// Adds what `giver` gives to the grants of the table. Only the first one counts. Weak, since what knows the services holds what
    /// holds the connections.
    pub fn give_by(&self, giver: Weak<dyn Giver>) {
        // A second one would be a mistake of the composition root, by which nobody is allowed more.
        drop(self.giver.set(giver));
    }

    /// Puts another table in the place of the one that is there. Calls under way end on the connection that they began on; one that is
    /// in no table any more is closed after the last of them.
    pub fn swap(&self, table: Table) {
        self.table.store(Arc::new(table));
    }

    /// The table that holds now.
    #[must_use]
    pub fn table(&self) -> Arc<Table> {
        self.table.load_full()
    }

    /// What was used, since the server started.
    #[must_use]
    pub fn usage(&self) -> &Arc<Usage> {
        &self.usage
    }

    /// What a service may do with a connection, or nothing if there is no such connection.
    #[must_use]
    pub fn granted(&self, connection: &str, service: &str) -> Option<Arc<Granted>> {
        self.table
            .load()
            .entries
            .get(connection)
            .map(|entry| Arc::clone(&self.known_of(entry, service).granted))
    }

    pub(crate) fn known_of(&self, entry: &Entry, service: &str) -> Arc<Known> {
        let known = entry.known(service);
        let giver = self.giver.get().and_then(Weak::upgrade);
        match giver.and_then(|giver| giver.give(service, &entry.name)) {
            Some(given) => Arc::new(Known::of(known.granted.and(given))),
            None => known,
        }
    }

    pub(crate) fn witness(&self) -> &Arc<dyn Witness> {
        &self.witness
    }

    /// Finds a connection for a service. Whether the service may use it is asked at each call ([`Lease::call`]).
    ///
    /// # Errors
    ///
    /// `not-found`: there is no connection of this name; `invalid-input`: it is one of another capability.
    pub fn lease<C: Connection>(
        self: &Arc<Self>,
        invocation: &Arc<Invocation>,
        capability: &'static str,
        connection: &str,
    ) -> Result<Lease<C>, Error> {
        let table = self.table.load();
        let Some(entry) = table.entries.get(connection) else {
            return Err(unknown(connection, capability));
        };
        let client = (entry.live.capability == capability)
            .then(|| Arc::clone(&entry.live.connection).downcast::<C>())
            .flatten()
            .ok_or_else(|| other_kind(entry, capability))?;
        Ok(Lease::new(Arc::clone(self), Arc::clone(entry), client, Arc::clone(invocation)))
    }
}

fn unknown(connection: &str, capability: &str) -> Error {
    let shown: String = connection.chars().take(120).collect();
    let text = format!(
        "there is no connection `{shown}`; to make one, define {{name: {shown}, type: {capability}, ...}} in `connections`"
    );
    Error::new(ErrorKind::NotFound, text).fault(Fault::Service)
}

fn other_kind(entry: &Entry, capability: &str) -> Error {
    let (name, of) = (&entry.name, entry.live.capability);
    let text = format!("the connection `{name}` is of type {of}: it cannot be used by {capability}");
    Error::new(ErrorKind::InvalidInput, text).fault(Fault::Service)
}

/// An immutable set of connections with their grants.
#[derive(Clone, Debug, Default)]
pub struct Table {
    entries: HashMap<Arc<str>, Arc<Entry>, RandomState>,
}

impl Table {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a connection with the grants for it.
    pub fn insert(&mut self, live: Arc<LiveConnection>, grants: Vec<Arc<Grant>>) {
        let name = Arc::clone(&live.name);
        let entry = Entry { name: Arc::clone(&name), live, grants, known: RwLock::default() };
        self.entries.insert(name, Arc::new(entry));
    }

    /// A connection that is in it, to be taken over into the next table.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<LiveConnection>> {
        self.entries.get(name).map(|entry| &entry.live)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<LiveConnection>> {
        self.entries.values().map(|entry| &entry.live)
    }
}

/// A connection in the table.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: Arc<str>,
    pub(crate) live: Arc<LiveConnection>,
    grants: Vec<Arc<Grant>>,
    /// Found once for each service. As long as the table, so no longer than its grants.
    known: RwLock<HashMap<Arc<str>, Arc<Known>, RandomState>>,
}

/// What every call of one service over one connection needs.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) granted: Arc<Granted>,
    /// Where calls are counted. A service uses few operations, so that looking at each is faster than a map.
    cells: RwLock<Vec<(&'static str, Arc<Cells>)>>,
}

impl Known {
    fn of(granted: Granted) -> Self {
        Self { granted: Arc::new(granted), cells: RwLock::default() }
    }

    /// Where an operation is counted; found by `find` the first time.
    pub(crate) fn cells(&self, operation: &'static str, find: impl FnOnce() -> Arc<Cells>) -> Arc<Cells> {
        let all = self.cells.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, cells)) = all.iter().find(|(name, _)| *name == operation) {
            return Arc::clone(cells);
        }
        drop(all);
        let found = find();
        // Two at the same time leave two entries with the same cells, which does no harm.
        self.cells.write().unwrap_or_else(PoisonError::into_inner).push((operation, Arc::clone(&found)));
        found
    }
}

impl Entry {
    fn known(&self, service: &str) -> Arc<Known> {
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(service) {
            return Arc::clone(known);
        }
        let found = Arc::new(Known::of(Granted::of(&self.grants, service)));
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(service.into()).or_insert(found))
    }
}

/// A connection with the state of its layers. Stays the same from table to table while its definition does.
pub struct LiveConnection {
    name: Arc<str>,
    capability: &'static str,
    /// What it was made of, to see whether it has changed.
    made_of: [u8; 32],
    pub(crate) connection: Arc<dyn Connection>,
    pub(crate) policy: Policy,
    pub(crate) gates: Gates,
}

impl fmt::Debug for LiveConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveConnection")
            .field("name", &self.name)
            .field("capability", &self.capability)
            .finish_non_exhaustive()
    }
}

impl LiveConnection {
    /// A connection under a policy. `made_of` is a digest of its definition.
    #[must_use]
    pub fn new(
        name: Arc<str>,
        capability: &'static str,
        made_of: [u8; 32],
        connection: Arc<dyn Connection>,
        policy: Policy,
    ) -> Self {
        let gates = Gates::new(&policy);
        Self { name, capability, made_of, connection, policy, gates }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The capability that it is of.
    #[must_use]
    pub fn capability(&self) -> &'static str {
        self.capability
    }

    /// The digest of its definition.
    #[must_use]
    pub fn made_of(&self) -> &[u8; 32] {
        &self.made_of
    }

    /// How it is called.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The capability's own side of it.
    #[must_use]
    pub fn connection(&self) -> &Arc<dyn Connection> {
        &self.connection
    }
}

impl Drop for LiveConnection {
    /// The last call over a connection that was replaced has ended. Pools close on a task of their own: whoever drops cannot wait.
    fn drop(&mut self) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let connection = Arc::clone(&self.connection);
            runtime.spawn(async move {
                // What does not close in time is dropped, which closes its sockets the hard way.
                drop(tokio::time::timeout(CLOSING, connection.close()).await);
            });
        }
    }
}

/// How long a connection may take to say good-bye.
const CLOSING: std::time::Duration = std::time::Duration::from_secs(10);
