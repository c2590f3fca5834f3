//! A watch that outlives connections, servers and compactions.

use super::Signal;
use super::connect::{CALL, Connection};
use crate::Error;
use etcd_client::{WatchOptions, WatchStream};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

struct Watching {
    connection: Arc<Connection>,
    prefix: String,
    open: Option<WatchStream>,
    /// The revision of etcd to go on from; 0: from now on, since everything is read anew anyway.
    next: i64,
    lost: bool,
    pause: Duration,
}

pub(super) fn watch(connection: Arc<Connection>, prefix: String) -> BoxStream<'static, Signal> {
    let state = Watching { connection, prefix, open: None, next: 0, lost: false, pause: Duration::ZERO };
    stream::unfold(state, |mut state| async move {
        let signal = state.signal().await;
        Some((signal, state))
    })
    .boxed()
}

impl Watching {
    async fn signal(&mut self) -> Signal {
        loop {
            let Some(open) = self.open.as_mut() else {
                match self.reopen().await {
                    Some(signal) => return signal,
                    None => continue,
                }
            };
            match open.message().await {
                Ok(Some(answer)) if answer.canceled() => {
                    // Compacted, or the token has run out: what was missed is read, so the watch may begin anew.
                    (self.open, self.next) = (None, 0);
                }
                Ok(Some(answer)) if answer.events().is_empty() => {}
                Ok(Some(answer)) => {
                    let seen = answer.header().map_or(0, etcd_client::ResponseHeader::revision);
                    self.next = seen.saturating_add(1);
                    return Signal::Changed;
                }
                Ok(None) => return self.lose(self.connection.late()),
                Err(error) => return self.lose(self.connection.fault(&error)),
            }
        }
    }

    fn lose(&mut self, error: Error) -> Signal {
        (self.open, self.lost) = (None, true);
        Signal::Lost(error)
    }

    /// Tries once; `None`: it did not work, which was told before.
    async fn reopen(&mut self) -> Option<Signal> {
        tokio::time::sleep(self.pause).await;
        match self.try_open().await {
            Ok(open) => {
                self.open = Some(open);
                self.pause = FIRST_PAUSE;
                Some(if std::mem::take(&mut self.lost) { Signal::Back } else { Signal::Changed })
            }
            Err(error) => {
                self.pause = (self.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
                let told = self.lost;
                let signal = self.lose(error);
                (!told).then_some(signal)
            }
        }
    }

    async fn try_open(&self) -> Result<WatchStream, Error> {
        // A read first: it renews a token that has run out, which the opening of a watch does not notice.
        let key = self.prefix.clone();
        let read = |client: etcd_client::Client| {
            let key = key.clone();
            async move { client.kv_client().get(key, None).await }
        };
        self.connection.read(read).await?;
        let open = async {
            let options = WatchOptions::new().with_prefix().with_start_revision(self.next);
            self.connection.client().await?.watch(self.prefix.clone(), Some(options)).await
        };
        match timeout(CALL, open).await {
            Ok(opened) => opened.map_err(|error| self.connection.fault(&error)),
            Err(_) => Err(self.connection.late()),
        }
    }
}
