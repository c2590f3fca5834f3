//! What a connection is busy with, and hence when it has been quiet for too long.
//!
//! One set of atomics a connection instead of one timer a request: the hot path stores a number, and the only timer
//! ([`Watchdog`]) is moved when a deadline comes earlier than it was, which a well-behaved client never causes.

use crate::HttpOptions;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// How long a closed connection stays to swallow what the client was still sending. Closing a socket with unread
/// bytes resets it, and the client would lose the answer (413, 431) that explains why.
const LINGER: Duration = Duration::from_secs(2);

/// Most bytes swallowed that way.
const LINGER_BYTES: usize = 16 * 1024 * 1024;

/// A moment that is not set.
const NEVER: u64 = u64::MAX;

/// Why a connection has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// The head of a request did not arrive in time.
    Head,
    /// No request for too long.
    Idle,
    /// The client takes nothing of what is sent to it.
    Stalled,
    /// It was being closed and that takes too long.
    Linger,
}

/// The state of one connection. Relaxed atomics: each is read for its own sake, and a timeout that is late by one
/// wake-up is no harm.
#[derive(Debug)]
pub(crate) struct Activity {
    started: Instant,
    header_timeout: Duration,
    idle_timeout: Duration,
    in_flight: AtomicU32,
    /// Bytes of a head have arrived, but not all of it.
    in_head: AtomicBool,
    /// When the head began or the last request ended.
    since: AtomicU64,
    /// When the client stopped taking bytes.
    blocked: AtomicU64,
    /// When closing began.
    closing: AtomicU64,
    /// On HTTP/2 bytes between requests are frames of the connection, no head.
    http2: AtomicBool,
    /// A request's body was not read to its end.
    unread: AtomicBool,
}

impl Activity {
    pub(crate) fn new(options: &HttpOptions) -> Arc<Self> {
        Arc::new(Self {
            started: Instant::now(),
            header_timeout: options.header_timeout,
            idle_timeout: options.idle_timeout,
            in_flight: AtomicU32::new(0),
            // A new connection owes its first head right away.
            in_head: AtomicBool::new(true),
            since: AtomicU64::new(0),
            blocked: AtomicU64::new(NEVER),
            closing: AtomicU64::new(NEVER),
            http2: AtomicBool::new(false),
            unread: AtomicBool::new(false),
        })
    }

    /// A request has begun; it ends when the guard is dropped.
    pub(crate) fn begin(self: &Arc<Self>, http2: bool) -> InFlight {
        self.in_flight.fetch_add(1, Relaxed);
        self.in_head.store(false, Relaxed);
        if http2 {
            self.http2.store(true, Relaxed);
        }
        InFlight(Arc::clone(self))
    }

    /// A request's body will not be read to its end.
    pub(crate) fn left_unread(&self) {
        self.unread.store(true, Relaxed);
    }

    /// Whether a request's body was not read to its end, so that an HTTP/1 connection cannot go on.
    pub(crate) fn has_unread(&self) -> bool {
        self.unread.load(Relaxed)
    }

    /// Closing has begun.
    pub(crate) fn close(&self) {
        // The first moment counts, so that nothing prolongs the end.
        if self.closing.load(Relaxed) == NEVER {
            self.closing.store(self.now(), Relaxed);
        }
    }

    fn received(&self) {
        if self.in_flight.load(Relaxed) == 0 && !self.in_head.load(Relaxed) && !self.http2.load(Relaxed) {
            self.since.store(self.now(), Relaxed);
            self.in_head.store(true, Relaxed);
        }
    }

    fn blocked(&self) {
        if self.blocked.load(Relaxed) == NEVER {
            self.blocked.store(self.now(), Relaxed);
        }
    }

    fn unblocked(&self) {
        if self.blocked.load(Relaxed) != NEVER {
            self.blocked.store(NEVER, Relaxed);
        }
    }

    /// When the connection has to go if nothing changes, and why.
    fn due(&self) -> Option<(Instant, Due)> {
        let at = |millis: u64, timeout: Duration| self.started + Duration::from_millis(millis) + timeout;
        let closing = self.closing.load(Relaxed);
        if closing != NEVER {
            return Some((at(closing, LINGER), Due::Linger));
        }
        let blocked = self.blocked.load(Relaxed);
        if blocked != NEVER {
            return Some((at(blocked, self.idle_timeout), Due::Stalled));
        }
        if self.in_flight.load(Relaxed) > 0 {
            return None;
        }
        let since = self.since.load(Relaxed);
        Some(if self.in_head.load(Relaxed) {
            (at(since, self.header_timeout), Due::Head)
        } else {
            (at(since, self.idle_timeout), Due::Idle)
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(NEVER - 1)
    }
}

/// A request in flight.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Activity>);

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.0.in_flight.fetch_sub(1, Relaxed) == 1 {
            self.0.since.store(self.0.now(), Relaxed);
        }
    }
}

/// Resolves when the connection has been quiet for too long. To be polled whenever the connection is.
pub(crate) struct Watchdog<'a> {
    activity: &'a Activity,
    sleep: Pin<Box<Sleep>>,
}

impl<'a> Watchdog<'a> {
    pub(crate) fn new(activity: &'a Activity) -> Self {
        Self { activity, sleep: Box::pin(sleep_until(activity.started + activity.header_timeout)) }
    }
}

impl Future for Watchdog<'_> {
    type Output = Due;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Due> {
        let activity = self.activity;
        loop {
            let due = activity.due();
            if let Some((at, _)) = due
                && at < self.sleep.deadline()
            {
                self.sleep.as_mut().reset(at);
            }
            ready!(self.sleep.as_mut().poll(cx));
            let now = Instant::now();
            match due {
                Some((at, why)) if at <= now => return Poll::Ready(why),
                Some((at, _)) => self.sleep.as_mut().reset(at),
                // Busy. An HTTP/2 request may end in another task without waking this one, hence look again.
                None => self.sleep.as_mut().reset(now + activity.idle_timeout.max(LINGER)),
            }
        }
    }
}

/// A stream that tells [`Activity`] what passes.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
    swallowed: usize,
}

impl<S> Watched<S> {
    pub(crate) fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self { stream, activity, swallowed: 0 }
    }

    fn note<T>(&self, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_pending() {
            self.activity.blocked();
        } else {
            self.activity.unblocked();
        }
        written
    }
}

impl<S: AsyncRead + Unpin> Watched<S> {
    /// Reads and forgets until the client has closed its side or has had enough patience.
    fn poll_swallow(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut scratch = [0_u8; 8 * 1024];
        while self.swallowed < LINGER_BYTES {
            let mut buffer = ReadBuf::new(&mut scratch);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                break;
            }
            self.swallowed += buffer.filled().len();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            self.activity.received();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.note(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.activity.close();
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        // A head that is still open here was refused (malformed, too large).
        if self.activity.has_unread() || self.activity.in_head.load(Relaxed) {
            return self.poll_swallow(cx);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
