//! Who of all servers does what only one may do.

use super::Store;
use super::follow::Shared;
use super::member::{BEAT, FAREWELL, TTL};
use crate::Error;
use crate::kv::{Compare, Outcome, Put, Signal, Txn};
use futures_util::StreamExt as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A leader stops this much before its lease ends: clocks of servers do not run at the same speed.
const MARGIN: Duration = Duration::from_secs(2);

/// A candidature. Dropped, it ends, and another server may lead at once.
#[derive(Debug)]
pub struct Election {
    /// Until when this server leads.
    leads: watch::Receiver<Option<Instant>>,
    told: bool,
    _ended: DropGuard,
}

impl Election {
    /// Whether this server leads now. Turns false before another server can lead.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.leads.borrow().is_some_and(|until| Instant::now() < until)
    }

    /// Waits until [`Election::is_leader`] is another than when this was called last (first: than `false`), and
    /// answers it.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn changed(&mut self) -> bool {
        loop {
            let until = *self.leads.borrow_and_update();
            let leads = until.is_some_and(|until| Instant::now() < until);
            if leads != self.told {
                self.told = leads;
                return leads;
            }
            let over = async {
                match until.filter(|_| leads) {
                    Some(until) => tokio::time::sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = over => {}
                changed = self.leads.changed() => if changed.is_err() {
                    // The task has ended with the runtime: nothing changes any more.
                    std::future::pending::<()>().await;
                },
            }
        }
    }
}

impl Store {
    /// Stands for an election among all servers that stand for one of this name.
    pub fn elect(&self, name: &str, node: &str) -> Election {
        let (tell, leads) = watch::channel(None);
        let ended = CancellationToken::new();
        let stand = Stand { key: format!("elect/{name}"), node: node.to_owned(), lease: None, tell };
        tokio::spawn(stand.run(Arc::clone(&self.shared), ended.clone()));
        Election { leads, told: false, _ended: ended.drop_guard() }
    }
}

struct Stand {
    key: String,
    node: String,
    lease: Option<i64>,
    tell: watch::Sender<Option<Instant>>,
}

impl Stand {
    async fn run(mut self, shared: Arc<Shared>, ended: CancellationToken) {
        let mut signals = shared.kv.watch(self.key.clone());
        loop {
            tokio::select! {
                done = self.campaign(&shared) => if let Err(error) = done {
                    tracing::debug!(%error, election = self.key, "this server cannot stand for an election; it tries again");
                },
                () = ended.cancelled() => break,
            }
            let changed = async {
                // Errors come from the campaign as well; a change of the key is what is waited for.
                while !matches!(signals.next().await, Some(Signal::Changed | Signal::Back) | None) {}
            };
            tokio::select! {
                () = tokio::time::sleep(BEAT) => {}
                () = changed => {}
                () = ended.cancelled() => break,
            }
        }
        self.tell.send_replace(None);
        if let Some(lease) = self.lease {
            tokio::time::timeout(FAREWELL, shared.kv.revoke(lease)).await.ok();
        }
    }

    async fn campaign(&mut self, shared: &Shared) -> Result<(), Error> {
        let started = Instant::now();
        let alive = match self.lease {
            Some(lease) => shared.kv.keep_alive(lease).await?,
            None => false,
        };
        if !alive {
            self.tell.send_replace(None);
            self.lease = Some(shared.kv.grant(TTL).await?);
        }
        let held = shared.kv.get(vec![self.key.clone()]).await?;
        let own = self.value();
        let leads = match held.first() {
            Some(entry) => entry.value == own,
            None => {
                let put = Put { lease: self.lease, ..Put::new(self.key.clone(), own) };
                let compares = vec![Compare { key: self.key.clone(), version: None }];
                // Without an answer, the next round finds out by reading.
                shared.kv.txn(Txn { compares, puts: vec![put], deletes: Vec::new() }).await? == Outcome::Done
            }
        };
        // From before the lease was renewed: it lasts at least that long.
        self.tell.send_replace(leads.then(|| started + TTL.saturating_sub(MARGIN)));
        Ok(())
    }

    /// The lease is part of it: after a restart, the same server under another lease does not lead yet.
    fn value(&self) -> String {
        format!("{}\n{}", self.lease.unwrap_or(0), self.node)
    }
}
