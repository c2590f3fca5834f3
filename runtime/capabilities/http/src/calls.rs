//! Calls through the layers: whole answers, answers in pieces, bodies in pieces. Knows no WebAssembly.

use crate::client::{Answer, Client, Outgoing, PIECE, Payload, Pieces};
use crate::error;
use bytes::Bytes;
use caisson_capability::{Attempt, Call, Error, ErrorKind, Fault, Field, Lease, grant};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;

/// The one operation that grants can name.
pub(crate) const SEND: &str = "send";

/// What a service wants to be sent.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Upper case.
    pub method: String,
    /// A template that goes on from the connection's own path, or a whole URL.
    pub path: String,
    /// For the template; the rest becomes the query.
    pub params: Vec<Field>,
    /// In addition to the connection's own.
    pub headers: Vec<Field>,
    /// The body, if there is one.
    pub body: Option<Bytes>,
    /// A shorter limit than the connection's.
    pub timeout: Option<Duration>,
}

/// An answer as a whole.
#[derive(Clone, Debug)]
pub struct Response {
    /// Any status is an answer.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<Field>,
    /// Decompressed.
    pub body: Vec<u8>,
}

/// An answer whose body is still to come.
#[derive(Debug)]
pub struct Incoming {
    /// Any status is an answer.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<Field>,
    /// What is to come.
    pub body: Body,
}

/// Sends a request and waits for the whole answer.
///
/// # Errors
///
/// What the layers say; that the request makes no sense, the other side is not there, or its answer is larger than it may be.
///
/// # Cancel safety
///
/// Dropping the future breaks the request off.
pub async fn send(lease: &Lease<Client>, request: Request) -> Result<Response, Error> {
    let outgoing = prepare(lease, &request, payload(&request))?;
    let received = perform(lease, &outgoing, request.timeout, true, None).await?;
    let Content::Whole(body) = received.content else {
        return Err(Error::new(ErrorKind::Internal, "an answer was to be whole and is not"));
    };
    Ok(Response { status: received.status, headers: received.headers, body })
}

/// Sends a request and waits for the head of the answer.
///
/// # Errors
///
/// As [`send`].
pub async fn open(lease: &Lease<Client>, request: Request) -> Result<Incoming, Error> {
    let outgoing = prepare(lease, &request, payload(&request))?;
    perform(lease, &outgoing, request.timeout, false, None).await.map(|received| received.incoming(lease))
}

/// Begins a request whose body comes in pieces.
///
/// # Errors
///
/// As [`send`], as far as the request came; `invalid-input` if it has a body already.
pub async fn begin(lease: &Lease<Client>, request: Request) -> Result<Upload, Error> {
    if request.body.is_some() {
        return Err(error::unfit("the body comes in pieces: leave out the one in the request"));
    }
    let (pieces, source) = mpsc::channel(WAITING);
    let stream = futures_util::stream::unfold(source, |mut source| async {
        match source.recv().await {
            Some(Piece::Data(bytes)) => Some((Ok(Frame::data(bytes)), source)),
            Some(Piece::End) => None,
            None => Some((Err(io::Error::other("the body was broken off")), source)),
        }
    });
    let body = Arc::new(Mutex::new(Some(StreamBody::new(stream).boxed_unsync())));
    let outgoing = prepare(lease, &request, Payload::Pieces(body))?;
    let (started, start) = oneshot::channel();
    let (held, limit) = (lease.clone(), request.timeout);
    let task = AbortOnDropHandle::new(tokio::spawn(async move {
        let received = perform(&held, &outgoing, limit, false, Some(started)).await?;
        Ok(received.incoming(&held))
    }));
    match start.await {
        Ok(attempt) => Ok(Upload(Mutex::new(Some(Running { pieces, task, attempt })))),
        // It ended before it began, and says why.
        Err(_) => match task.await {
            Ok(Err(error)) => Err(error),
            Ok(Ok(_)) | Err(_) => Err(Error::new(ErrorKind::Internal, "the request ended before it began")),
        },
    }
}

/// Pieces that may wait for a slow other side.
const WAITING: usize = 1;

enum Piece {
    Data(Bytes),
    End,
}

