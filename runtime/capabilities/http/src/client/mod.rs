//! HTTP without WebAssembly: requests out, answers in, over pooled connections.

mod answer;
mod auth;
mod connect;
mod headers;
mod target;

use crate::calls::Request;
use crate::config::{Config, Http2, seconds};
use crate::error;
use answer::Bounds;
pub(crate) use answer::{Answer, PIECE, Pieces};
use auth::Credentials;
use bytes::Bytes;
use caisson_capability::egress::{Egress, Resolve};
use caisson_capability::{BoxFuture, Connection, Deadline, Error, ErrorKind, Fault, Invocation, Problem};
use connect::{Connector, Gateway, Identity};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use target::{Base, Reach};
use url::{Origin, Url};

/// The body of a request.
pub(crate) type ReqBody = UnsyncBoxBody<Bytes, io::Error>;

/// A body that is there as a whole.
pub(crate) fn full(bytes: Bytes) -> ReqBody {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// A connection of the capability: a pool, and what the operator said of it.
pub struct Client {
    http: Http,
    reach: Reach,
    defaults: HeaderMap,
    credentials: Credentials,
    redirects: u8,
    retry_statuses: Vec<u16>,
    ping_path: String,
    timeout: Duration,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// A request, ready to be sent any number of times.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    /// What grants are compared with.
    pub(crate) shown: String,
    url: Url,
    headers: HeaderMap,
    body: Payload,
}

/// What is sent.
#[derive(Clone)]
pub(crate) enum Payload {
    None,
    Whole(Bytes),
    /// Comes in pieces, once only.
    Pieces(Arc<Mutex<Option<ReqBody>>>),
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Payload(..)")
    }
}

impl Payload {
    fn body(&self) -> Result<ReqBody, Error> {
        match self {
            Self::None => Ok(full(Bytes::new())),
            Self::Whole(bytes) => Ok(full(bytes.clone())),
            Self::Pieces(once) => {
                once.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or_else(|| {
                    Error::new(ErrorKind::Internal, "a body that comes in pieces was to be sent twice")
                })
            }
        }
    }

    fn repeatable(&self) -> bool {
        !matches!(self, Self::Pieces(_))
    }

    pub(crate) fn len(&self) -> usize {
        if let Self::Whole(bytes) = self { bytes.len() } else { 0 }
    }
}

impl Outgoing {
    /// Whether the request may be made twice (RFC 9110, section 9.2.2).
    pub(crate) fn idempotent(&self) -> bool {
        self.method.is_idempotent() && self.body.repeatable()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.body.len()
    }
}

impl Client {
    /// Makes one of its options. Opens nothing.
    ///
    /// # Errors
    ///
    /// All that is wrong with the options.
    pub fn new(config: &Config, timeout: Duration, resolver: Arc<dyn Resolve>) -> Result<Self, Vec<Problem>> {
        let base = config
            .url
            .as_deref()
            .map(Base::parse)
            .transpose()
            .map_err(|why| vec![Problem::at("url", why)])?;
        check(config, base.as_ref())?;
        let own = base.as_ref().map(Base::origin);
        let plain = Egress::new(config.networks.clone()).resolver(resolver);
        let identity = Arc::new(Identity::new(own, &config.tls, config.http2)?);
        let proxy =
            config.proxy.as_ref().map(|proxy| Gateway::new(proxy, plain.clone())).transpose()?.map(Arc::new);
        let make = |url: Option<&Url>, tls: Arc<Identity>| {
            let host = url.and_then(|url| Some((url.host_str()?, url.port_or_known_default()?)));
            let egress =
                host.map_or_else(|| plain.clone(), |(host, port)| plain.clone().trusting(host, port));
            Http::new(config, Arc::new(egress), tls, proxy.clone())
        };
        let http = make(base.as_ref().map(|base| &base.url), Arc::clone(&identity));
        let tokens = |url: &Url| make(Some(url), Arc::new(identity.owning(url.origin())));
        let credentials = Credentials::new(config.auth.as_ref(), tokens)?;
        let hosts = config.hosts.clone();
        Ok(Self {
            http,
            reach: Reach { base, any_host: config.any_host, hosts },
            defaults: defaults(config)?,
            credentials,
            redirects: config.redirects.max,
            retry_statuses: config.retry_statuses.clone(),
            ping_path: config.ping_path.clone(),
            timeout,
        })
    }

