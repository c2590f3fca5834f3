//! The way of a request: one list of layers.
//!
//! A layer is a struct around the next one with one `async fn`: what stands before the `await` happens on the way in,
//! what stands after it on the way out. The whole stack is one future without a box in it. Layers return errors;
//! only the outermost one, `Id`, turns them into answers (through `respond`).

use crate::access::Access;
use crate::answer::Shape;
use crate::dispatch::Dispatch;
use crate::facts::ConnectionFacts;
use crate::respond::Form;
use crate::routes::{Lead, Methods, Rules, Table, Target};
use crate::{HttpOptions, cors, respond, routes, trace};
use axum::Router;
use axum::body::Body;
use caisson_capability::{
    Cid, Deadline, Error, ErrorKind, Fault, Field, Invoker, Principal, Response, Trace,
};
use futures_util::FutureExt as _;
use http::header::{ALLOW, CONTENT_LENGTH};
use http::{Method, Request, request};
use std::any::Any;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

/// How much later than the deadline the channel itself gives up. The invoker keeps the deadline, and only it can say
/// which limit was reached; this is for an invoker that does not come back.
const GRACE: Duration = Duration::from_secs(1);

/// The channel's router: all paths lead through the layers to the routes.
///
/// It sets no limits on connections; serve it with a [`Listener`](crate::Listener), which does, and which says where
/// requests come from ([`ConnectionFacts`]). `table` is a [`Table`] whose routes may be swapped, or
/// [`Routes`](crate::Routes) that stay.
pub fn router(invoker: Arc<dyn Invoker>, table: impl Into<Arc<Table>>, options: &HttpOptions) -> Router {
    let table: Arc<Table> = table.into();
    let stack = Arc::new(stack(Dispatch::new(invoker, table.services()), table, options));
    Router::new().fallback_service(tower::service_fn(move |request: Request<Body>| {
        let stack = Arc::clone(&stack);
        async move { Ok::<_, Infallible>(stack.answer(request).await) }
    }))
}

/// The list, in the order in which a request meets it.
fn stack<H: Handle<Exchange>>(
    handler: H,
    table: Arc<Table>,
    options: &HttpOptions,
) -> Id<impl Handle<Box<Arrival>>> {
    // Outside everything: each answer carries the id, that of an error too.
    Id(Tracing(
        // Before all that costs anything: a path that leads nowhere is not worth reading a body for, and the layers
        // below work with the limits of the channel that was found.
        Route {
            table,
            limits: Limits { max_body_bytes: options.max_body_bytes, timeout: options.request_timeout },
            // Around all that refuses: web pages may read errors too.
            next: Shape(Access(Size {
                max_headers: options.max_headers,
                // Around the panic layer, so that a panic is no reason to miss the deadline.
                next: KeepDeadline(CatchPanic(handler)),
            })),
        },
    ))
}

/// One layer, or the handler at the end.
pub(crate) trait Handle<T>: Send + Sync + 'static {
    fn handle(&self, input: T) -> impl Future<Output = Outcome> + Send;
}

/// What layers return.
pub(crate) type Outcome = Result<Response, Failure>;

/// An error on its way out.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Box<Error>,
    /// The service that was called, when it had come to that.
    pub(crate) service: Option<Arc<str>>,
    /// How it is said.
    pub(crate) form: Form,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error: Box::new(error), service: None, form: Form::Json }
    }
}

impl Failure {
    /// This, with what is known further out; what was known further in counts more.
    fn within(self, service: Arc<str>, form: Form) -> Self {
        let service = Some(service).filter(|service| !service.is_empty());
        Self { error: self.error, service: self.service.or(service), form: self.form.or(form) }
    }
}

/// A request before it is known where it leads.
///
/// Passed on in a box: each layer is a future that holds what it was given and then moves it into the next one, and
/// six moves of half a kilobyte cost more than one allocation (0.1 us of a request's 1.8 when it was measured).
pub(crate) struct Arrival {
    pub(crate) cid: Cid,
    pub(crate) trace: Trace,
    pub(crate) head: request::Parts,
    pub(crate) body: Body,
}

/// A request that leads to a service.
pub(crate) struct Exchange {
    pub(crate) arrival: Box<Arrival>,
    pub(crate) target: Arc<Target>,
    /// What the path's template captured, decoded.
    pub(crate) params: Vec<Field>,
    pub(crate) facts: ConnectionFacts,
    /// Who calls, once it is known.
    pub(crate) principal: Option<Arc<Principal>>,
    /// Why it is not, where the message itself may still say it.
    pub(crate) unsettled: Option<Box<Error>>,
    pub(crate) deadline: Deadline,
    pub(crate) max_body_bytes: u64,
}

// === Id ===

/// Gives the request its correlation id, and every outcome its form.
struct Id<H>(H);

impl<H: Handle<Box<Arrival>>> Id<H> {
    async fn answer(&self, request: Request<Body>) -> http::Response<Body> {
        let (head, body) = request.into_parts();
        let is_head = head.method == Method::HEAD;
        let cid = Cid::new();
        let arrival = Box::new(Arrival { cid: cid.clone(), trace: Trace::default(), head, body });
        let outcome = self.0.handle(arrival).await;
        respond::respond(outcome, &cid, is_head)
    }
}