fn payload(request: &Request) -> Payload {
    request.body.clone().map_or(Payload::None, Payload::Whole)
}

/// Makes the request, if the grants allow this one.
fn prepare(lease: &Lease<Client>, request: &Request, body: Payload) -> Result<Outgoing, Error> {
    let outgoing = lease.client().outgoing(request, lease.invocation(), body)?;
    let (method, path) = (outgoing.method.as_str(), outgoing.shown.as_str());
    let mut allowing = lease.granted().allowing(SEND).peekable();
    // What no grant allows at all is refused by the layers.
    if allowing.peek().is_some() && !allowing.any(|grant| within(grant, method, path)) {
        let shown: String = path.chars().take(200).collect();
        let add = format!("methods: [{method}], paths: [\"{shown}\"]");
        lease.refuse_part(SEND, &format!("{method} {shown}"), &add)?;
    }
    Ok(outgoing)
}

fn within(grant: &grant::Grant, method: &str, path: &str) -> bool {
    let one_of = |name: &str, fits: &dyn Fn(&str) -> bool| match grant.restrictions.get(name) {
        None => true,
        Some(list) => {
            list.as_array().is_some_and(|list| list.iter().filter_map(|one| one.as_str()).any(fits))
        }
    };
    one_of("methods", &|one| one == method) && one_of("paths", &|one| grant::matches(one, path))
}

struct Received {
    status: u16,
    headers: Vec<Field>,
    content: Content,
}

enum Content {
    Whole(Vec<u8>),
    Live(Pieces, Attempt<Client>),
}

impl Received {
    fn incoming(self, lease: &Lease<Client>) -> Incoming {
        let state = match self.content {
            Content::Live(pieces, attempt) => State::Open(Live { pieces, attempt, _lease: lease.clone() }),
            Content::Whole(_) => State::Ended,
        };
        Incoming { status: self.status, headers: self.headers, body: Body(Mutex::new(state)) }
    }

    fn of(answer: Answer, body: Vec<u8>) -> Self {
        Self { status: answer.status, headers: answer.headers, content: Content::Whole(body) }
    }
}

/// Sends through the layers.
async fn perform(
    lease: &Lease<Client>,
    outgoing: &Outgoing,
    limit: Option<Duration>,
    whole: bool,
    started: Option<oneshot::Sender<Attempt<Client>>>,
) -> Result<Received, Error> {
    let started = Mutex::new(started);
    // The answer of the last attempt, whose status asked for another one.
    let last = Mutex::new(None);
    let call = Call::of(SEND).idempotent(outgoing.idempotent()).timeout(limit);
    let outcome = lease
        .call(call, async |attempt| {
            drop(lock(&last).take());
            if let Some(started) = lock(&started).take() {
                drop(started.send(attempt.clone()));
            }
            let received = once(outgoing, &attempt, whole).await?;
            if outgoing.idempotent() && attempt.retries(received.status) {
                let error = unwell(&received);
                *lock(&last) = Some(received);
                return Err(error);
            }
            Ok(received)
        })
        .await;
    outcome.or_else(|error| last.into_inner().unwrap_or_else(PoisonError::into_inner).ok_or(error))
}

async fn once(outgoing: &Outgoing, attempt: &Attempt<Client>, whole: bool) -> Result<Received, Error> {
    attempt.sent(outgoing.bytes());
    let mut answer = attempt.exchange(outgoing, attempt.deadline).await?;
    if !whole {
        let Answer { status, headers, body } = answer;
        return Ok(Received { status, headers, content: Content::Live(body, attempt.clone()) });
    }
    let mut all = Vec::new();
    while let Some(piece) = answer.body.next(PIECE).await? {
        attempt.received(piece.len());
        all.extend_from_slice(&piece);
    }
    Ok(Received::of(answer, all))
}

/// For the retry policy and the breaker only: a service is given the answer.
fn unwell(received: &Received) -> Error {
    let text = format!("the other side answered {}", received.status);
    let error = error::away("status", &text);
    let after = received.headers.iter().find(|(name, _)| name == "retry-after");
    match after.and_then(|(_, value)| wait(value)) {
        Some(wait) => error.retry_after(wait),
        None => error,
    }
}

