//! One connection from its first byte to its last.

use crate::activity::{Activity, Due, InFlight, Watchdog, Watched};
use crate::body::BodyError;
use crate::facts::ConnectionFacts;
use crate::{HttpOptions, Tls};
use axum::Router;
use axum::body::Body;
use caisson_security::ClientCertificate;
use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response, Version};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use std::convert::Infallible;
use std::error::Error as StdError;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::Service as _;

/// hyper's smallest read buffer.
const MIN_HEADER_BYTES: usize = 8 * 1024;

/// hyper's own limit; naming another one makes it allocate for every request, so it is named only when it differs.
const HYPER_MAX_HEADERS: usize = 100;

/// Most requests at a time on one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;

/// How a listener tells its connections to stop: a change means to finish the requests in flight and take no new ones,
/// the loss of the sender to go at once. So connections never outlive their listener, however it ends.
pub(crate) type Stop = watch::Receiver<()>;

/// What all connections of a listener share.
pub(crate) struct Connections {
    builder: Builder<TokioExecutor>,
    router: Router,
    options: HttpOptions,
}

impl Connections {
    pub(crate) fn new(router: Router, options: HttpOptions) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        // Timeouts of heads and idle connections are kept by `Activity`: hyper has one for both, and no idle one.
        builder
            .http1()
            .header_read_timeout(None)
            .max_buf_size(options.max_header_bytes.max(MIN_HEADER_BYTES));
        if options.max_headers != HYPER_MAX_HEADERS {
            builder.http1().max_headers(options.max_headers);
        }
        let header_bytes = u32::try_from(options.max_header_bytes).unwrap_or(u32::MAX);
        builder.http2().max_header_list_size(header_bytes).max_concurrent_streams(MAX_STREAMS);
        Self { builder, router, options }
    }

    /// Serves one connection until it is closed, by either side.
    pub(crate) async fn serve(&self, stream: TcpStream, peer: IpAddr, tls: Option<&Tls>, mut stop: Stop) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection will be slower: TCP_NODELAY was refused");
        }
        let mut facts = ConnectionFacts { peer: Some(peer.to_canonical()), certificate: None };
        let Some(tls) = tls else { return self.converse(stream, facts, stop).await };
        let handshake = TlsAcceptor::from(tls.config()).accept(stream);
        let stream = tokio::select! {
            done = timeout(self.options.header_timeout, handshake) => match done {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => {
                    tracing::debug!(%error, "a TLS handshake failed");
                    return;
                }
                Err(_) => {
                    tracing::debug!("a TLS handshake took too long (limit header_timeout)");
                    return;
                }
            },
            // Nothing is in flight yet that would have to be finished.
            _ = stop.changed() => return,
        };
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        match shown.map(|der| ClientCertificate::from_der(der)).transpose() {
            Ok(certificate) => facts.certificate = certificate.map(Arc::new),
            Err(error) => {
                tracing::debug!(%error, detail = error.detail, "a connection was refused");
                return;
            }
        }
        self.converse(stream, facts, stop).await;
    }

    /// Requests and answers, over whatever carries them.
    async fn converse<S>(&self, stream: S, facts: ConnectionFacts, mut stop: Stop)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let activity = Activity::new(&self.options);
        let io = TokioIo::new(Watched::new(stream, Arc::clone(&activity)));
        let body_timeout = self.options.body_timeout;
        let service = service_fn(|mut request: Request<Incoming>| {
            request.extensions_mut().insert(facts.clone());
            answer(self.router.clone(), request, Arc::clone(&activity), body_timeout)
        });
        let mut connection = pin!(self.builder.serve_connection(io, service));
        let mut watchdog = Watchdog::new(&activity);
        loop {
            tokio::select! {
                biased;
                result = connection.as_mut() => {
                    if let Err(error) = result {
                        tracing::debug!(error = error.as_ref(), "a connection ended early");
                    }
                    return;
                }
                due = &mut watchdog => {
                    tracing::debug!(?due, "a connection was quiet for too long");
                    if due != Due::Idle {
                        return;
                    }
                    activity.close();
                    connection.as_mut().graceful_shutdown();
                }
                changed = stop.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

/// Hands a request to the router, and keeps account of what is in flight.
async fn answer(
    mut router: Router,
    request: Request<Incoming>,
    activity: Arc<Activity>,
    body_timeout: Duration,
) -> Result<Response<Outbound>, Infallible> {
    let http2 = request.version() >= Version::HTTP_2;
    let in_flight = activity.begin(http2);
    let request = request.map(|body| inbound(body, &activity, body_timeout));
    let mut response = router.call(request).await?;
    if !http2 && activity.has_unread() {
        // What is left of the body stands where the next head should: tell the client rather than just hang up.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response.map(|body| Outbound { body, _in_flight: in_flight }))
}

fn inbound(body: Incoming, activity: &Arc<Activity>, timeout: Duration) -> Body {
    if http_body::Body::is_end_stream(&body) {
        return Body::empty();
    }
    Body::new(Inbound { body, activity: Arc::clone(activity), timeout, timer: None, ended: false })
}

/// A request's body: with a time limit, and telling the connection when it was not read to its end.
struct Inbound {
    body: Incoming,
    activity: Arc<Activity>,
    timeout: Duration,
    /// Set when the body is first waited for; most have arrived together with the head.
    timer: Option<Pin<Box<Sleep>>>,
    ended: bool,
}

impl http_body::Body for Inbound {
    type Data = bytes::Bytes;
    type Error = Box<dyn StdError + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.ended = frame.is_none();
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let timeout = self.timeout;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(timeout)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Some(Err(BodyError::TimedOut { after: timeout }.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Inbound {
    fn drop(&mut self) {
        if !http_body::Body::is_end_stream(self) {
            self.activity.left_unread();
        }
    }
}

/// An answer's body: the request is in flight until it is sent or given up.
struct Outbound {
    body: Body,
    _in_flight: InFlight,
}

impl http_body::Body for Outbound {
    type Data = bytes::Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
