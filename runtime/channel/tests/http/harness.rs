//! A server with an invoker that does what a test tells it, and a client that speaks in bytes.

use caisson_capability::{BoxFuture, Error, Invocation, Invoker, Response};
use caisson_channel::{DrainReport, HttpOptions, Listener, Routes, Table, router};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Far longer than anything here takes: a test that reaches it hangs.
const GUARD: Duration = Duration::from_secs(30);

/// Waits for what must happen.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(GUARD, what).await.expect("this should have happened long ago")
}

/// A timeout that is to be reached.
pub(crate) const SHORT: Duration = Duration::from_millis(150);

/// What a test's services do, by name:
/// `echo` answers with the request, `hang` waits until released or dropped, `panic`, `gone`, `raw`.
#[derive(Default)]
pub(crate) struct Fake {
    /// All invocations, as they came.
    pub(crate) seen: Mutex<Vec<Invocation>>,
    /// `hang` has begun.
    pub(crate) begun: Notify,
    /// Lets `hang` go on.
    pub(crate) release: Notify,
    /// `hang` was dropped before it was done.
    pub(crate) dropped: Notify,
    /// What `raw` answers.
    pub(crate) raw: Mutex<Option<Result<Response, Error>>>,
}

impl Fake {
    pub(crate) fn last(&self) -> Invocation {
        self.seen.lock().unwrap().last().expect("an invocation").clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

struct OnDrop<'a>(Option<&'a Notify>);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        if let Some(notify) = self.0 {
            notify.notify_one();
        }
    }
}

impl Invoker for Fake {
    fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Result<Response, Error>> {
        self.seen.lock().unwrap().push(invocation.clone());
        Box::pin(async move {
            match &*invocation.service {
                "hang" => {
                    let mut guard = OnDrop(Some(&self.dropped));
                    self.begun.notify_one();
                    self.release.notified().await;
                    guard.0 = None;
                }
                "panic" => panic!("told to"),
                "raw" => return self.raw.lock().unwrap().take().expect("an answer to give"),
                _ => {}
            }
            let headers = vec![("content-type".to_owned(), "text/plain".to_owned())];
            Ok(Response { status: 200, headers, body: invocation.request.body.into(), ..Response::default() })
        })
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) fake: Arc<Fake>,
    pub(crate) addr: SocketAddr,
    pub(crate) shutdown: CancellationToken,
    pub(crate) task: JoinHandle<DrainReport>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(HttpOptions::default()).await
    }

    pub(crate) async fn with(options: HttpOptions) -> Self {
        Self::on(Routes::dev().into(), options).await
    }

    pub(crate) async fn serving(table: Arc<Table>) -> Self {
        Self::on(table, HttpOptions::default()).await
    }

    async fn on(table: Arc<Table>, options: HttpOptions) -> Self {
        let fake = Arc::new(Fake::default());
        let listener = Listener::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let addr = listener.local_addr();
        let shutdown = CancellationToken::new();
        let router = router(Arc::clone(&fake) as Arc<dyn Invoker>, table, &options);
        let task = tokio::spawn(listener.serve(router, options, shutdown.clone()));
        Self { fake, addr, shutdown, task }
    }

    pub(crate) async fn connect(&self) -> Client {
        Client { stream: soon(TcpStream::connect(self.addr)).await.unwrap(), buffer: Vec::new() }
    }

    /// Sends one request on a connection of its own.
    pub(crate) async fn ask(&self, request: &str) -> Answer {
        let mut client = self.connect().await;
        client.send(request).await;
        client.answer().await
    }

    pub(crate) async fn stop(self) -> DrainReport {
        self.shutdown.cancel();
        soon(self.task).await.unwrap()
    }
}

/// One connection.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

/// An HTTP/1 answer, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Checks the form of an error's body and that its id is that of the header.
    #[track_caller]
    pub(crate) fn expect_error(&self, status: u16, details: &str) {
        self.expect(status);
        let body: serde_json::Value = serde_json::from_str(&self.body).expect(&self.body);
        assert_eq!(body["result"], "Error");
        assert_eq!(body["cid"].as_str(), self.header("x-caisson-cid"));
        assert!(body["details"].as_str().unwrap().contains(details), "{body}");
        assert_eq!(self.header("content-type"), Some("application/json"));
    }
}

impl Client {
    pub(crate) async fn send(&mut self, text: impl AsRef<[u8]>) {
        soon(self.stream.write_all(text.as_ref())).await.unwrap();
    }

    /// Reads the next answer, whose body must have a length.
    pub(crate) async fn answer(&mut self) -> Answer {
        self.answer_to("GET").await
    }

    pub(crate) async fn answer_to(&mut self, method: &str) -> Answer {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(
                self.more().await > 0,
                "closed within a head: {:?}",
                String::from_utf8_lossy(&self.buffer)
            );
        };
        let head = String::from_utf8(self.buffer.drain(..end).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer { status, head, body: String::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse::<usize>().unwrap());
        if method != "HEAD" {
            while self.buffer.len() < length {
                assert!(self.more().await > 0, "closed within a body");
            }
            answer.body = String::from_utf8(self.buffer.drain(..length).collect()).unwrap();
        }
        answer
    }

    /// Reads until the server closes; what came is returned.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        while self.more().await > 0 {}
        std::mem::take(&mut self.buffer)
    }

    async fn more(&mut self) -> usize {
        // A reset ends a connection as well.
        soon(self.stream.read_buf(&mut self.buffer)).await.unwrap_or(0)
    }
}
