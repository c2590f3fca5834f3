//! A door that does what a test wants, and a queue behind which it is.

use caisson_background::{Entry, Filter, Queue, Settings, State};
use caisson_capability::background::Task;
use caisson_capability::{
    BoxFuture, Chain, ChannelInfo, Cid, Deadline, Error, ErrorKind, Invocation, Invoker, Request, Response,
    Trace,
};
use caisson_telemetry::Metrics;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Nothing takes this long unless it hangs.
const HANG: Duration = Duration::from_secs(60);

type Answer = dyn Fn(&Invocation) -> BoxFuture<'static, Result<Response, Error>> + Send + Sync;

/// The services of a test.
pub(crate) struct Services {
    answer: Box<Answer>,
    calls: Mutex<Vec<Invocation>>,
    now: AtomicUsize,
    most: AtomicUsize,
    missing: Mutex<Vec<String>>,
}

impl Services {
    pub(crate) fn new(
        answer: impl Fn(&Invocation) -> BoxFuture<'static, Result<Response, Error>> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            answer: Box::new(answer),
            calls: Mutex::default(),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            missing: Mutex::default(),
        })
    }

    /// All answer their own names, at once.
    pub(crate) fn good() -> Arc<Self> {
        Self::new(|call| {
            let body = call.service.to_string();
            Box::pin(std::future::ready(Ok(answer(body))))
        })
    }

    /// None ever answers.
    pub(crate) fn hanging() -> Arc<Self> {
        Self::new(|_| Box::pin(std::future::pending()))
    }

    /// All fail like this.
    pub(crate) fn failing(error: impl Fn() -> Error + Send + Sync + 'static) -> Arc<Self> {
        Self::new(move |_| Box::pin(std::future::ready(Err(error()))))
    }

    /// What was called, in order.
    pub(crate) fn calls(&self) -> Vec<Invocation> {
        self.calls.lock().unwrap().clone()
    }

    /// The names of what was called, in order.
    pub(crate) fn called(&self) -> Vec<String> {
        self.calls().iter().map(|call| call.service.to_string()).collect()
    }

    /// The most that ran at the same time.
    pub(crate) fn most(&self) -> usize {
        self.most.load(SeqCst)
    }

    /// There are none of these names.
    pub(crate) fn lack(&self, names: &[&str]) {
        *self.missing.lock().unwrap() = names.iter().map(|name| (*name).to_owned()).collect();
    }

    fn lacks(&self, name: &str) -> bool {
        self.missing.lock().unwrap().iter().any(|missing| missing == name)
    }
}

struct Running<'a>(&'a AtomicUsize);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Invoker for Services {
    fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Result<Response, Error>> {
        let answer = (self.answer)(&invocation);
        let missing = self.lacks(&invocation.service);
        self.calls.lock().unwrap().push(invocation);
        self.most.fetch_max(self.now.fetch_add(1, SeqCst) + 1, SeqCst);
        let running = Running(&self.now);
        Box::pin(async move {
            let _running = running;
            if missing {
                return Err(Error::new(ErrorKind::NotFound, "no service named like this"));
            }
            answer.await
        })
    }

    fn find(&self, service: &str) -> Option<Arc<str>> {
        (!self.lacks(service)).then(|| service.into())
    }

    fn package(&self, service: &str) -> Option<Arc<str>> {
        let (package, _) = service.split_once('.')?;
        Some(package.into())
    }
}

/// An answer of text.
pub(crate) fn answer(body: impl Into<String>) -> Response {
    let headers = vec![("Content-Type".to_owned(), "text/plain".to_owned())];
    Response { status: 200, headers, body: bytes::Bytes::from(body.into()).into(), settlement: None }
}

/// A queue on a file that outlives it.
pub(crate) struct Place {
    folder: Arc<TempDir>,
    pub(crate) settings: Settings,
    pub(crate) metrics: Arc<Metrics>,
}

/// An opened queue, whose services live as long.
pub(crate) struct Opened {
    pub(crate) queue: Queue,
    pub(crate) services: Arc<Services>,
    pub(crate) stop: CancellationToken,
    _folder: Arc<TempDir>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let settings = Settings { drain: Duration::from_millis(20), ..Settings::default() };
        Self { folder: Arc::new(tempfile::tempdir().unwrap()), settings, metrics: Arc::default() }
    }

    pub(crate) fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("background.db")
    }

    /// Opens it without starting.
    pub(crate) async fn open(&self, services: &Arc<Services>) -> Opened {
        let queue = Queue::open(&self.file(), self.settings, Arc::clone(&self.metrics)).await.unwrap();
        let door: Arc<dyn Invoker> = Arc::<Services>::clone(services);
        queue.connect(Arc::downgrade(&door));
        let folder = Arc::clone(&self.folder);
        Opened { queue, services: Arc::clone(services), stop: CancellationToken::new(), _folder: folder }
    }

    /// Opens and starts it.
    pub(crate) async fn start(&self, services: &Arc<Services>) -> Opened {
        let opened = self.open(services).await;
        opened.queue.start(opened.stop.clone());
        opened
    }
}

impl Opened {
    /// What is kept.
    pub(crate) async fn kept(&self) -> Vec<Entry> {
        self.queue.list(&Filter { limit: 100_000, ..Filter::default() }).await.unwrap()
    }

    /// What has failed.
    pub(crate) async fn failed(&self) -> Vec<Entry> {
        let filter = Filter { state: Some(State::Failed), limit: 100_000, ..Filter::default() };
        self.queue.list(&filter).await.unwrap()
    }

    /// Waits until nothing is kept but so many that have failed.
    pub(crate) async fn empty_but(&self, failed: usize) {
        eventually("the queue is empty", async || {
            let kept = self.kept().await;
            kept.len() == failed && kept.iter().all(|entry| entry.state == State::Failed)
        })
        .await;
    }

    /// Waits until so many calls have begun.
    pub(crate) async fn begun(&self, calls: usize) {
        eventually("the calls begin", async || self.services.calls().len() >= calls).await;
    }

    /// Ends it as a kill would, as far as the file is concerned.
    pub(crate) async fn killed(self) {
        drop(self.queue);
        // Aborted tasks are dropped by the runtime, not here.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
}

/// Waits for something that happens soon.
pub(crate) async fn eventually(what: &str, mut check: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !check().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(HANG, wait).await.is_ok(), "this never was so: {what}");
}

/// The invocation of the service that asks.
pub(crate) fn asking(service: &str) -> Arc<Invocation> {
    Arc::new(Invocation {
        cid: Cid::from("asking"),
        service: service.into(),
        channel: ChannelInfo::plain("test"),
        principal: None,
        peer: None,
        deadline: Deadline::after(HANG),
        attempt: 1,
        trace: Trace { traceparent: Some("trace".into()), tracestate: None },
        depth: 0,
        chain: Chain::default(),
        request: Request::default(),
    })
}

/// A call of this service.
pub(crate) fn task(service: &str) -> Task {
    Task { service: service.to_owned(), body: service.to_owned().into(), ..Task::default() }
}
