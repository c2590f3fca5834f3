//! The connection to etcd: options, certificates, timeouts, and what its errors mean.

use super::Outcome;
use crate::{Error, ErrorKind};
use etcd_client::{Certificate, Client, ConnectOptions, Identity, TlsOptions, TxnResponse};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// How long one call may take, all its attempts together.
pub(super) const CALL: Duration = Duration::from_secs(5);
/// How long one attempt of a call that can be repeated may take, so that another server gets its chance.
const ATTEMPT: Duration = Duration::from_secs(2);
const CONNECT: Duration = Duration::from_secs(2);
/// Between attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// A password. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Password {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// How to reach etcd.
#[derive(Clone, Debug)]
pub struct EtcdOptions {
    /// Its servers: `https://etcd-1:2379`.
    pub endpoints: Vec<String>,
    /// Begins all keys, so that several clusters can share an etcd: `/caisson`.
    pub prefix: String,
    /// User, if etcd wants to know.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<Password>,
    /// PEM file of the authorities that may have signed the servers' certificates.
    pub ca: Option<PathBuf>,
    /// PEM file of this client's certificate.
    pub cert: Option<PathBuf>,
    /// PEM file of the certificate's key.
    pub key: Option<PathBuf>,
    /// Where the last snapshot is kept, to start from while etcd is away.
    pub cache: Option<PathBuf>,
}

impl Default for EtcdOptions {
    fn default() -> Self {
        Self {
            endpoints: Vec::new(),
            prefix: "/caisson".to_owned(),
            user: None,
            password: None,
            ca: None,
            cert: None,
            key: None,
            cache: None,
        }
    }
}

/// A client that connects when it is first needed.
pub(super) struct Connection {
    endpoints: Vec<String>,
    /// Ends with `/`.
    pub(super) prefix: String,
    options: ConnectOptions,
    client: Mutex<Option<Client>>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoints, prefix, .. } = self;
        f.debug_struct("Connection")
            .field("endpoints", endpoints)
            .field("prefix", prefix)
            .finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) fn new(options: &EtcdOptions) -> Result<Self, Error> {
        check(options)?;
        let mut connect = ConnectOptions::new()
            .with_connect_timeout(CONNECT)
            .with_keep_alive(Duration::from_secs(5), Duration::from_secs(3))
            .with_keep_alive_while_idle(true)
            // A server that has lost its cluster is to say so instead of keeping a watch waiting.
            .with_require_leader(true)
            .with_auto_token_refresh(true);
        if let Some(tls) = tls(options)? {
            connect = connect.with_tls(tls);
        }
        if let (Some(user), Some(Password(password))) = (&options.user, &options.password) {
            connect = connect.with_user(user, password);
        }
        let prefix = format!("{}/", options.prefix.trim_end_matches('/'));
        Ok(Self { endpoints: options.endpoints.clone(), prefix, options: connect, client: Mutex::new(None) })
    }

    /// The client; connecting is, in fact, no more than logging in.
    pub(super) async fn client(&self) -> Result<Client, etcd_client::Error> {
        let mut kept = self.client.lock().await;
        if let Some(client) = kept.as_ref() {
            return Ok(client.clone());
        }
        let client = Client::connect(&self.endpoints, Some(self.options.clone())).await?;
        *kept = Some(client.clone());
        Ok(client)
    }

    /// A call that may be carried out twice without harm: repeated while its time lasts.
    pub(super) async fn read<T, F, Fut>(&self, call: F) -> Result<T, Error>
    where
        F: Fn(Client) -> Fut,
        Fut: Future<Output = Result<T, etcd_client::Error>>,
    {
        let mut last = self.late();
        // Every server gets a chance, and one more in case that the first attempt only found a broken connection.
        let attempts = async {
            let mut left = self.endpoints.len().saturating_add(2);
            while left > 0 {
                let attempt = async { call(self.client().await?).await };
                match timeout(ATTEMPT, attempt).await {
                    Ok(Ok(answer)) => return Ok(answer),
                    Ok(Err(error)) => {
                        last = self.fault(&error);
                        if !is_passing(&error) {
                            break;
                        }
                        // It is there, and has a leader again in a moment: all the time of the call is for that.
                        left = if is_electing(&error) { left } else { left.saturating_sub(1) };
                    }
                    Err(_) => {
                        last = self.late();
                        left = left.saturating_sub(1);
                    }
                }
                tokio::time::sleep(PAUSE).await;
            }
            Err(last.clone())
        };
        match timeout(CALL, attempts).await {
            Ok(done) => done,
            Err(_) => Err(self.late()),
        }
    }

    /// A transaction: sent once, since only its caller can tell whether it may be repeated.
    pub(super) async fn write<F, Fut>(&self, call: F) -> Result<Outcome, Error>
    where
        F: FnOnce(Client) -> Fut,
        Fut: Future<Output = Result<TxnResponse, etcd_client::Error>>,
    {
        let client = match timeout(ATTEMPT, self.client()).await {
            Ok(client) => client.map_err(|error| self.fault(&error))?,
            Err(_) => return Err(self.late()),
        };
        match timeout(CALL, call(client)).await {
            Ok(Ok(answer)) if answer.succeeded() => Ok(Outcome::Done),
            Ok(Ok(_)) => Ok(Outcome::Refused),
            Ok(Err(error)) if is_passing(&error) => Ok(Outcome::Unknown(self.fault(&error))),
            Ok(Err(error)) => Err(self.fault(&error)),
            Err(_) => Ok(Outcome::Unknown(self.late())),
        }
    }

    pub(super) fn late(&self) -> Error {
        self.away("no answer in time")
    }

    fn away(&self, why: &str) -> Error {
        let text = format!(
            "etcd at {} cannot be reached: {why}; check that it runs, that most of its servers see each other \
             (`etcdctl endpoint health`), and the network. This server goes on with the last state it knows",
            self.endpoints.join(", ")
        );
        Error::new(ErrorKind::Unavailable, text)
    }

    pub(super) fn fault(&self, error: &etcd_client::Error) -> Error {
        let status = match error {
            etcd_client::Error::GRpcStatus(status) => status,
            etcd_client::Error::TransportError(error) => return self.away(&error.to_string()),
            other => return self.away(&other.to_string()),
        };
        let said = status.message();
        let at = self.endpoints.join(", ");
        if is_denied(said) {
            let text = format!(
                "etcd at {at} refuses this server: {said}; check user, password and certificate, and that the user's role \
                 may read and write below {}",
                self.prefix
            );
            return Error::new(ErrorKind::Denied, text);
        }
        if said.contains("database space exceeded") {
            let text = format!(
                "etcd at {at} is full ({said}); compact and defragment it, or raise its --quota-backend-bytes, then run \
                 `etcdctl alarm disarm`"
            );
            return Error::new(ErrorKind::Disk, text);
        }
        if said.contains("too large") || said.contains("too many operations") {
            let text = format!(
                "etcd at {at} takes no request of this size ({said}); put its --max-request-bytes and --max-txn-ops back \
                 to their defaults, 1572864 and 128"
            );
            return Error::new(ErrorKind::TooLarge, text);
        }
        self.away(said)
    }
}

