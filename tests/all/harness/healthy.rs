//! A service that does nothing wrong, called all the while others do. None of its requests may fail.

use super::calls::{call, http1_client};
use super::eventually;
use super::server::Server;
use http::Method;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// To be saved as `healthy.py`.
pub(crate) const HEALTHY: &str = "\
from caisson import Service

class Ping(Service):
    def handle(self):
        self.response.payload = {'pong': self.request.input.get('n')}
";

/// Callers at the same time.
const CALLERS: u64 = 2;

/// Between two calls of one caller: the hostile ones want processors too.
const PAUSE: Duration = Duration::from_millis(5);

/// Calls in the background.
#[derive(Debug)]
pub(crate) struct Healthy {
    stop: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
    callers: JoinSet<Result<(), String>>,
}

impl Healthy {
    /// Begins to call `healthy.ping`.
    pub(crate) fn watch(server: &Server) -> Self {
        Self::calling(&server.url("healthy.ping"))
    }

    /// Begins to call a channel that leads there.
    pub(crate) fn on(server: &Server, path: &str) -> Self {
        Self::calling(&format!("http://{}{path}", server.listen))
    }

    fn calling(url: &str) -> Self {
        let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            let (stop, count, url) = (Arc::clone(&stop), Arc::clone(&count), url.to_owned());
            callers.spawn(async move {
                let client = http1_client();
                while !stop.load(Ordering::Relaxed) {
                    let number = format!("{caller}-{}", count.load(Ordering::Relaxed));
                    let answer = call(&client, Method::GET, &format!("{url}?n={number}")).await?;
                    let wanted = format!(r#"{{"pong":"{number}"}}"#);
                    if answer.status != 200 || answer.text().replace(' ', "") != wanted {
                        return Err(format!("{}: {} instead of {wanted}", answer.status, answer.text()));
                    }
                    count.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(())
            });
        }
        Self { stop, count, callers }
    }

    /// Goes on until there were at least so many calls, and ends them. All have succeeded.
    #[track_caller]
    pub(crate) fn assert_never_failed(mut self, at_least: u64) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            eventually("the healthy service is called", async || {
                // A caller that has ended has failed.
                let failed = self.callers.try_join_next().map(Result::unwrap);
                assert_eq!(failed, None, "the healthy service failed ({place})");
                (self.count.load(Ordering::Relaxed) >= at_least).then_some(())
            })
            .await;
            self.stop.store(true, Ordering::Relaxed);
            for outcome in self.callers.join_all().await {
                assert_eq!(outcome, Ok(()), "the healthy service failed ({place})");
            }
        }
    }
}