// === Tracing ===

/// Takes over the caller's trace context.
struct Tracing<H>(H);

impl<H: Handle<Box<Arrival>>> Handle<Box<Arrival>> for Tracing<H> {
    async fn handle(&self, mut arrival: Box<Arrival>) -> Outcome {
        arrival.trace = trace::extract(&arrival.head.headers);
        self.0.handle(arrival).await
    }
}

// === Route ===

/// Finds where the request leads and the limits that hold there.
struct Route<H> {
    table: Arc<Table>,
    limits: Limits,
    next: H,
}

/// The limits of the server. Those of a channel may be lower.
struct Limits {
    max_body_bytes: u64,
    timeout: Duration,
}

impl<H: Handle<Exchange>> Handle<Box<Arrival>> for Route<H> {
    async fn handle(&self, mut arrival: Box<Arrival>) -> Outcome {
        let head = &mut arrival.head;
        let (target, params) = match self.table.find(&head.method, head.uri.path(), &head.headers)? {
            Lead::Service(target, params) => (target, params),
            Lead::Preflight(target) => return Ok(preflight(&target, head)),
            Lead::Options(methods) => return Ok(options(methods)),
            Lead::Document => {
                let document = self.table.document().ok_or_else(routes::not_found)?;
                return Ok(document.answer(&head.headers));
            }
        };
        let service = Arc::clone(&target.service);
        let form = target.endpoint().map_or(Form::Json, |soap| soap.form(&head.headers));
        let facts = head.extensions.remove().unwrap_or_default();
        let rules = target.rules.as_ref();
        let timeout = rules.and_then(|rules: &Rules| rules.timeout).unwrap_or(self.limits.timeout);
        let max_body = rules.and_then(|rules: &Rules| rules.max_body_bytes).unwrap_or(u64::MAX);
        let exchange = Exchange {
            arrival,
            params,
            facts,
            principal: None,
            unsettled: None,
            deadline: Deadline::after(timeout.min(self.limits.timeout)),
            max_body_bytes: max_body.min(self.limits.max_body_bytes),
            target,
        };
        let outcome = self.next.handle(exchange).await;
        outcome.map_err(|failure| failure.within(service, form))
    }
}

fn preflight(target: &Target, head: &request::Parts) -> Response {
    let asked = target.rules.as_ref().and_then(|rules| Some((rules.methods, rules.cors.as_ref()?)));
    asked.map_or_else(
        || options(Methods::default()),
        |(methods, cors)| cors::preflight(cors, methods, &head.headers),
    )
}

fn options(methods: Methods) -> Response {
    let headers = vec![(ALLOW.as_str().to_owned(), methods.names())];
    Response { status: 204, headers, ..Response::default() }
}

// === Size ===

/// Refuses what is known to be too large before anything of it is read.
struct Size<H> {
    max_headers: usize,
    next: H,
}

impl<H: Handle<Exchange>> Handle<Exchange> for Size<H> {
    async fn handle(&self, exchange: Exchange) -> Outcome {
        let headers = &exchange.arrival.head.headers;
        // HTTP/1 heads are counted while they are parsed; on HTTP/2 only their bytes are.
        if headers.len() > self.max_headers {
            let text = format!("the request has more than {} headers (limit max_headers)", self.max_headers);
            let mut error = Error::new(ErrorKind::QuotaExceeded, text).fault(Fault::Caller);
            error.status = Some(431);
            return Err(error.into());
        }
        let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let limit = exchange.max_body_bytes;
        if declared.is_some_and(|bytes| bytes > limit) {
            return Err(Error::from(crate::body::BodyError::TooLarge { limit }).into());
        }
        self.next.handle(exchange).await
    }
}

// === KeepDeadline ===

/// Gives up when the deadline has passed.
struct KeepDeadline<H>(H);

impl<H: Handle<Exchange>> Handle<Exchange> for KeepDeadline<H> {
    async fn handle(&self, exchange: Exchange) -> Outcome {
        let until = exchange.deadline.instant() + GRACE;
        // No timer is set unless the first poll of what is below has to wait.
        let Ok(outcome) = tokio::time::timeout_at(until, self.0.handle(exchange)).await else {
            let error =
                Error::new(ErrorKind::Timeout, "the service did not answer in time (limit request_timeout)")
                    .fault(Fault::Host)
                    .detail("the invocation outlived its deadline and was dropped by the channel");
            return Err(error.into());
        };
        outcome
    }
}

// === CatchPanic ===

/// Turns a panic into an answer, so that it costs one request and not the connection.
struct CatchPanic<H>(H);

impl<H: Handle<Exchange>> Handle<Exchange> for CatchPanic<H> {
    async fn handle(&self, exchange: Exchange) -> Outcome {
        // Nothing below is used again after a panic: the exchange is gone, and the handler has no state of its own.
        let panic = match AssertUnwindSafe(self.0.handle(exchange)).catch_unwind().await {
            Ok(outcome) => return outcome,
            Err(panic) => panic,
        };
        let error =
            Error::new(ErrorKind::Internal, "internal error").detail(format!("panic: {}", text_of(&*panic)));
        Err(error.into())
    }
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("of an unknown kind")
}