/// Seconds, or a date.
fn wait(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(value.trim()).ok()?;
    let at = Duration::from_secs(u64::try_from(date.timestamp().as_second()).ok()?);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Some(at.saturating_sub(now))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The body of an answer. Dropping it before its end gives up the rest, and its connection.
#[derive(Debug)]
pub struct Body(Mutex<State>);

#[derive(Debug)]
enum State {
    Open(Live),
    /// Being read, or given up while it was.
    Away,
    Ended,
}

#[derive(Debug)]
struct Live {
    pieces: Pieces,
    attempt: Attempt<Client>,
    /// A connection that was replaced is closed after this.
    _lease: Lease<Client>,
}

/// A body that was taken out to be read.
#[derive(Debug)]
pub struct Reading(Option<Live>);

impl Body {
    /// Takes the body out for one read; [`Body::put`] puts it back.
    ///
    /// # Errors
    ///
    /// `conflict`: it is being read, or a read of it was broken off.
    pub fn take(&self) -> Result<Reading, Error> {
        let mut state = lock(&self.0);
        match std::mem::replace(&mut *state, State::Away) {
            State::Open(live) => Ok(Reading(Some(live))),
            State::Ended => {
                *state = State::Ended;
                Ok(Reading(None))
            }
            State::Away => Err(Error::new(
                ErrorKind::Conflict,
                "this body is being read, or a read of it was broken off",
            )
            .fault(Fault::Service)),
        }
    }

    /// Puts it back.
    pub fn put(&self, reading: Reading) {
        *lock(&self.0) = reading.0.map_or(State::Ended, State::Open);
    }

    /// The next piece, of at most `most` bytes; nothing at the end.
    ///
    /// # Errors
    ///
    /// That the other side went away, was slow, or sent more than it may.
    pub async fn read(&self, most: u32) -> Result<Option<Bytes>, Error> {
        let (reading, piece) = self.take()?.next(most).await;
        self.put(reading);
        piece
    }
}

impl Reading {
    /// Reads a piece. After an error there is nothing more.
    pub async fn next(mut self, most: u32) -> (Self, Result<Option<Bytes>, Error>) {
        if most == 0 {
            return (self, Err(error::unfit("a piece of at most 0 bytes is none: ask for more")));
        }
        let Some(live) = &mut self.0 else { return (self, Ok(None)) };
        let piece = live.pieces.next(usize::try_from(most).unwrap_or(PIECE)).await;
        match &piece {
            Ok(Some(bytes)) => live.attempt.received(bytes.len()),
            Ok(None) | Err(_) => self.0 = None,
        }
        (self, piece)
    }
}

/// A request whose body is still made. Dropping it breaks the request off.
#[derive(Debug)]
pub struct Upload(Mutex<Option<Running>>);

struct Running {
    pieces: mpsc::Sender<Piece>,
    task: AbortOnDropHandle<Result<Incoming, Error>>,
    attempt: Attempt<Client>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").finish_non_exhaustive()
    }
}

impl Upload {
    /// Sends a piece. The future does not hold on to the upload.
    pub fn write(&self, piece: Bytes) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let running = lock(&self.0).as_ref().map(|running| (running.pieces.clone(), running.attempt.clone()));
        async move {
            let (pieces, attempt) = running.ok_or_else(finished)?;
            let size = piece.len();
            let more = "the other side takes no more of the body: finish the upload to read its answer";
            pieces.send(Piece::Data(piece)).await.map_err(|_| error::broken("closed", more))?;
            attempt.sent(size);
            Ok(())
        }
    }

    /// Ends the body and waits for the answer. Once only. The future does not hold on to the upload.
    pub fn finish(&self) -> impl Future<Output = Result<Incoming, Error>> + Send + use<> {
        let running = lock(&self.0).take();
        async move {
            let Running { pieces, task, .. } = running.ok_or_else(finished)?;
            // Who has the answer already reads no more of the body.
            drop(pieces.send(Piece::End).await);
            task.await.map_err(|error| {
                Error::new(ErrorKind::Internal, "the request was broken off").source(error)
            })?
        }
    }
}

fn finished() -> Error {
    error::unfit("this upload is finished")
}
