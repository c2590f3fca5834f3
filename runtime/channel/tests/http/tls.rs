//! TLS: handshakes, client certificates, reload.

use crate::channels::routes;
use crate::harness::{Fake, SHORT, Server, soon};
use caisson_capability::Invoker;
use caisson_channel::{HttpOptions, Listener, Table, Tls, router};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

/// An authority, and a certificate of its making.
struct Made {
    authority: rcgen::Certificate,
    cert: rcgen::Certificate,
    key: KeyPair,
}

fn made(name: &str) -> Made {
    let authority_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(params, authority_key);
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    let cert = params.signed_by(&key, &issuer).unwrap();
    Made { authority, cert, key }
}

fn write(folder: &Path, server: &Made, client: &Made) {
    std::fs::write(folder.join("cert.pem"), server.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), server.key.serialize_pem()).unwrap();
    std::fs::write(folder.join("ca.pem"), client.authority.pem()).unwrap();
}

fn load(folder: &Path) -> Result<Tls, caisson_channel::TlsError> {
    Tls::load(&folder.join("cert.pem"), &folder.join("key.pem"), Some(&folder.join("ca.pem")))
}

async fn start(tls: Arc<Tls>, options: HttpOptions) -> Server {
    let security = json!([{"type": "mtls", "name": "partner", "subjects": ["client"]}]);
    let channels = json!([
        {"type": "rest", "name": "open", "path": "/open", "service": "echo"},
        {"type": "rest", "name": "closed", "path": "/closed", "service": "echo", "security": ["partner"]},
    ]);
    let fake = Arc::new(Fake::default());
    let listener = Listener::bind(([127, 0, 0, 1], 0).into()).await.unwrap().with_tls(tls);
    let addr = listener.local_addr();
    let shutdown = CancellationToken::new();
    let table = Arc::new(Table::new(routes(security, channels)));
    let router = router(Arc::clone(&fake) as Arc<dyn Invoker>, table, &options);
    let task = tokio::spawn(listener.serve(router, options, shutdown.clone()));
    Server { fake, addr, shutdown, task }
}

/// Asks once; the answer's head, or nothing if there was no handshake.
async fn ask(server: &Server, trusted: &Made, shown: Option<&Made>, path: &str) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.authority.der().clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match shown {
        None => builder.with_no_client_auth(),
        Some(made) => {
            let key = PrivateKeyDer::try_from(made.key.serialize_der()).unwrap();
            builder.with_client_auth_cert(vec![made.cert.der().clone()], key).unwrap()
        }
    };
    let stream = soon(TcpStream::connect(server.addr)).await.unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = soon(connector.connect(name, stream)).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    soon(stream.write_all(request.as_bytes())).await.ok()?;
    let mut answer = Vec::new();
    // A server that refuses a certificate says so when the client reads.
    soon(stream.read_to_end(&mut answer)).await.ok()?;
    Some(String::from_utf8(answer).unwrap())
}

#[tokio::test]
async fn client_certificates_are_optional_verified_and_passed_on() {
    let (server, client, stranger) = (made("localhost"), made("client"), made("client"));
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &server, &client);
    let running = start(Arc::new(load(folder.path()).unwrap()), HttpOptions::default()).await;
    let cases = [
        (None, "/open", Some("200")),
        (None, "/closed", Some("401")),
        (Some(&client), "/closed", Some("200")),
        (Some(&stranger), "/open", None),
    ];
    for (shown, path, expected) in cases {
        let answer = ask(&running, &server, shown, path).await;
        let status = answer.as_deref().and_then(|text| text.split(' ').nth(1));
        assert_eq!(status, expected, "{path} {answer:?}");
    }
    assert_eq!(running.fake.last().principal.map(|who| who.name.to_string()).as_deref(), Some("partner"));
}

#[tokio::test]
async fn slow_handshakes_hold_up_nobody_and_are_given_up() {
    let (server, client) = (made("localhost"), made("client"));
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &server, &client);
    let options = HttpOptions { header_timeout: SHORT, ..HttpOptions::default() };
    let running = start(Arc::new(load(folder.path()).unwrap()), options).await;
    let mut silent = running.connect().await;
    assert!(ask(&running, &server, None, "/open").await.unwrap().contains("200"));
    assert!(silent.rest().await.is_empty());
    let mut plain = running.connect().await;
    plain.send("GET /open HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert!(!String::from_utf8_lossy(&plain.rest().await).contains("200"));
}

#[tokio::test]
async fn reload_takes_new_files_and_keeps_the_old_ones_when_they_are_broken() {
    let (first, second, client) = (made("localhost"), made("localhost"), made("client"));
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &first, &client);
    let tls = Arc::new(load(folder.path()).unwrap());
    let running = start(Arc::clone(&tls), HttpOptions::default()).await;
    assert!(ask(&running, &first, None, "/open").await.is_some());
    std::fs::write(folder.path().join("cert.pem"), "broken").unwrap();
    assert!(tls.reload().unwrap_err().to_string().contains("cert.pem"));
    assert!(ask(&running, &first, None, "/open").await.is_some());
    write(folder.path(), &second, &client);
    tls.reload().unwrap();
    assert!(ask(&running, &first, None, "/open").await.is_none());
    assert!(ask(&running, &second, None, "/open").await.is_some());
}

#[tokio::test]
async fn wrong_files_are_named_and_keys_never_shown() {
    let (server, other) = (made("localhost"), made("localhost"));
    let cases =
        [("cert.pem", ""), ("key.pem", "secret"), ("ca.pem", ""), ("key.pem", &other.key.serialize_pem())];
    for (file, content) in cases {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &server, &other);
        std::fs::write(folder.path().join(file), content).unwrap();
        let text = load(folder.path()).unwrap_err().to_string();
        assert!(text.contains(file) && !text.contains("secret"), "{text}");
    }
}
