//! TLS: https where services answer, client certificates, files that change; and key sets of tokens that come by https.

use crate::harness::{Command, HELLO, Raw, Server, Setup, eventually};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Method, Request, Version};
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// An authority with certificates of its making.
struct Authority {
    certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key.
struct Identity {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    fn issue(&self, name: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        Identity { certificate: params.signed_by(&key, &self.issuer).unwrap(), key }
    }
}

/// The files of a server, in a folder of their own.
fn write(folder: &Path, identity: &Identity, clients: &Authority) {
    std::fs::write(folder.join("key.pem"), identity.key.serialize_pem()).unwrap();
    std::fs::write(folder.join("ca.pem"), clients.certificate.pem()).unwrap();
    std::fs::write(folder.join("cert.pem"), identity.certificate.pem()).unwrap();
}

fn setup(folder: &TempDir) -> Setup {
    let files = [("--tls-cert", "cert.pem"), ("--tls-key", "key.pem"), ("--tls-client-ca", "ca.pem")];
    files.iter().fold(Setup::new().file("hello.py", HELLO).file("who.py", WHO), |setup, (option, file)| {
        setup.argument(*option).argument(folder.path().join(file).display().to_string())
    })
}

const WHO: &str = "
from caisson import Service

class Who(Service):
    def handle(self):
        security = self.channel.security
        self.response.payload = [self.channel.name, self.principal, security.name, security.type, security.username]
";

const CHANNELS: &str = "
version: 1
security:
  - {name: partner, type: mtls, subjects: [partner]}
channels:
  - {name: open, type: rest, path: /open, service: hello.hello-world}
  - {name: closed, type: rest, path: /closed, service: who.who, security: [partner]}
";

/// A client that believes this authority, and shows a certificate if it has one.
fn client(trusted: &Authority, shown: Option<&Identity>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.certificate.der().clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    match shown {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let key = PrivateKeyDer::try_from(identity.key.serialize_der()).unwrap();
            builder.with_client_auth_cert(vec![identity.certificate.der().clone()], key).unwrap()
        }
    }
}

async fn connect(server: &Server, config: ClientConfig) -> Result<TlsStream<TcpStream>, String> {
    let stream = TcpStream::connect(&server.listen).await.map_err(|error| error.to_string())?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| error.to_string())
}

/// The certificate of the server and what it answered; an error when there was no handshake.
async fn ask(
    server: &Server,
    trusted: &Authority,
    shown: Option<&Identity>,
    path: &str,
) -> Result<(CertificateDer<'static>, String), String> {
    let mut stream = connect(server, client(trusted, shown)).await?;
    let certificate = stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.map_err(|error| error.to_string())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.map_err(|error| error.to_string())?;
    Ok((certificate, answer))
}

#[tokio::test]
async fn clients_that_can_are_answered_by_http2() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    write(folder.path(), &authority.issue("server"), &authority);
    let server = setup(&folder).start().await;
    let mut config = client(&authority, None);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = connect(&server, config).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (executor, stream) = (TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, stream).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("https://localhost/services/hello.hello-world").body(Full::<Bytes>::default());
    let answer = sender.send_request(request.unwrap()).await.unwrap();
    assert_eq!((answer.version(), answer.status().as_u16()), (Version::HTTP_2, 200));
}