/// Refused for who we are.
fn is_denied(said: &str) -> bool {
    let refusals = [
        "authentication failed",
        "permission denied",
        "invalid auth token",
        "user name is empty",
        "authentication is not enabled",
        "user name not found",
    ];
    refusals.iter().any(|refusal| said.contains(refusal))
}

/// A member that answers, and cannot do anything as long as its cluster has no leader.
fn is_electing(error: &etcd_client::Error) -> bool {
    let etcd_client::Error::GRpcStatus(status) = error else { return false };
    ["no leader", "leader changed"].iter().any(|text| status.message().contains(text))
}

/// May go well next time.
fn is_passing(error: &etcd_client::Error) -> bool {
    let lasting =
        ["database space exceeded", "too large", "too many operations", "duplicate key", "lease not found"];
    match error {
        etcd_client::Error::GRpcStatus(status) => {
            let said = status.message();
            !is_denied(said) && !lasting.iter().any(|text| said.contains(text))
        }
        etcd_client::Error::InvalidArgs(_) | etcd_client::Error::InvalidUri(_) => false,
        _ => true,
    }
}

fn check(options: &EtcdOptions) -> Result<(), Error> {
    let invalid = |text: String| Err(Error::new(ErrorKind::Invalid, text));
    if options.endpoints.is_empty() {
        return invalid("etcd: no endpoint is given; give at least one, like https://etcd-1:2379".to_owned());
    }
    for endpoint in &options.endpoints {
        let host = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://"));
        if host.is_none_or(|host| host.is_empty() || host.contains(['@', '/', ' '])) {
            return invalid(
                "etcd: an endpoint is not of the form https://HOST:PORT (a user is given beside it, not within)".to_owned(),
            );
        }
    }
    let plain = options.endpoints.iter().any(|endpoint| endpoint.starts_with("http://"));
    let certificates = options.ca.is_some() || options.cert.is_some();
    if plain && certificates {
        return invalid(
            "etcd: certificates are given, and an endpoint begins with http://; make it https://".to_owned(),
        );
    }
    if options.cert.is_some() != options.key.is_some() {
        return invalid("etcd: a certificate needs its key, and the other way round; give both".to_owned());
    }
    if options.user.is_some() != options.password.is_some() {
        return invalid("etcd: a user needs a password, and the other way round; give both".to_owned());
    }
    if options.prefix.trim_matches('/').is_empty() || !options.prefix.is_ascii() {
        return invalid("etcd: the prefix is empty or not ASCII; use one like /caisson".to_owned());
    }
    Ok(())
}

fn tls(options: &EtcdOptions) -> Result<Option<TlsOptions>, Error> {
    if !options.endpoints.iter().any(|endpoint| endpoint.starts_with("https://")) {
        return Ok(None);
    }
    let mut tls = TlsOptions::new();
    if let Some(ca) = &options.ca {
        tls = tls.ca_certificate(Certificate::from_pem(read(ca)?));
    }
    if let (Some(cert), Some(key)) = (&options.cert, &options.key) {
        tls = tls.identity(Identity::from_pem(read(cert)?, read(key)?));
    }
    Ok(Some(tls))
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|error| {
        let text = format!(
            "{}: cannot be read: {error}; name a PEM file that this process may read",
            path.display()
        );
        Error::new(ErrorKind::Invalid, text)
    })
}
