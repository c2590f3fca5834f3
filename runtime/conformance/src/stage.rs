//! One case's stage: a cut before the server, a table with one connection, and what its calls show.

use crate::cut::Cut;
use crate::secrecy::{Secret, Texts};
use crate::subject::Subject;
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use caisson_capability::connection::{Options, Setup};
use caisson_capability::usage::{Outcome, Refusal, Witness};
use caisson_capability::{
    ChannelInfo, Cid, Connections, Deadline, Error, ErrorKind, Fault, Grant, Invocation, Lease,
    LiveConnection, Policy, Request, connections::Table,
};
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What only a hang reaches.
const HANG: Duration = Duration::from_secs(30);

/// The limit of a call, from the layers. Reached only by a client that waits where it should have said what is wrong.
const TIMEOUT_SECS: f64 = 15.0;

/// A deadline that is meant to pass.
pub(crate) const SHORT: Duration = Duration::from_millis(400);

/// The connection under test.
const NAME: &str = "under-test";

/// The service that uses it.
pub(crate) const SERVICE: &str = "conformance.service";

pub(crate) struct Stage<S: Subject> {
    pub(crate) subject: Arc<S>,
    pub(crate) cut: Cut,
    pub(crate) connections: Arc<Connections>,
    pub(crate) texts: Arc<Texts>,
    refusals: Arc<Refusals>,
}

#[derive(Debug, Default)]
struct Refusals(Mutex<Vec<Refusal>>);

impl Witness for Refusals {
    fn refused(&self, refusal: &Refusal) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(refusal.clone());
    }
}

impl<S: Subject> Stage<S> {
    pub(crate) async fn new(subject: Arc<S>, texts: Arc<Texts>) -> Result<Self> {
        let cut = Cut::before(subject.server()).await.context("no way to the server")?;
        let refusals = Arc::new(Refusals::default());
        let witness: Arc<dyn Witness> = Arc::clone(&refusals) as Arc<dyn Witness>;
        Ok(Self { subject, cut, connections: Arc::new(Connections::new(witness)), texts, refusals })
    }

    /// A stage with the connection in the table, and a grant for its operation.
    pub(crate) async fn ready(subject: Arc<S>, texts: Arc<Texts>) -> Result<Self> {
        let stage = Self::new(subject, texts).await?;
        stage.put(stage.good()?, vec![grant(S::OPERATION)]);
        Ok(stage)
    }

    /// A connection of good options.
    pub(crate) fn good(&self) -> Result<Arc<LiveConnection>> {
        self.make(&self.subject.options(self.cut.address()), policy())
    }

    /// A connection of options that have to be good.
    pub(crate) fn make(&self, options: &Value, policy: Policy) -> Result<Arc<LiveConnection>> {
        let capability = self.subject.capability();
        let options = self.read(options)?;
        let setup = Setup { name: NAME.into(), timeout: policy.timeout() };
        let connection = capability
            .connection(&setup, &options)
            .map_err(|problems| anyhow!("good options were refused: {problems:?}"))?;
        let name = capability.spec().name;
        Ok(Arc::new(LiveConnection::new(NAME.into(), name, [0; 32], connection, policy)))
    }

    pub(crate) fn read(&self, options: &Value) -> Result<Options> {
        let options = Options::new(options.as_object().context("options have to be an object")?.clone());
        self.texts.saw("Debug of Options", &format!("{options:?}"));
        Ok(options)
    }

    /// Swaps in a table with this connection.
    pub(crate) fn put(&self, live: Arc<LiveConnection>, grants: Vec<Arc<Grant>>) {
        let mut table = Table::new();
        table.insert(live, grants);
        self.connections.swap(table);
    }

    /// A hold on the connection, for a request whose deadline is far away.
    pub(crate) fn lease(&self) -> Result<Lease<S::Client>> {
        self.lease_within(HANG)
    }

    pub(crate) fn lease_within(&self, limit: Duration) -> Result<Lease<S::Client>> {
        let lease = self
            .connections
            .lease::<S::Client>(&invocation(limit), self.subject.capability().spec().name, NAME)
            .map_err(|error| anyhow!("the connection is not what Subject::Client says: {error}"))?;
        self.texts.saw("Debug of the connection", &format!("{:?} {:#?}", lease.client(), lease.client()));
        self.texts.saw("Debug of what holds the connection", &format!("{lease:?} {:?}", self.connections));
        Ok(lease)
    }

    /// Work as it ends, its error included.
    pub(crate) async fn work(&self, lease: Lease<S::Client>, number: u64) -> Result<Result<(), Error>> {
        let done = guard("work", self.subject.work(lease, number)).await?;
        done.as_ref().err().inspect(|error| self.texts.saw_error(error));
        Ok(done)
    }

