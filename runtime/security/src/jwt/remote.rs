//! A key set that is fetched from somewhere: kept while it works, asked for again when a key is not in it.
//!
//! The set is fetched by a task of its own, so that callers who hang up can neither keep it from being fetched nor have it
//! fetched again and again. Callers wait for it only when they need a key that is not there.

use super::keys::KeySet;
use http::Uri;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jsonwebtoken::Algorithm;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// So long lies between two fetches, at least.
const PAUSE: Duration = Duration::from_secs(30);
/// After this time the set is fetched anew even if no key is missing: keys may have been taken out.
const FRESH: Duration = Duration::from_secs(600);
/// How long a fetch may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How large a set may be.
const MAX_BYTES: usize = 1024 * 1024;

/// A key set that is fetched.
pub(crate) struct Remote {
    url: Uri,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    set: Option<Arc<KeySet>>,
    fetched: Option<Instant>,
    tried: Option<Instant>,
    /// Says when the fetch under way has ended, by being closed.
    running: Option<(watch::Receiver<()>, AbortHandle)>,
}

impl Drop for Remote {
    fn drop(&mut self) {
        if let Some((_, task)) = &lock(&self.state).running {
            task.abort();
        }
    }
}

/// Checks the address of a key set. Errors do not repeat it: it may hold a credential.
pub(crate) fn address(url: &str) -> Result<Uri, String> {
    let advice = "write https://HOST/PATH";
    let uri: Uri = url.parse().map_err(|error| format!("jwks_url: this is no URL ({error}); {advice}"))?;
    match uri.scheme_str() {
        Some("http" | "https") if uri.host().is_some_and(|host| !host.is_empty()) => Ok(uri),
        _ => Err(format!("jwks_url: this is no https address; {advice}")),
    }
}

impl Remote {
    pub(crate) fn new(url: Uri) -> Self {
        Self { url, state: Arc::default() }
    }

    /// The set, fetched if that is called for. A set that is stale is better than none.
    pub(crate) async fn get(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
        now: impl Fn() -> Instant,
    ) -> Result<Arc<KeySet>, &'static str> {
        let (known, stale) = {
            let state = lock(&self.state);
            let known = state.set.clone().filter(|set| set.candidates(kid, algorithm).next().is_some());
            let stale = state.fetched.is_none_or(|at| now().saturating_duration_since(at) > FRESH);
            (known, stale)
        };
        if let Some(set) = known {
            if stale {
                // Nobody waits for this one.
                drop(self.fetch(now()));
            }
            return Ok(set);
        }
        if let Some(mut ended) = self.fetch(now()) {
            // An error is the end as well.
            while ended.changed().await.is_ok() {}
        }
        lock(&self.state).set.clone().ok_or("the key set could not be fetched from jwks_url")
    }

    /// Begins to fetch, unless that is under way already or was tried just now.
    fn fetch(&self, now: Instant) -> Option<watch::Receiver<()>> {
        let mut state = lock(&self.state);
        if let Some((running, task)) = &state.running
            && !task.is_finished()
        {
            return Some(running.clone());
        }
        if state.tried.is_some_and(|at| now.saturating_duration_since(at) < PAUSE) {
            return None;
        }
        state.tried = Some(now);
        let (sender, receiver) = watch::channel(());
        let (url, shared) = (self.url.clone(), Arc::clone(&self.state));
        let task = tokio::spawn(async move {
            match download(url.clone()).await {
                Ok(set) => {
                    let mut state = lock(&shared);
                    state.set = Some(Arc::new(set));
                    state.fetched = Some(now);
                }
                Err(error) => {
                    // The host only: the rest of an address may hold a credential.
                    let host = url.host().unwrap_or_default();
                    tracing::warn!(host, error, "a key set could not be fetched; the last one stays in use");
                }
            }
            drop(sender);
        });
        state.running = Some((receiver.clone(), task.abort_handle()));
        Some(receiver)
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A client that believes the authorities that this machine does.
///
/// # Errors
///
/// The machine has none.
fn client() -> Result<Client<HttpsConnector<HttpConnector>, Empty<Bytes>>, String> {
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
        .map_err(|error| {
            format!("{error}: install ca-certificates, or set SSL_CERT_FILE to a file of authorities in PEM")
        })?;
    Ok(Client::builder(TokioExecutor::new()).build(connector.https_or_http().enable_http1().build()))
}

async fn download(url: Uri) -> Result<KeySet, String> {
    // Files are read for it, and that may take as long as disks do.
    let made = tokio::task::spawn_blocking(client).await.map_err(|error| error.to_string());
    let client = made??;
    let fetched = tokio::time::timeout(TIMEOUT, async {
        let response = client.get(url).await.map_err(|error| reason(&error))?;
        if response.status() != http::StatusCode::OK {
            return Err(format!("the server answered {}", response.status()));
        }
        let body = Limited::new(response.into_body(), MAX_BYTES).collect().await;
        body.map(http_body_util::Collected::to_bytes).map_err(|error| error.to_string())
    });
    let bytes = fetched.await.map_err(|_elapsed| format!("no answer within {} s", TIMEOUT.as_secs()))??;
    let text = std::str::from_utf8(&bytes).map_err(|error| error.to_string())?;
    KeySet::parse(text, false)
}

/// What lies at the bottom of an error: the client itself only says that it could not connect.
fn reason(error: &hyper_util::client::legacy::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
