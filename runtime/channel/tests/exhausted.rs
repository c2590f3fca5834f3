//! A process without free file descriptors. A binary of its own: the limit is the process's.

use caisson_channel::{HttpOptions, Listener};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_listener_outlives_a_lack_of_file_descriptors() {
    let listener = Listener::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let addr = listener.local_addr();
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(listener.serve(axum::Router::new(), HttpOptions::default(), shutdown.clone()));

    // Clients take descriptors too: the last ones are spent on files, so that only the listener is short of them.
    let (_, hard) = rlimit::Resource::NOFILE.get().unwrap();
    rlimit::Resource::NOFILE.set(64, hard).unwrap();
    let mut files = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        files.push(file);
    }
    files.pop();
    let mut client = TcpStream::connect(addr).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let early = tokio::time::timeout(Duration::from_millis(300), client.read_to_end(&mut answer)).await;
    assert!(early.is_err(), "there was a descriptor left, so that this test showed nothing");

    drop(files);
    tokio::time::timeout(Duration::from_secs(30), client.read_to_end(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 404"), "{:?}", String::from_utf8_lossy(&answer));
    shutdown.cancel();
    assert!(tokio::time::timeout(Duration::from_secs(30), serving).await.unwrap().unwrap().is_clean());
}