    /// Work that has to be done.
    pub(crate) async fn works(&self, number: u64) -> Result<()> {
        self.work(self.lease()?, number)
            .await?
            .map_err(|error| anyhow!("work has to be done here: {}", shown(&error)))
    }

    /// The error of work that has to fail.
    pub(crate) async fn fails(&self, number: u64) -> Result<Error> {
        match self.work(self.lease()?, number).await? {
            Err(error) => Ok(error),
            Ok(()) => bail!("work cannot have been done here"),
        }
    }

    /// Work on a task of its own.
    pub(crate) fn begin(
        &self,
        lease: Lease<S::Client>,
        number: u64,
    ) -> tokio::task::JoinHandle<Result<(), Error>> {
        let subject = Arc::clone(&self.subject);
        tokio::spawn(async move { subject.work(lease, number).await })
    }

    /// Waits until the server has answered and the answer is held back.
    pub(crate) async fn held(&self) -> Result<()> {
        guard("an answer that is held back", self.cut.until(|passed| passed.held_bytes > 0)).await.map(drop)
    }

    /// Waits until no network connection is open.
    pub(crate) async fn all_closed(&self) -> Result<()> {
        let closed =
            guard("the end of all network connections", self.cut.until(|passed| passed.open == 0)).await;
        closed.map(drop).with_context(|| format!("left open: {:?}", self.cut.passed()))
    }

    pub(crate) async fn ping(&self) -> Result<Result<(), Error>> {
        let table = self.connections.table();
        let live = table.get(NAME).context("no connection")?;
        let answer = guard("ping", live.connection().ping()).await?;
        answer.as_ref().err().inspect(|error| self.texts.saw_error(error));
        Ok(answer)
    }

    /// How often the operation ended so.
    pub(crate) fn count(&self, outcome: Outcome) -> u64 {
        let place = Outcome::ALL.iter().position(|one| *one == outcome);
        let all = self.connections.usage().all();
        let of_operation = all.iter().filter(|(key, _)| key.operation == S::OPERATION);
        of_operation.filter_map(|(_, counts)| counts.outcomes.get(place?).copied()).sum()
    }

    pub(crate) fn refusals(&self) -> usize {
        self.refusals.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// The texts of a subject's cases.
pub(crate) fn texts<S: Subject>(subject: &S) -> Arc<Texts> {
    Arc::new(Texts::new(subject.secret().map(Secret::new)))
}

pub(crate) fn policy() -> Policy {
    Policy { timeout_secs: TIMEOUT_SECS, ..Policy::default() }
}

pub(crate) fn grant(operation: &str) -> Arc<Grant> {
    Arc::new(Grant {
        services: vec![SERVICE.to_owned()],
        operations: vec![operation.to_owned()],
        restrictions: Options::default(),
    })
}

fn invocation(limit: Duration) -> Arc<Invocation> {
    Arc::new(Invocation {
        cid: Cid::new(),
        service: SERVICE.into(),
        channel: ChannelInfo::plain("dev"),
        principal: None,
        peer: None,
        deadline: Deadline::after(limit),
        attempt: 1,
        trace: caisson_capability::Trace::default(),
        depth: 0,
        chain: caisson_capability::Chain::default(),
        request: Request::default(),
    })
}

/// Waits, with a limit that only a hang reaches.
pub(crate) async fn guard<T>(what: &str, future: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(HANG, future)
        .await
        .map_err(|_| anyhow!("waited for {what} for {} s", HANG.as_secs()))
}

/// An error has to say that the other side is away: a retry, a breaker and an alert go by it.
pub(crate) fn is_away(error: &Error) -> Result<()> {
    is_lost(error)?;
    ensure!(error.retryable, "nothing was done at a server that is away, and it is {}", shown(error));
    Ok(())
}

/// An error has to say that the other side went away, whether the call may be repeated or not.
pub(crate) fn is_lost(error: &Error) -> Result<()> {
    ensure!(
        (error.kind, error.fault) == (ErrorKind::Unavailable, Fault::Remote),
        "a server that is away is (Unavailable, Remote), and not {}",
        shown(error)
    );
    Ok(())
}

/// An error's facts. Its text is shown as well: whoever tests has seen worse.
pub(crate) fn shown(error: &Error) -> String {
    let retryable = if error.retryable { "retryable" } else { "not retryable" };
    format!("({:?}, {:?}, {retryable}) `{}`", error.kind, error.fault, error.message)
}
