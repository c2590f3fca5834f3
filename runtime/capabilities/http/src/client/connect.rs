//! From a host to a stream: the egress policy, TCP to exactly the addresses that passed it, the proxy, TLS.

use crate::config::{Http2, Proxy, Tls};
use crate::error;
use base64::Engine as _;
use caisson_capability::{BoxFuture, Egress, Error, ErrorKind, Fault, Problem};
use http::{HeaderValue, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{ConfigBuilderExt as _, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Origin, Url};

/// Makes the connections of one client.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    pub(crate) egress: Arc<Egress>,
    pub(crate) timeout: Duration,
    pub(crate) tls: Arc<Identity>,
    pub(crate) proxy: Option<Arc<Gateway>>,
}

/// TLS towards our own side of the world, and towards everybody else.
pub(crate) struct Identity {
    /// The one origin that our certificate is shown to, and that `server_name` is for.
    pub(crate) own: Option<Origin>,
    name: Option<ServerName<'static>>,
    with: Arc<ClientConfig>,
    without: Arc<ClientConfig>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Identity {
    pub(crate) fn new(own: Option<Origin>, tls: &Tls, http2: Http2) -> Result<Self, Vec<Problem>> {
        let name = match &tls.server_name {
            Some(name) => Some(
                ServerName::try_from(name.clone())
                    .map_err(|_| vec![Problem::at("tls/server_name", "this is no name of a host")])?,
            ),
            None => None,
        };
        let builder = || -> Result<_, Vec<Problem>> {
            let builder =
                ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                    .with_safe_default_protocol_versions()
                    .map_err(|_| vec![Problem::at("tls", "this server offers no version of TLS")])?;
            Ok(match &tls.ca {
                Some(pem) => builder.with_root_certificates(authorities(pem)?),
                // A machine without authorities accepts nobody, and says so at the first handshake.
                None => match builder.clone().with_native_roots() {
                    Ok(trusting) => trusting,
                    Err(_) => builder.with_root_certificates(RootCertStore::empty()),
                },
            })
        };
        let alpn: Vec<Vec<u8>> = match http2 {
            Http2::Auto => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            Http2::Never => vec![b"http/1.1".to_vec()],
            Http2::Always => vec![b"h2".to_vec()],
        };
        let mut without = builder()?.with_no_client_auth();
        without.alpn_protocols.clone_from(&alpn);
        let mut with = match (&tls.cert, &tls.key) {
            (Some(cert), Some(key)) => {
                let chain = chain("tls/cert", cert)?;
                let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
                    .map_err(|_| vec![Problem::at("tls/key", "this is no private key in PEM")])?;
                builder()?.with_client_auth_cert(chain, key).map_err(|_| {
                    vec![Problem::at("tls/key", "the key does not fit the certificate in tls/cert")]
                })?
            }
            (None, None) => without.clone(),
            _ => return Err(vec![Problem::at("tls", "cert and key go together: give both or none")]),
        };
        with.alpn_protocols = alpn;
        Ok(Self { own, name, with: Arc::new(with), without: Arc::new(without) })
    }

    /// The same for another origin of ours.
    pub(crate) fn owning(&self, own: Origin) -> Self {
        let (with, without) = (Arc::clone(&self.with), Arc::clone(&self.without));
        Self {
            name: self.name.clone().filter(|_| self.own.as_ref() == Some(&own)),
            own: Some(own),
            with,
            without,
        }
    }
}

fn chain(place: &str, pem: &str) -> Result<Vec<CertificateDer<'static>>, Vec<Problem>> {
    let wrong = || vec![Problem::at(place, "this is no certificate in PEM; write ${file:PATH}")];
    let found: Vec<_> =
        CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().map_err(|_| wrong())?;
    if found.is_empty() { Err(wrong()) } else { Ok(found) }
}

fn authorities(pem: &str) -> Result<RootCertStore, Vec<Problem>> {
    let mut store = RootCertStore::empty();
    for one in chain("tls/ca", pem)? {
        store.add(one).map_err(|_| vec![Problem::at("tls/ca", "this is no certificate of an authority")])?;
    }
    Ok(store)
}

/// A proxy.
pub(crate) struct Gateway {
    host: String,
    port: u16,
    egress: Egress,
    /// Our credentials there.
    pub(crate) authorization: Option<HeaderValue>,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").finish_non_exhaustive()
    }
}

impl Gateway {
    pub(crate) fn new(proxy: &Proxy, egress: Egress) -> Result<Self, Vec<Problem>> {
        let base =
            super::target::Base::parse(&proxy.url).map_err(|why| vec![Problem::at("proxy/url", why)])?;
        let url = base.url;
        let (Some(host), Some(port), "http") = (url.host_str(), url.port_or_known_default(), url.scheme())
        else {
            return Err(vec![Problem::at(
                "proxy/url",
                "write the proxy as http://host:port; https to the proxy is not offered",
            )]);
        };
        let authorization = match (&proxy.username, &proxy.password) {
            (None, None) => None,
            (user, password) => {
                let password = password.as_ref().map_or("", |password| password.expose());
                Some(basic(user.as_deref().unwrap_or_default(), password))
            }
        };
        Ok(Self { host: host.to_owned(), port, egress: egress.trusting(host, port), authorization })
    }

