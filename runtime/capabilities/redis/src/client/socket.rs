//! One connection to one server: TCP or TLS, greeted and logged in.

use crate::client::wire::{Budget, Command, Frame, Part, Reader, Reply, encode};
use crate::config::{Secret, Tls};
use crate::error::{Trouble, code, passes};
use crate::url::Address;
use caisson_capability::Problem;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How a server is greeted.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) database: u32,
    pub(crate) tls: Option<Arc<ClientConfig>>,
    /// Only a master will do.
    pub(crate) master: bool,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("database", &self.database)
            .field("tls", &self.tls.is_some())
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection that is logged in.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: Stream,
    reader: Reader,
}

/// What the greeting's replies may take.
const GREETING: usize = 64 * 1024;

impl Socket {
    /// Connects and logs in.
    pub(crate) async fn open(address: &Address, login: &Login) -> Result<Self, Trouble> {
        let tcp =
            TcpStream::connect((address.host.as_str(), address.port)).await.map_err(Trouble::Unreachable)?;
        tcp.set_nodelay(true).map_err(Trouble::Unreachable)?;
        let stream = match &login.tls {
            None => Stream::Plain(tcp),
            Some(tls) => {
                let name = ServerName::try_from(address.host.clone())
                    .map_err(|error| Trouble::Tls(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
                let stream =
                    TlsConnector::from(Arc::clone(tls)).connect(name, tcp).await.map_err(tls_trouble)?;
                Stream::Tls(Box::new(stream))
            }
        };
        let mut socket = Self { stream, reader: Reader::default() };
        match socket.greet(login).await {
            Ok(()) => Ok(socket),
            // Nothing that was asked for has been sent yet. What a server has against our certificate comes as late as this.
            Err(Trouble::Lost(error)) => Err(tls_trouble(error)),
            Err(trouble) => Err(trouble),
        }
    }

    async fn greet(&mut self, login: &Login) -> Result<(), Trouble> {
        let mut hello = vec![b"HELLO".to_vec(), b"3".to_vec()];
        let credentials = login.password.as_ref().map(|password| {
            (
                login.username.as_deref().unwrap_or("default").as_bytes().to_vec(),
                password.expose().as_bytes().to_vec(),
            )
        });
        if let Some((user, password)) = credentials {
            hello.extend([b"AUTH".to_vec(), user, password]);
        }
        let answer = self.one(hello, GREETING).await?;
        match answer.first() {
            Some(Part::Failure(text)) => return Err(Trouble::Failure(text.clone())),
            Some(Part::Map(_)) => {}
            _ => return Err(Trouble::Protocol("HELLO is not answered; Redis 6 or newer is needed")),
        }
        if login.master && !says_master(&answer) {
            return Err(Trouble::NoMaster(
                "what the sentinels name as the master is not one; a failover may be under way",
            ));
        }
        if login.database != 0 {
            let select = vec![b"SELECT".to_vec(), login.database.to_string().into_bytes()];
            if let Some(Part::Failure(text)) = self.one(select, GREETING).await?.first() {
                return Err(Trouble::Failure(text.clone()));
            }
        }
        Ok(())
    }

    /// One command and its reply.
    pub(crate) async fn one(&mut self, command: Command, limit: usize) -> Result<Reply, Trouble> {
        let replies = self.exchange(&[command.as_slice()], limit).await?;
        replies.into_iter().next().ok_or(Trouble::Protocol("no reply"))
    }

    /// Sends commands in one go and reads a reply for each.
    ///
    /// # Cancel safety
    ///
    /// None: dropped halfway, the socket must be dropped too.
    pub(crate) async fn exchange(
        &mut self,
        commands: &[&[Vec<u8>]],
        limit: usize,
    ) -> Result<Vec<Reply>, Trouble> {
        let out = encode(commands.iter().copied());
        let reader = &mut self.reader;
        match &mut self.stream {
            Stream::Plain(stream) => exchange(stream, reader, &out, commands.len(), limit).await,
            Stream::Tls(stream) => exchange(stream.as_mut(), reader, &out, commands.len(), limit).await,
        }
    }

    /// Sends commands whose replies come whenever they come.
    pub(crate) async fn send(&mut self, command: &[Vec<u8>]) -> Result<(), Trouble> {
        let out = encode([command]);
        match &mut self.stream {
            Stream::Plain(stream) => write(stream, &out).await,
            Stream::Tls(stream) => write(stream.as_mut(), &out).await,
        }
    }

    /// Whatever comes next.
    pub(crate) async fn next(&mut self, limit: usize) -> Result<Frame, Trouble> {
        let mut budget = Budget::new(limit);
        match &mut self.stream {
            Stream::Plain(stream) => self.reader.frame(stream, &mut budget).await,
            Stream::Tls(stream) => self.reader.frame(stream.as_mut(), &mut budget).await,
        }
    }

    /// How many bytes came in since this was last asked.
    pub(crate) fn take_received(&mut self) -> usize {
        self.reader.take_received()
    }

    /// Whether it can take a command: nothing came that nobody asked for, such as the end.
    pub(crate) fn is_fresh(&self) -> bool {
        let tcp = match &self.stream {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => stream.get_ref().0,
        };
        // The socket itself is asked: what the runtime knows of it may be older.
        let owned = tcp.as_fd().try_clone_to_owned().map(std::net::TcpStream::from);
        let quiet = owned
            .and_then(|tcp| tcp.peek(&mut [0; 1]))
            .is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        quiet && self.reader.is_empty()
    }
}

/// Reads while it writes: a server that waits for its replies to be taken does not wait for ever.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    reader: &mut Reader,
    out: &[u8],
    count: usize,
    limit: usize,
) -> Result<Vec<Reply>, Trouble> {
    let (mut input, mut output) = tokio::io::split(stream);
    let reading = async {
        let mut budget = Budget::new(limit);
        let mut replies = Vec::new();
        while replies.len() < count {
            if let Frame::Answer(reply) = reader.frame(&mut input, &mut budget).await? {
                replies.push(reply);
            }
        }
        Ok::<_, Trouble>(replies)
    };
    let ((), replies) = tokio::try_join!(write(&mut output, out), reading)?;
    Ok(replies)
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, out: &[u8]) -> Result<(), Trouble> {
    stream.write_all(out).await.map_err(Trouble::Lost)?;
    stream.flush().await.map_err(Trouble::Lost)
}

fn tls_trouble(error: io::Error) -> Trouble {
    // What rustls has against the other side is of this kind; the rest is the network's.
    if error.kind() == io::ErrorKind::InvalidData { Trouble::Tls(error) } else { Trouble::Unreachable(error) }
}

fn says_master(hello: &[Part]) -> bool {
    hello.windows(2).any(|pair| {
        let is = |at: usize, word: &[u8]| matches!(pair.get(at), Some(Part::Bytes(bytes)) if bytes == word);
        is(0, b"role") && is(1, b"master")
    })
}

/// Whether a reply says that the server is not, or no longer, the one to ask.
pub(crate) fn is_elsewhere(reply: &[Part]) -> bool {
    matches!(reply.first(), Some(Part::Failure(text)) if passes(code(text)))
}

/// Makes the settings of TLS.
pub(crate) fn tls_settings(tls: &Tls) -> Result<Arc<ClientConfig>, Vec<Problem>> {
    let mut roots = RootCertStore::empty();
    match &tls.ca {
        Some(pem) => {
            for certificate in certificates(pem, "tls/ca")? {
                roots
                    .add(certificate)
                    .map_err(|_no| vec![Problem::at("tls/ca", "this is no certificate")])?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| vec![Problem::at("tls", error.to_string())])?
        .with_root_certificates(roots);
    let settings = match (&tls.cert, &tls.key) {
        (Some(cert), Some(key)) => {
            let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
                .map_err(|_no| vec![Problem::at("tls/key", "this is no PEM of a private key")])?;
            builder
                .with_client_auth_cert(certificates(cert, "tls/cert")?, key)
                .map_err(|_no| vec![Problem::at("tls/key", "the key does not fit `cert`")])?
        }
        _ => builder.with_no_client_auth(),
    };
    Ok(Arc::new(settings))
}

fn certificates(pem: &str, place: &str) -> Result<Vec<CertificateDer<'static>>, Vec<Problem>> {
    let wrong = || vec![Problem::at(place, "this is no PEM of certificates (-----BEGIN CERTIFICATE-----)")];
    let all = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_no| wrong())?;
    if all.is_empty() { Err(wrong()) } else { Ok(all) }
}
