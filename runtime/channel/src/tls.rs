//! TLS for a port: certificates, their reload, handshakes.

use arc_swap::ArcSwap;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How often the files are looked at.
pub(crate) const WATCH_EVERY: Duration = Duration::from_secs(5);

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read, or there is nothing of what it should hold in it.
    #[error("cannot read {what} from {}: {reason}; give a file in PEM that this program may read", path.display())]
    File {
        /// What was looked for.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Certificate and key do not go together, or are of a kind that is not supported.
    #[error("cannot use the certificate {} with the key {}: {reason}; give a chain, leaf first, and its own key", cert.display(), key.display())]
    Pair {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong with them.
        reason: String,
    },
    /// The authorities cannot be used.
    #[error("cannot use the client authorities in {}: {reason}; give certificates of authorities in PEM", path.display())]
    Authorities {
        /// Their file.
        path: PathBuf,
        /// What is wrong with them.
        reason: String,
    },
}

/// What a port proves its own identity with, and whose client certificates it believes.
///
/// The files are read again when they change, or at [`reload`](Self::reload); handshakes after that use the new ones.
pub struct Tls {
    files: Files,
    config: ArcSwap<ServerConfig>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Files {
    cert: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
}

/// When each file was changed last, as far as that can be known.
pub(crate) type Stamps = [Option<SystemTime>; 3];

impl Tls {
    /// Reads certificate and key, and the authorities that vouch for clients. With those, clients may show a certificate and it
    /// must be good; whether they must have one is for the channels to say.
    ///
    /// # Errors
    ///
    /// [`TlsError`], whose text names the file, the reason and what to do; never what is in the key.
    pub fn load(cert: &Path, key: &Path, client_ca: Option<&Path>) -> Result<Self, TlsError> {
        let files =
            Files { cert: cert.to_owned(), key: key.to_owned(), client_ca: client_ca.map(Path::to_owned) };
        let config = ArcSwap::from_pointee(files.read()?);
        Ok(Self { files, config })
    }

    /// Reads the files again. What was read before stays when they are broken.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn reload(&self) -> Result<(), TlsError> {
        self.config.store(Arc::new(self.files.read()?));
        Ok(())
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        self.config.load_full()
    }

    /// Reads the files again whenever they have changed. Ends never; drop it to end it.
    pub(crate) async fn watch(self: Arc<Self>) {
        let mut last = self.stamps().await;
        loop {
            tokio::time::sleep(WATCH_EVERY).await;
            let now = self.stamps().await;
            if now == last {
                continue;
            }
            last = now;
            let tls = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || tls.reload()).await {
                Ok(Ok(())) => {
                    tracing::info!(cert = %self.files.cert.display(), "the TLS certificate was reloaded");
                }
                Ok(Err(error)) => {
                    tracing::error!(%error, "the changed TLS files are not used; the last ones stay");
                }
                Err(error) => tracing::error!(%error, "the TLS files could not be read; the last ones stay"),
            }
        }
    }

    async fn stamps(&self) -> Stamps {
        let mut stamps = Stamps::default();
        let paths = [Some(&self.files.cert), Some(&self.files.key), self.files.client_ca.as_ref()];
        for (stamp, path) in stamps.iter_mut().zip(paths) {
            if let Some(path) = path {
                *stamp = tokio::fs::metadata(path).await.and_then(|found| found.modified()).ok();
            }
        }
        stamps
    }
}

impl Files {
    fn read(&self) -> Result<ServerConfig, TlsError> {
        let chain = certificates(&self.cert, "a certificate")?;
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| unreadable(&self.key, "a key", &error))?;
        let pair = |error: rustls::Error| TlsError::Pair {
            cert: self.cert.clone(),
            key: self.key.clone(),
            reason: error.to_string(),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(pair)?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let wrong = |reason: String| TlsError::Authorities { path: path.clone(), reason };
                let mut roots = RootCertStore::empty();
                for authority in certificates(path, "an authority")? {
                    roots.add(authority).map_err(|error| wrong(error.to_string()))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                    .allow_unauthenticated()
                    .build()
                    .map_err(|error| wrong(error.to_string()))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder.with_single_cert(chain, key).map_err(pair)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn certificates(path: &Path, what: &'static str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = read.map_err(|error| unreadable(path, what, &error))?;
    if found.is_empty() {
        return Err(TlsError::File { what, path: path.to_owned(), reason: "there is none in it".to_owned() });
    }
    Ok(found)
}

fn unreadable(path: &Path, what: &'static str, error: &rustls::pki_types::pem::Error) -> TlsError {
    TlsError::File { what, path: path.to_owned(), reason: error.to_string() }
}