    /// Has the proxy connect us. It resolves the name; that an address is none that we refuse is asked before.
    async fn tunnel(&self, stream: &mut TcpStream, host: &str, port: u16) -> Result<(), Error> {
        let mut ask = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
        if let Some(value) = &self.authorization {
            ask.extend_from_slice(b"Proxy-Authorization: ");
            ask.extend_from_slice(value.as_bytes());
            ask.extend_from_slice(b"\r\n");
        }
        ask.extend_from_slice(b"\r\n");
        let broke = |error: io::Error| {
            error::away("proxy", "the connection to the proxy broke").detail(error.to_string())
        };
        stream.write_all(&ask).await.map_err(broke)?;
        let mut head = Vec::with_capacity(256);
        while !head.ends_with(b"\r\n\r\n") {
            // By the byte: what follows the head is not ours to take.
            head.push(stream.read_u8().await.map_err(broke)?);
            if head.len() > PROXY_HEAD {
                return Err(error::broken("proxy", "the proxy answered something that is not HTTP"));
            }
        }
        match head.get(..12).and_then(|line| Some((line.get(..7)?, line.get(9..12)?))) {
            Some((b"HTTP/1.", [b'2', _, _])) => Ok(()),
            Some((b"HTTP/1.", b"407")) => {
                let text = "the proxy wants other credentials; check proxy: {username, password}";
                Err(Error::new(ErrorKind::Unauthenticated, text).fault(Fault::Host).code("407"))
            }
            Some((b"HTTP/1.", status)) => {
                let status = String::from_utf8_lossy(status).into_owned();
                Err(error::away("proxy", &format!("the proxy did not connect us: it answered {status}")))
            }
            _ => Err(error::broken("proxy", "the proxy answered something that is not HTTP")),
        }
    }
}

const PROXY_HEAD: usize = 8 << 10;

/// The value of a header for a user and a password; it shows nothing in `Debug`.
pub(crate) fn basic(user: &str, password: &str) -> HeaderValue {
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    let mut value =
        HeaderValue::from_str(&format!("Basic {encoded}")).unwrap_or(HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

impl Connector {
    async fn open(self, uri: Uri) -> Result<Wire, Error> {
        let wrong = || error::unfit("this is no URL with a host: write https://host/path");
        let url = Url::parse(&uri.to_string()).map_err(|_| wrong())?;
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(wrong());
        };
        let secure = url.scheme() == "https";
        let mut stream = match &self.proxy {
            Some(proxy) => {
                if url.domain().is_none() || host == "localhost" {
                    self.egress.resolve(host, port).await?;
                }
                tcp(&proxy.egress.resolve(&proxy.host, proxy.port).await?).await?
            }
            None => tcp(&self.egress.resolve(host, port).await?).await?,
        };
        drop(stream.set_nodelay(true));
        if let Some(proxy) = self.proxy.as_ref().filter(|_| secure) {
            proxy.tunnel(&mut stream, host, port).await?;
        }
        let stream = TokioIo::new(stream);
        if !secure {
            return Ok(Wire { io: MaybeHttpsStream::Http(stream), proxied: self.proxy.is_some() });
        }
        let own = self.tls.own.as_ref() == Some(&url.origin());
        let config = if own { &self.tls.with } else { &self.tls.without };
        let name = match self.tls.name.as_ref().filter(|_| own) {
            Some(name) => name.clone(),
            None => ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(|_| wrong())?,
        };
        let connecting = TlsConnector::from(Arc::clone(config)).connect(name, TokioIo::new(stream));
        let io = connecting.await.map_err(|error| error::tls(&error))?;
        Ok(Wire { io: MaybeHttpsStream::from(io), proxied: false })
    }
}

/// The first of the addresses that answers.
async fn tcp(addresses: &[SocketAddr]) -> Result<TcpStream, Error> {
    let mut detail = String::new();
    let mut left = addresses.iter().take(MOST_ADDRESSES).peekable();
    while let Some(address) = left.next() {
        let connecting = TcpStream::connect(address);
        let connected = if left.peek().is_some() {
            let silent = |_| Err(io::Error::from(io::ErrorKind::TimedOut));
            tokio::time::timeout(EACH_ADDRESS, connecting).await.unwrap_or_else(silent)
        } else {
            connecting.await
        };
        match connected {
            Ok(stream) => return Ok(stream),
            Err(error) => detail = format!("{address}: {error}"),
        }
    }
    let text =
        "the other side does not accept connections; check that it runs, and the host and port in the url";
    Err(error::away("connect", text).detail(detail))
}

const MOST_ADDRESSES: usize = 8;
/// How long an address may be silent before the next one is tried; `connect_timeout_secs` is for all.
const EACH_ADDRESS: Duration = Duration::from_secs(2);

impl tower_service::Service<Uri> for Connector {
    type Response = Wire;
    type Error = Error;
    type Future = BoxFuture<'static, Result<Wire, Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            match tokio::time::timeout(connector.timeout, connector.open(uri)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(error::late("connecting to the other side", "connect_timeout_secs")),
            }
        })
    }
}

/// A stream, and whether a proxy reads the requests on it.
pub(crate) struct Wire {
    io: MaybeHttpsStream<TokioIo<TcpStream>>,
    proxied: bool,
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        self.io.connected().proxy(self.proxied)
    }
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, into)
    }
}

impl Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
