//! Sessions that are kept for the next call.
//!
//! A session is handed out as a [`Held`]. Only one that says of itself that it is as new comes back; any other one is closed, and if it
//! was in the middle of a statement, the database is told to stop it. Its place is free when that has been done.

use super::dialect::{Dialect, OptionsOf};
use super::session::Held;
use super::target::Settings;
use crate::error;
use caisson_capability::{Error, ErrorKind, Fault};
use sqlx::{ConnectOptions, Connection};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How long closing a session may take.
const CLOSING: Duration = Duration::from_secs(5);

/// A session that nobody used for so long is asked whether it still lives.
const FRESH: Duration = Duration::from_secs(1);

/// The sessions with one database.
pub(super) struct Pool<D: Dialect> {
    options: OptionsOf<D>,
    settings: Settings,
    turns: Arc<Semaphore>,
    state: Mutex<State<D>>,
}

struct State<D: Dialect> {
    parked: Vec<Parked<D>>,
    /// Counts up when a session broke: those that were opened before are not trusted.
    epoch: u64,
    closed: bool,
    /// Closes what is idle for too long.
    keeper: Option<JoinHandle<()>>,
}

struct Parked<D: Dialect> {
    live: Live<D>,
    since: Instant,
}

/// An open session.
pub(super) struct Live<D: Dialect> {
    pub(super) conn: D::Connection,
    pub(super) facts: D::Facts,
    born: Instant,
    epoch: u64,
    /// The limit of a statement's time that the database has been told, in milliseconds.
    pub(super) limit_ms: u64,
}

impl<D: Dialect> Pool<D> {
    pub(super) fn new(options: OptionsOf<D>, settings: Settings) -> Self {
        let max = usize::try_from(settings.pool.max).unwrap_or(1).clamp(1, Semaphore::MAX_PERMITS);
        let state = State { parked: Vec::new(), epoch: 0, closed: false, keeper: None };
        Self { options, settings, turns: Arc::new(Semaphore::new(max)), state: Mutex::new(state) }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State<D>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session: one that is idle, or a new one.
    ///
    /// # Errors
    ///
    /// `unavailable`: all are in use, or the database is away; `unauthenticated`.
    pub(super) async fn acquire(self: Arc<Self>) -> Result<Held<D>, Error> {
        let limit = self.settings.acquire;
        let turn = match tokio::time::timeout(limit, Arc::clone(&self.turns).acquire_owned()).await {
            Ok(turn) => turn.map_err(|_closed| error::away("the connection was closed"))?,
            Err(_) => return Err(self.exhausted()),
        };
        self.keep();
        let opening = async {
            while let Some(parked) = self.take() {
                let idle = parked.since.elapsed();
                let mut held = Held::new(Arc::clone(&self), parked.live, None);
                if idle < FRESH || held.alive().await {
                    return Ok((held.take_live(), true));
                }
            }
            self.open().await.map(|live| (Some(live), false))
        };
        match tokio::time::timeout(limit, opening).await {
            Ok(Ok((Some(live), _))) => Ok(Held::new(Arc::clone(&self), live, Some(turn))),
            Ok(Ok((None, _))) => Err(error::away("the connection with the database was lost")),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(error::away("the database did not answer within pool/acquire_secs")),
        }
    }

    fn exhausted(&self) -> Error {
        let max = self.settings.pool.max;
        let text = format!(
            "all {max} sessions of the connection are in use, and none became free within pool/acquire_secs: end transactions and \
             cursors sooner, or raise pool/max"
        );
        Error::new(ErrorKind::Unavailable, text).fault(Fault::Host)
    }

    fn take(&self) -> Option<Parked<D>> {
        self.state().parked.pop()
    }

    async fn open(&self) -> Result<Live<D>, Error> {
        let epoch = self.state().epoch;
        let mut conn = self.options.connect().await.map_err(error::of)?;
        for statement in &self.settings.init {
            D::run(&mut conn, statement.clone()).await.map_err(|error| {
                let told = error::of(error);
                Error { message: format!("a statement of the option init failed: {}", told.message), ..told }
            })?;
        }
        let facts = D::facts(&mut conn).await.map_err(error::of)?;
        Ok(Live { conn, facts, born: Instant::now(), epoch, limit_ms: 0 })
    }

    /// Takes a session back that is as new.
    pub(super) fn park(&self, live: Live<D>) -> Result<(), Live<D>> {
        let mut state = self.state();
        if state.closed || live.epoch != state.epoch || live.born.elapsed() >= self.settings.lifetime {
            return Err(live);
        }
        state.parked.push(Parked { live, since: Instant::now() });
        Ok(())
    }

    /// A session was lost: the others, opened before, are likely to be so too.
    pub(super) fn distrust(&self, epoch: u64) {
        let parked = {
            let mut state = self.state();
            if state.epoch != epoch {
                return;
            }
            state.epoch += 1;
            std::mem::take(&mut state.parked)
        };
        drop(parked);
    }

    /// Closes a session that must not be used again.
    pub(super) fn bury(self: &Arc<Self>, live: Live<D>, busy: bool, turn: Option<OwnedSemaphorePermit>) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let options = self.options.clone();
        D::interrupt(&live.facts);
        // Owned by its own limit: it ends in a few seconds whatever the database does.
        runtime.spawn(async move {
            let ending = async move {
                if busy {
                    D::stop(&options, &live.facts).await;
                }
                drop(live.conn.close().await);
            };
            drop(tokio::time::timeout(CLOSING, ending).await);
            drop(turn);
        });
    }

    /// Starts what closes idle sessions, once.
    fn keep(self: &Arc<Self>) {
        let mut state = self.state();
        if state.keeper.is_none() {
            let every = (self.settings.idle / 2).clamp(Duration::from_secs(1), Duration::from_secs(60));
            state.keeper = Some(tokio::spawn(keeper(Arc::downgrade(self), every)));
        }
    }

    fn sweep(self: &Arc<Self>) {
        let old: Vec<Live<D>> = {
            let mut state = self.state();
            let mut spare =
                state.parked.len().saturating_sub(usize::try_from(self.settings.pool.min).unwrap_or(0));
            let (idle, lifetime) = (self.settings.idle, self.settings.lifetime);
            let mut old = Vec::new();
            let mut stay = Vec::with_capacity(state.parked.len());
            for parked in state.parked.drain(..) {
                let unused = parked.since.elapsed() >= idle && spare > 0;
                if unused || parked.live.born.elapsed() >= lifetime {
                    spare = spare.saturating_sub(1);
                    old.push(parked.live);
                } else {
                    stay.push(parked);
                }
            }
            state.parked = stay;
            old
        };
        for live in old {
            self.bury(live, false, None);
        }
    }

    /// Closes all that are idle; the others are closed when they come back.
    pub(super) async fn close(&self) {
        let (parked, keeper) = {
            let mut state = self.state();
            state.closed = true;
            (std::mem::take(&mut state.parked), state.keeper.take())
        };
        if let Some(keeper) = keeper {
            keeper.abort();
        }
        self.turns.close();
        for one in parked {
            drop(tokio::time::timeout(CLOSING, one.live.conn.close()).await);
        }
    }
}

impl<D: Dialect> Live<D> {
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }
}

impl<D: Dialect> Drop for Pool<D> {
    fn drop(&mut self) {
        if let Some(keeper) = self.state.get_mut().unwrap_or_else(PoisonError::into_inner).keeper.take() {
            keeper.abort();
        }
    }
}

async fn keeper<D: Dialect>(pool: Weak<Pool<D>>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        let Some(pool) = pool.upgrade() else { return };
        pool.sweep();
    }
}