    /// Makes a request of what a service gave.
    pub(crate) fn outgoing(
        &self,
        request: &Request,
        invocation: &Invocation,
        body: Payload,
    ) -> Result<Outgoing, Error> {
        let method =
            Method::from_bytes(request.method.as_bytes()).ok().filter(|method| method != Method::CONNECT);
        let Some(method) = method else {
            return Err(error::unfit("the method is none that can be sent: write GET, POST, PUT, ..."));
        };
        let target = self.reach.target(&request.path, &request.params)?;
        let mut all = if self.at_home(&target.url) || self.reach.base.is_none() {
            self.defaults.clone()
        } else {
            HeaderMap::new()
        };
        let too_many = || {
            let text = "the headers of the request are more than header_bytes or header_count allow";
            error::too_much(text).fault(Fault::Service)
        };
        // Before the map has them: it panics at some tens of thousands.
        if request.headers.len() > self.http.bounds.header_count {
            return Err(too_many());
        }
        headers::merge(&mut all, &request.headers, self.credentials.header())?;
        headers::stamp(&mut all, invocation, self.http.bounds.compression);
        let size: usize = all.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if size > self.http.bounds.header_bytes || all.len() > self.http.bounds.header_count {
            return Err(too_many());
        }
        Ok(Outgoing { method, shown: target.shown, url: target.url, headers: all, body })
    }

    /// Whether a status asks for another attempt.
    pub(crate) fn retries(&self, status: u16) -> bool {
        self.retry_statuses.contains(&status)
    }

    fn at_home(&self, url: &Url) -> bool {
        self.own().is_some_and(|own| own == url.origin())
    }

    fn own(&self) -> Option<Origin> {
        self.reach.base.as_ref().map(Base::origin)
    }

    /// Sends a request, follows redirects, renews a token once.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future breaks the request off; its connection does not go back to the pool.
    pub(crate) async fn exchange(&self, outgoing: &Outgoing, deadline: Deadline) -> Result<Answer, Error> {
        let mut hop = Hop {
            method: outgoing.method.clone(),
            url: outgoing.url.clone(),
            headers: outgoing.headers.clone(),
            body: outgoing.body.clone(),
        };
        let (mut followed, mut renewed) = (0_u8, false);
        loop {
            let (mut url, mut headers) = (hop.url.clone(), hop.headers.clone());
            let at_home = self.at_home(&url);
            let token =
                if at_home { self.credentials.put(&mut url, &mut headers, deadline).await? } else { None };
            let how = Sending { whole: hop.body.repeatable(), again: outgoing.idempotent() };
            let answer = self.http.exchange(hop.request(&url, headers)?, deadline, how).await?;
            if answer.status == 401 && !renewed && hop.body.repeatable() {
                renewed = token.is_some_and(|token| self.credentials.renew(&token));
                if renewed {
                    continue;
                }
            }
            if self.redirects == 0 || !hop.redirected(&answer, &self.reach)? {
                return Ok(answer);
            }
            if followed == self.redirects {
                return Err(error::too_much("the other side redirects more often than redirects/max allows"));
            }
            followed += 1;
        }
    }
}

/// Where a request is on its way through redirects.
struct Hop {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Payload,
}

impl Hop {
    fn request(&self, url: &Url, headers: HeaderMap) -> Result<http::Request<ReqBody>, Error> {
        let uri: Uri =
            url.as_str().parse().map_err(|_| error::unfit("the URL is too long or none that can be sent"))?;
        let mut request = http::Request::new(self.body.body()?);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// Goes where a redirect says, if the answer is one that can be followed.
    fn redirected(&mut self, answer: &Answer, reach: &Reach) -> Result<bool, Error> {
        let mut locations = answer.headers.iter().filter(|(name, _)| name == "location");
        let (301 | 302 | 303 | 307 | 308, Some((_, location))) = (answer.status, locations.next()) else {
            return Ok(false);
        };
        // As all clients do (RFC 9110, section 15.4), though only 303 was meant so.
        let becomes_get = match answer.status {
            303 => self.method != Method::HEAD,
            301 | 302 => self.method == Method::POST,
            _ => false,
        };
        if !becomes_get && !self.body.repeatable() {
            return Ok(false);
        }
        let next = reach.redirect(&self.url, location)?;
        if becomes_get {
            self.method = Method::GET;
            self.body = Payload::None;
            for name in [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::CONTENT_LANGUAGE] {
                self.headers.remove(name);
            }
        }
        if next.origin() != self.url.origin() {
            self.headers = headers::abroad(&self.headers);
        }
        self.url = next;
        Ok(true)
    }
}

/// How a request is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sending {
    /// The body is there, so the answer may be waited for.
    pub(crate) whole: bool,
    /// It may be made twice.
    pub(crate) again: bool,
}

/// hyper's client with the limits of one connection.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: legacy::Client<Connector, ReqBody>,
    proxy: Option<Arc<Gateway>>,
    pub(crate) connect_timeout: Duration,
    pub(crate) bounds: Bounds,
}

