//! Runs a service without the host, under `cargo test`. Connections and other services are closures.
//!
//! ```
//! use caisson::{Error, Json, Request, Response, http, testing::Host};
//! use serde_json::{Value, json};
//!
//! #[caisson::service]
//! async fn handle(request: Request) -> Result<Json<Value>, Error> {
//!     let crm = http::Connection::named("crm");
//!     let id = request.query("id").ok_or_else(|| Error::invalid("the parameter `id` is missing"))?;
//!     caisson::info!("asking for {id}");
//!     Ok(Json(crm.get("/customers/{id}").param("id", id).send().await?.success()?.json()?))
//! }
//!
//! let host = Host::new().http("crm", |sent| {
//!     assert_eq!(sent.path, "/customers/7");
//!     Response::json(&json!({"name": "Ada"}))
//! });
//! let answer = host.call(handle, Request::default().over_http("GET", "/?id=7")).unwrap();
//! assert_eq!(answer.read_json::<Value>().unwrap(), json!({"name": "Ada"}));
//! assert_eq!(host.logs()[0].message, "asking for 7");
//! ```

mod sent;

use crate::host::simulated;
use crate::invoke::IntoRequest;
use crate::log::Level;
use crate::{Channel, Context, Handler, Principal, Request, Response, Result, amqp, redis};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, SystemTime};

pub use sent::{Answered, Postponed, Sent, Statement};

/// One record of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// How much it matters.
    pub level: Level,
    /// The module that wrote it.
    pub logger: String,
    /// What it says.
    pub message: String,
}

type Mock<I, O> = Box<dyn Fn(I) -> Result<O>>;
type Mocks<I, O> = BTreeMap<String, Mock<I, O>>;

/// What a simulated host knows, and what it was told.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) http: Mocks<Sent, Response>,
    pub(crate) sql: Mocks<Statement, Answered>,
    pub(crate) redis: Mocks<Vec<String>, redis::Reply>,
    pub(crate) amqp: Mocks<amqp::Message, ()>,
    pub(crate) services: Mocks<Request, Response>,
    pub(crate) logs: RefCell<Vec<Record>>,
    pub(crate) answer: RefCell<Option<Response>>,
    pub(crate) later: RefCell<Vec<Postponed>>,
    pub(crate) locks: RefCell<simulated::lock::Locks>,
    pub(crate) caches: RefCell<simulated::cache::Caches>,
}

/// A simulated host. Everything that a service may use has to be given to it; the rest answers `not-found`. Locks and caches are there:
/// locks are free, and what a cache is given it has for as long as the host is there.
pub struct Host {
    state: Rc<State>,
    context: crate::bindings::caisson::service::types::Context,
}

impl Default for Host {
    fn default() -> Self {
        Self::new()
    }
}

