//! Certificates, good and bad; HTTP/2.

use crate::harness::{HANG, Names, Reply, Server, Setting, answer, get, ok};
use caisson_capability::ErrorKind;
use caisson_http::send;
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    fn sign(&self, name: &str, expired: bool) -> (Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if expired {
            params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        }
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    fn config(&self, own: &(Certificate, KeyPair), asks: bool) -> ServerConfig {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).unwrap();
        let builder = if asks {
            builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap(),
            )
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::try_from(own.1.serialize_der()).unwrap();
        builder.with_single_cert(vec![own.0.der().clone()], key).unwrap()
    }
}

fn acceptor(config: ServerConfig) -> Option<TlsAcceptor> {
    Some(TlsAcceptor::from(Arc::new(config)))
}

fn setting() -> Setting {
    Setting { names: Names([("localhost", vec!["127.0.0.1"])].into()), ..Setting::default() }
}

async fn ask(port: u16, tls: Value) -> Result<u16, (ErrorKind, Option<String>, bool, String)> {
    let lease = setting().lease(json!({"url": format!("https://localhost:{port}"), "tls": tls}));
    send(&lease, get("/"))
        .await
        .map(|answer| answer.status)
        .map_err(|error| (error.kind, error.code, error.retryable, error.message))
}

#[tokio::test]
async fn certificates_are_checked_and_what_is_wrong_is_said() {
    let authority = Authority::new();
    let stranger = Authority::new();
    let ca = authority.certificate.pem();
    for (signer, name, expired, says) in [
        (&authority, "localhost", false, None),
        (&authority, "other.example", false, Some("another name")),
        (&authority, "localhost", true, Some("expired")),
        (&stranger, "localhost", false, Some("issuer is not known")),
    ] {
        let config = signer.config(&signer.sign(name, expired), false);
        let server = Server::start_at(0, acceptor(config), |_| ok("")).await;
        match (ask(server.port, json!({"ca": ca})).await, says) {
            (Ok(200), None) => {}
            (Err((ErrorKind::Unavailable, Some(code), false, message)), Some(says)) => {
                assert!(code == "certificate" && message.contains(says), "{message}");
                assert!(server.seen().is_empty());
            }
            other => panic!("{name} {expired}: {other:?}"),
        }
        if name == "other.example" {
            assert_eq!(ask(server.port, json!({"ca": ca, "server_name": name})).await, Ok(200));
        }
    }
    let key = KeyPair::generate().unwrap();
    let own = (CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap(), key);
    let server = Server::start_at(0, acceptor(authority.config(&own, false)), |_| ok("")).await;
    assert_eq!(ask(server.port, json!({"ca": ca})).await.unwrap_err().1.as_deref(), Some("certificate"));
}

#[tokio::test]
async fn our_certificate_is_shown_at_home_and_nowhere_else() {
    let authority = Authority::new();
    let (own, key) = authority.sign("caisson", false);
    let asking = authority.config(&authority.sign("localhost", false), true);
    let server = Server::start_at(0, acceptor(asking.clone()), |_| ok("in")).await;
    let ca = authority.certificate.pem();
    let tls = json!({"ca": ca, "cert": own.pem(), "key": key.serialize_pem()});
    assert_eq!(ask(server.port, tls.clone()).await, Ok(200));
    assert!(ask(server.port, json!({"ca": ca})).await.is_err());

    let to = format!("https://localhost:{}/", server.port);
    let home = Server::start_at(0, acceptor(asking), move |_| {
        answer("302 Found", &format!("Location: {to}\r\n"), b"")
    })
    .await;
    let lease = setting().lease(json!({
        "url": format!("https://localhost:{}", home.port), "tls": tls, "redirects": {"max": 1}, "networks": ["loopback"],
    }));
    assert!(send(&lease, get("/")).await.is_err());
    assert_eq!((home.seen().len(), server.seen().len()), (1, 1));
}

#[tokio::test]
async fn what_does_not_speak_tls_is_told_from_what_is_not_there() {
    let server = Server::start(|_| Reply::Last(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())).await;
    // The hello has no head in it, so nothing is answered until the server is gone.
    let lease = setting()
        .lease(json!({"url": format!("https://localhost:{}", server.port), "connect_timeout_secs": 0.2}));
    let error = send(&lease, get("/")).await.unwrap_err();
    assert!(error.kind == ErrorKind::Timeout && error.message.contains("connect_timeout_secs"), "{error}");
    drop(server);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let _task = AbortOnDropHandle::new(tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            drop(
                tokio::io::AsyncWriteExt::write_all(
                    &mut stream,
                    b"220 mail.example ESMTP and good morning\r\n",
                )
                .await,
            );
        }
    }));
    let error = ask(port, json!({})).await.unwrap_err();
    assert_eq!(error.1.as_deref(), Some("tls"), "{error:?}");
}

/// A server of hyper's, which knows both versions; it answers the version that it was asked in.
async fn both(config: Option<ServerConfig>) -> (u16, AbortOnDropHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = config.map(|config| TlsAcceptor::from(Arc::new(config)));
    let task = tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            connections.spawn(async move {
                let service = service_fn(|request: http::Request<hyper::body::Incoming>| async move {
                    let version = format!("{:?}", request.version());
                    let size = request.into_body().collect().await?.to_bytes().len();
                    Ok::<_, hyper::Error>(http::Response::new(Full::new(bytes::Bytes::from(format!(
                        "{version} {size}"
                    )))))
                });
                let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                match acceptor {
                    Some(acceptor) => {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            drop(builder.serve_connection(TokioIo::new(stream), service).await);
                        }
                    }
                    None => drop(builder.serve_connection(TokioIo::new(stream), service).await),
                }
            });
        }
    });
    (port, AbortOnDropHandle::new(task))
}

#[tokio::test]
async fn the_version_of_http_is_what_both_sides_know_or_what_the_operator_says() {
    let authority = Authority::new();
    let mut config = authority.config(&authority.sign("localhost", false), false);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let (secure, _one) = both(Some(config)).await;
    let (plain, _two) = both(None).await;
    let (https, http) = (format!("https://localhost:{secure}"), format!("http://localhost:{plain}"));
    for (url, http2, expected) in [
        (&https, "auto", "HTTP/2.0 4"),
        (&https, "never", "HTTP/1.1 4"),
        (&https, "always", "HTTP/2.0 4"),
        (&http, "auto", "HTTP/1.1 4"),
        (&http, "always", "HTTP/2.0 4"),
    ] {
        let lease =
            setting().lease(json!({"url": url, "http2": http2, "tls": {"ca": authority.certificate.pem()}}));
        let asked = || caisson_http::Request {
            body: Some(bytes::Bytes::from_static(b"body")),
            ..crate::harness::request("POST", "/")
        };
        let answers = futures_util::future::join_all((0..5).map(|_| send(&lease, asked())));
        for answer in tokio::time::timeout(HANG, answers).await.unwrap() {
            assert_eq!(String::from_utf8(answer.unwrap().body).unwrap(), expected, "{url} {http2}");
        }
    }
}