impl Http {
    fn new(config: &Config, egress: Arc<Egress>, tls: Arc<Identity>, proxy: Option<Arc<Gateway>>) -> Self {
        let connect_timeout = seconds(config.connect_timeout_secs);
        let connector = Connector { egress, timeout: connect_timeout, tls, proxy: proxy.clone() };
        let client = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(config.pool.idle_secs))
            .pool_max_idle_per_host(usize::try_from(config.pool.max_idle).unwrap_or(usize::MAX))
            .http2_only(config.http2 == Http2::Always)
            .http1_max_headers(usize::from(config.header_count))
            .http1_max_buf_size(usize::try_from(config.header_bytes).unwrap_or(HEAD).max(HEAD))
            .http2_max_header_list_size(config.header_bytes)
            .build(connector);
        let bounds = Bounds {
            read_timeout: seconds(config.read_timeout_secs),
            bytes: config.answer_bytes,
            header_bytes: usize::try_from(config.header_bytes).unwrap_or(HEAD),
            header_count: usize::from(config.header_count),
            compression: config.compression,
        };
        Self { client, proxy, connect_timeout, bounds }
    }

    /// One request, one answer.
    pub(crate) async fn exchange(
        &self,
        mut request: http::Request<ReqBody>,
        deadline: Deadline,
        how: Sending,
    ) -> Result<Answer, Error> {
        let plain = request.uri().scheme() == Some(&http::uri::Scheme::HTTP);
        if let Some(value) =
            self.proxy.as_ref().filter(|_| plain).and_then(|proxy| proxy.authorization.clone())
        {
            request.headers_mut().insert(header::PROXY_AUTHORIZATION, value);
        }
        *request.version_mut() = Version::HTTP_11;
        let limit =
            if how.whole { self.connect_timeout + self.bounds.read_timeout } else { deadline.remaining() };
        let answer = match tokio::time::timeout(limit, self.client.request(request)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) if error.is_connect() => return Err(error::request(&error)),
            Ok(Err(error)) => return Err(error::sent(error::request(&error), how.again)),
            Err(_) => {
                let option = if how.whole { "read_timeout_secs" } else { "timeout_secs" };
                return Err(error::sent(error::late("the answer", option), how.again));
            }
        };
        Answer::new(answer, self.bounds, deadline, how.again)
    }
}

/// The least that hyper takes for a head.
const HEAD: usize = 8 << 10;

fn check(config: &Config, base: Option<&Base>) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    let plain = base.is_some_and(|base| base.url.scheme() == "http");
    if base.is_none() && !config.any_host {
        problems.push(Problem::at(
            "url",
            "it is missing: write where the connection leads, e.g. https://crm.example.com/api",
        ));
    }
    if base.is_none() && config.auth.is_some() {
        problems.push(Problem::at("auth", "credentials go to the url only, and there is none"));
    }
    if config.any_host && config.hosts.is_empty() {
        problems.push(Problem::at(
            "hosts",
            "any_host needs them: write patterns, e.g. [\"*.example.com\"], or [\"*\"] for all",
        ));
    }
    if !config.any_host && !config.hosts.is_empty() {
        problems.push(Problem::at("hosts", "they mean something with any_host: true only"));
    }
    if config.http2 == Http2::Always && config.proxy.is_some() && plain {
        problems.push(Problem::at("http2", "`always` does not go through a proxy without TLS: write auto"));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn defaults(config: &Config) -> Result<HeaderMap, Vec<Problem>> {
    let mut all = HeaderMap::new();
    let mut problems = Vec::new();
    for (name, value) in &config.headers {
        let place = format!("headers/{name}");
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes())) {
            (Ok(name), Ok(_)) if headers::reserved(&name) => {
                problems.push(Problem::at(place, "this header is set by the host; leave it out"));
            }
            (Ok(name), Ok(value)) => drop(all.insert(name, value)),
            (Err(_), _) => problems.push(Problem::at(place, "this is no name of a header")),
            (_, Err(_)) => {
                problems.push(Problem::at(place, "its value holds a line end or another control character"));
            }
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(problems) }
}

impl Connection for Client {
    fn ping(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            if self.reach.base.is_none() {
                return Ok(());
            }
            let target = self.reach.target(&self.ping_path, &[])?;
            let outgoing = Outgoing {
                method: Method::HEAD,
                shown: target.shown,
                url: target.url,
                headers: self.defaults.clone(),
                body: Payload::None,
            };
            let answer = self.exchange(&outgoing, Deadline::after(self.timeout)).await?;
            match answer.status {
                401 | 403 => {
                    let text = format!(
                        "the other side does not let us in: it answered {}; check auth",
                        answer.status
                    );
                    Err(Error::new(ErrorKind::Unauthenticated, text)
                        .fault(Fault::Host)
                        .code(answer.status.to_string()))
                }
                500.. => Err(error::away("status", &format!("the other side answered {}", answer.status))),
                _ => Ok(()),
            }
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        // Idle connections close with the pool, which goes with the last who holds it.
        Box::pin(async {})
    }
}