impl Host {
    /// A host with nothing in it. Services are called as `test`, by nobody in particular, with a minute to answer.
    #[must_use]
    pub fn new() -> Self {
        let deadline = SystemTime::now() + Duration::from_secs(60);
        let deadline = deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self {
            state: Rc::default(),
            context: crate::bindings::caisson::service::types::Context {
                cid: "test".to_owned(),
                service: "test".to_owned(),
                version: 1,
                channel: Channel {
                    name: "test".to_owned(),
                    kind: "test".to_owned(),
                    data_format: None,
                    path_over_query: true,
                    url_over_body: None,
                },
                principal: None,
                peer: None,
                deadline_ms: u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX),
                attempt: 1,
                traceparent: None,
                tracestate: None,
                in_reply_to: None,
                environ: None,
            },
        }
    }

    /// Simulates an HTTP connection.
    #[must_use]
    pub fn http(self, name: &str, answer: impl Fn(Sent) -> Result<Response> + 'static) -> Self {
        self.with(|state| drop(state.http.insert(name.to_owned(), Box::new(answer))))
    }

    /// Simulates an SQL connection. A transaction shows as the statements `begin`, `commit` and `rollback`; what they are answered
    /// does not matter, unless it is an error.
    #[must_use]
    pub fn sql<A: Into<Answered>>(
        self,
        name: &str,
        answer: impl Fn(Statement) -> Result<A> + 'static,
    ) -> Self {
        let answer = move |statement| answer(statement).map(Into::into);
        self.with(|state| drop(state.sql.insert(name.to_owned(), Box::new(answer))))
    }

    /// Simulates a Redis connection. Scripts show as the command `EVAL`.
    #[must_use]
    pub fn redis(self, name: &str, answer: impl Fn(&[&str]) -> Result<redis::Reply> + 'static) -> Self {
        let answer = move |command: Vec<String>| {
            let command: Vec<_> = command.iter().map(String::as_str).collect();
            answer(&command)
        };
        self.with(|state| drop(state.redis.insert(name.to_owned(), Box::new(answer))))
    }

    /// Simulates an AMQP connection.
    #[must_use]
    pub fn amqp(self, name: &str, publish: impl Fn(amqp::Message) -> Result<()> + 'static) -> Self {
        self.with(|state| drop(state.amqp.insert(name.to_owned(), Box::new(publish))))
    }

    /// Simulates another service.
    #[must_use]
    pub fn service(self, name: &str, answer: impl Fn(Request) -> Result<Response> + 'static) -> Self {
        self.with(|state| drop(state.services.insert(name.to_owned(), Box::new(answer))))
    }

    /// Somebody else holds this lock all the time.
    #[must_use]
    pub fn busy(self, lock: &str) -> Self {
        self.with(|state| state.locks.get_mut().busy.push(lock.to_owned()))
    }

    /// Calls are made by this authenticated caller.
    #[must_use]
    pub fn principal(mut self, name: &str) -> Self {
        self.context.principal = Some(Principal {
            name: name.to_owned(),
            definition: "test".to_owned(),
            kind: "basic-auth".to_owned(),
            claims: None,
        });
        self
    }

    /// Calls are this delivery of their message.
    #[must_use]
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.context.attempt = attempt;
        self
    }

    /// The context that services are given.
    #[must_use]
    pub fn context(&self) -> Context {
        Context::new(self.context.clone())
    }

    /// Calls a service as the host does, from the message to the answer.
    ///
    /// # Errors
    ///
    /// What the service answers as its error.
    pub fn call<A>(&self, service: impl Handler<A>, message: impl IntoRequest) -> Result<Response> {
        let request = message.into_request()?;
        self.run(service.call(self.context(), request))
    }

    /// Runs any future within this host, to its end, as if it answered a message: a lock that is still held then is free.
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        let _within = simulated::enter(&self.state);
        let output = block_on(future);
        self.state.locks.borrow_mut().end();
        output
    }

    /// What was logged, in order.
    #[must_use]
    pub fn logs(&self) -> Vec<Record> {
        self.state.logs.borrow().clone()
    }

    /// The calls in the background that were asked for, in order. None is made.
    #[must_use]
    pub fn later(&self) -> Vec<Postponed> {
        self.state.later.borrow().clone()
    }

    /// Names of the locks that were taken, in order.
    #[must_use]
    pub fn locks(&self) -> Vec<String> {
        self.state.locks.borrow().taken.clone()
    }

    /// The answer that was made in pieces, put together; nothing if none was begun.
    #[must_use]
    pub fn pieces(&self) -> Option<Response> {
        self.state.answer.borrow().clone()
    }

    /// Only a host that does not run yet is given more, so its state is not shared.
    fn with(mut self, change: impl FnOnce(&mut State)) -> Self {
        if let Some(state) = Rc::get_mut(&mut self.state) {
            change(state);
        }
        self
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("context", &self.context).finish_non_exhaustive()
    }
}

/// Wakes the thread that runs a future.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = std::task::Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::park();
    }
}