#[tokio::test]
async fn a_client_certificate_opens_the_channel_that_asks_for_it() {
    let (authority, clients, folder) = (Authority::new(), Authority::new(), tempfile::tempdir().unwrap());
    write(folder.path(), &authority.issue("server"), &clients);
    let server = setup(&folder).start().await;
    let file = server.write("caisson.yaml", CHANNELS);
    Command::to(&server, ["apply", "-f", &file, "--yes"]).run().await.good();

    let (_, open) = ask(&server, &authority, None, "/open").await.unwrap();
    assert!(open.starts_with("HTTP/1.1 200"), "{open}");
    let (partner, stranger) = (clients.issue("partner"), clients.issue("stranger"));
    for (shown, status) in [(None, "401"), (Some(&stranger), "401"), (Some(&partner), "200")] {
        let (_, answer) = ask(&server, &authority, shown, "/closed").await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
    let (_, answer) = ask(&server, &authority, Some(&partner), "/closed").await.unwrap();
    assert!(answer.ends_with(r#"["closed", "partner", "partner", "mtls", "partner"]"#), "{answer}");
    let forged = Authority::new().issue("partner");
    ask(&server, &authority, Some(&forged), "/open").await.unwrap_err();
    let mut plain = Raw::connect(&server.listen).await;
    plain.send("GET /open HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let answer = plain.until_closed().await;
    assert!(!answer.contains("200"), "{answer}");
}

#[tokio::test]
async fn a_certificate_that_is_replaced_is_used_without_a_restart() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let (first, second) = (authority.issue("first"), authority.issue("second"));
    write(folder.path(), &first, &authority);
    let server = setup(&folder).start().await;
    let seen = async || ask(&server, &authority, None, "/services/hello.hello-world").await.unwrap().0;
    assert_eq!(&seen().await, first.certificate.der());
    std::fs::write(folder.path().join("cert.pem"), "broken").unwrap();
    server.log_says("the changed TLS files are not used").await;
    assert_eq!(&seen().await, first.certificate.der());
    write(folder.path(), &second, &authority);
    eventually("the new certificate is used", async || {
        (&seen().await == second.certificate.der()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named_and_keys_are_not_shown() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let (identity, other) = (authority.issue("server"), authority.issue("other"));
    write(folder.path(), &identity, &authority);
    let at = |file: &str| folder.path().join(file).display().to_string();
    std::fs::write(at("other.pem"), other.key.serialize_pem()).unwrap();
    std::fs::write(at("empty.pem"), "").unwrap();
    let data = at("data");
    for (arguments, says) in [
        (vec!["--tls-cert", &at("cert.pem")], "--tls-key <FILE>"),
        (vec!["--tls-client-ca", &at("ca.pem")], "--tls-cert <FILE>"),
        (vec!["--tls-cert", &at("gone.pem"), "--tls-key", &at("key.pem")], "gone.pem"),
        (vec!["--tls-cert", &at("empty.pem"), "--tls-key", &at("key.pem")], "empty.pem"),
        (vec!["--tls-cert", &at("cert.pem"), "--tls-key", &at("empty.pem")], "empty.pem"),
        (vec!["--tls-cert", &at("cert.pem"), "--tls-key", &at("other.pem")], "other.pem"),
    ] {
        let serve = ["serve", "--data", &data, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
        let ended = Command::new(serve.into_iter().chain(arguments)).run().await;
        assert!(ended.code != 0 && ended.stderr.contains(says), "{says}: {}", ended.stderr);
        assert!(!ended.stderr.contains("PRIVATE KEY"), "{}", ended.stderr);
    }
}

/// A server of keys that speaks https, with the certificate of this authority. Its address.
async fn keys_by_https(authority: &Authority, keys: String) -> String {
    let identity = authority.issue("keys");
    let key = PrivateKeyDer::try_from(identity.key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let chain = vec![identity.certificate.der().clone()];
    let acceptor =
        TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut head = [0; 4096];
            drop(stream.read(&mut head).await);
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{keys}", keys.len());
            drop(stream.write_all(answer.as_bytes()).await);
            drop(stream.shutdown().await);
        }
    });
    format!("https://localhost:{port}/keys")
}

/// A token that this key signs, and the set of keys that it is checked with.
fn token() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let point = key.public_key_raw();
    let part = |range| URL_SAFE_NO_PAD.encode(&point[range]);
    let jwk = json!({"kty": "EC", "crv": "P-256", "kid": "one", "x": part(1..33), "y": part(33..65)});
    let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::ES256) };
    let claims = json!({"sub": "ann", "exp": 4_000_000_000_u64});
    let token = encode(&header, &claims, &EncodingKey::from_ec_der(&key.serialize_der())).unwrap();
    (token, json!({"keys": [jwk]}).to_string())
}

#[tokio::test]
async fn keys_of_tokens_are_fetched_by_https_from_servers_that_this_machine_believes() {
    let (authority, (token, keys)) = (Authority::new(), token());
    let folder = tempfile::tempdir().unwrap();
    let url = keys_by_https(&authority, keys).await;
    let definitions = format!(
        "version: 1\nsecurity:\n  - {{name: j, type: jwt, algorithms: [ES256], jwks_url: \"{url}\"}}\nchannels:\n  \
         - {{name: c, type: rest, path: /closed, service: hello.hello-world, security: [j]}}\n"
    );
    for (believed, status) in [(&authority, 200), (&Authority::new(), 401)] {
        let file = folder.path().join(format!("{status}.pem"));
        std::fs::write(&file, believed.certificate.pem()).unwrap();
        let setup = Setup::new().file("hello.py", HELLO).env("SSL_CERT_FILE", file.display().to_string());
        let server = setup.start().await;
        let file = server.write("caisson.yaml", &definitions);
        Command::to(&server, ["apply", "-f", &file, "--yes"]).run().await.good();
        let bearer = format!("Bearer {token}");
        let answer = server.path_with(Method::GET, "/closed", &[("authorization", &bearer)]).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
        if status == 401 {
            server.log_says("invalid peer certificate").await;
        }
    }
}
