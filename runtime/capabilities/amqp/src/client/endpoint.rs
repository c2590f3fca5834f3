//! Where a broker is and how it is spoken to: the options, checked.

use crate::config::{Config, Secret, Tls};
use caisson_capability::Problem;
use lapin::tcp::{RustlsConnector, RustlsConnectorConfig};
use lapin::uri::{AMQPScheme, AMQPUri};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::time::Duration;

/// The longest that connecting may take.
const CONNECTING: Duration = Duration::from_secs(10);

/// Where to connect to.
pub(crate) struct Endpoint {
    pub(crate) uri: AMQPUri,
    /// For `amqps://`.
    pub(crate) connector: Option<RustlsConnector>,
    pub(crate) connect_timeout: Duration,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").finish_non_exhaustive()
    }
}

impl Endpoint {
    pub(crate) fn new(config: &Config, timeout: Duration) -> Result<Self, Vec<Problem>> {
        let uri = uri(config).map_err(|problem| vec![problem])?;
        let encrypted = uri.scheme == AMQPScheme::AMQPS;
        if !encrypted && config.tls.is_some() {
            return Err(vec![Problem::at("tls", "is for amqps:// only: change `url`, or leave it out")]);
        }
        let connector = encrypted
            .then(|| connector(config.tls.as_ref().unwrap_or(&Tls::default())))
            .transpose()
            .map_err(|problem| vec![problem])?;
        Ok(Self { uri, connector, connect_timeout: timeout.min(CONNECTING) })
    }
}

fn uri(config: &Config) -> Result<AMQPUri, Problem> {
    let text = config.url.expose();
    let wrong = |message: &str| Problem::at("url", message);
    if text.contains('?') {
        return Err(wrong("takes no parameters: use the options of the connection, e.g. heartbeat_secs"));
    }
    // The library's errors are not shown: they may quote what they read.
    let mut uri: AMQPUri = text.parse().map_err(|_unread| {
        wrong("is no address of a broker; write amqp://HOST[:PORT][/VHOST], or amqps://")
    })?;
    let authority = text.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    if let Some(username) = &config.username {
        if authority.contains('@') {
            return Err(Problem::at("username", "is in the URL as well: leave one of them out"));
        }
        uri.authority.userinfo.username.clone_from(username);
    }
    if let Some(password) = &config.password {
        if authority.split_once('@').is_some_and(|(user, _)| user.contains(':')) {
            return Err(Problem::at("password", "is in the URL as well: leave one of them out"));
        }
        password.expose().clone_into(&mut uri.authority.userinfo.password);
    }
    for (place, name) in [("url", uri.vhost.as_str()), ("username", uri.authority.userinfo.username.as_str())]
    {
        if name.len() > 255 {
            return Err(Problem::at(
                place,
                "has a part that is longer than 255 bytes, which AMQP does not allow",
            ));
        }
    }
    uri.query.heartbeat = Some(config.heartbeat_secs);
    Ok(uri)
}

fn connector(tls: &Tls) -> Result<RustlsConnector, Problem> {
    let config = match &tls.ca {
        Some(ca) => RustlsConnectorConfig::default().with_parsable_certificates(certificates("tls/ca", ca)?),
        None => RustlsConnectorConfig::new_with_native_certs().map_err(|_none| {
            Problem::at("tls/ca", "is needed: this system has no certificates of its own to trust")
        })?,
    };
    let identity = match (&tls.cert, &tls.key) {
        (Some(cert), Some(key)) => Some((certificates("tls/cert", cert)?, private_key(key)?)),
        (None, None) => None,
        (Some(_), None) => return Err(Problem::at("tls/key", "is missing: `cert` needs its key")),
        (None, Some(_)) => return Err(Problem::at("tls/cert", "is missing: `key` is of no use without it")),
    };
    match identity {
        Some((chain, key)) => config.connector_with_single_cert(chain, key),
        None => config.connector_with_no_client_auth(),
    }
    .map_err(|_unfit| {
        Problem::at(
            "tls",
            "cannot be used: `key` does not belong to `cert`, or `ca` has no usable certificate",
        )
    })
}

fn certificates(place: &'static str, pem: &str) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let wrong = || Problem::at(place, "holds no certificate: write PEM, or the path of a file with it");
    let all: Vec<_> = CertificateDer::pem_slice_iter(&content(place, pem)?)
        .collect::<Result<_, _>>()
        .map_err(|_unread| wrong())?;
    if all.is_empty() { Err(wrong()) } else { Ok(all) }
}

fn private_key(key: &Secret) -> Result<PrivateKeyDer<'static>, Problem> {
    let place = "tls/key";
    PrivateKeyDer::from_pem_slice(&content(place, key.expose())?).map_err(|_unread| {
        Problem::at(place, "holds no private key: write PEM, or the path of a file with it")
    })
}

fn content(place: &'static str, text: &str) -> Result<Vec<u8>, Problem> {
    if text.contains("-----BEGIN") {
        return Ok(text.as_bytes().to_vec());
    }
    // Read once, when the definition is applied: never while a call waits.
    std::fs::read(text.trim())
        .map_err(|error| Problem::at(place, format!("the file cannot be read: {}", error.kind())))
}
