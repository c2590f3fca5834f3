//! The way to a server can be cut in all the ways that cases need.

use caisson_conformance::Cut;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const HANG: Duration = Duration::from_secs(30);

async fn echo() -> (TcpListener, Cut) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let cut = Cut::before(listener.local_addr().unwrap()).await.unwrap();
    (listener, cut)
}

async fn serve(listener: TcpListener) {
    let mut streams = tokio::task::JoinSet::new();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        streams.spawn(async move {
            let (mut from, mut to) = stream.split();
            tokio::io::copy(&mut from, &mut to).await
        });
    }
}

async fn say(stream: &mut TcpStream, text: &str) -> io::Result<String> {
    stream.write_all(text.as_bytes()).await?;
    let mut answer = vec![0; text.len()];
    stream.read_exact(&mut answer).await?;
    Ok(String::from_utf8(answer).unwrap())
}

#[tokio::test]
async fn a_way_passes_holds_ends_and_is_back_at_its_port() {
    let (listener, cut) = echo().await;
    let story = async {
        let mut first = TcpStream::connect(cut.address()).await.unwrap();
        assert_eq!(say(&mut first, "one").await.unwrap(), "one");
        assert_eq!((cut.passed().accepted, cut.passed().open, cut.passed().requested_bytes), (1, 1, 3));

        cut.hold();
        first.write_all(b"two").await.unwrap();
        cut.until(|passed| passed.held_bytes == 3).await;
        cut.pass();
        let mut answer = [0; 3];
        first.read_exact(&mut answer).await.unwrap();
        assert_eq!((&answer, cut.until(|passed| passed.held_bytes == 0).await.open), (b"two", 1));

        cut.cut();
        assert!(say(&mut first, "x").await.is_err(), "what was open has ended");
        let mut second = TcpStream::connect(cut.address()).await.unwrap();
        assert_eq!(say(&mut second, "new").await.unwrap(), "new");

        cut.down().await;
        assert!(say(&mut second, "x").await.is_err());
        let refused = TcpStream::connect(cut.address()).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        cut.up().await.unwrap();
        cut.up().await.expect("being up already is no error");
        let mut third = TcpStream::connect(cut.address()).await.unwrap();
        cut.slow(Duration::from_millis(1));
        assert_eq!(say(&mut third, "back").await.unwrap(), "back");
        drop(third);
        cut.until(|passed| passed.open == 0).await;
        assert_eq!(cut.passed().accepted, 3);
    };
    tokio::time::timeout(HANG, async {
        tokio::select! { () = serve(listener) => {}, () = story => {} }
    })
    .await
    .unwrap();
}
