//! Bytes on a socket, for what no well-behaved client would send.

use super::HANG;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection.
#[derive(Debug)]
pub(crate) struct Raw(TcpStream);

/// The status of each answer in what a server has sent.
pub(crate) fn status_lines(text: &str) -> Vec<String> {
    let starts = text.match_indices("HTTP/1.");
    starts.filter_map(|(at, _)| text.get(at + 9..at + 12)).map(str::to_owned).collect()
}

impl Raw {
    /// Connects.
    pub(crate) async fn connect(address: &str) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    /// Sends bytes. A server that has closed already is no error: its answer is what counts.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).await.is_ok()
    }

    /// Everything until the server closes the connection.
    pub(crate) async fn until_closed(mut self) -> String {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(HANG, self.0.read_to_end(&mut bytes)).await;
        // A reset after the answer is how a connection with unread bytes ends.
        drop(read.expect("the server neither answers nor closes the connection"));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// What comes until the text has been seen so many times.
    pub(crate) async fn until(&mut self, text: &str, times: usize) -> String {
        let mut all = String::new();
        let read = async {
            let mut buffer = [0; 4096];
            while all.matches(text).count() < times {
                let count = self.0.read(&mut buffer).await.unwrap_or(0);
                assert!(count > 0, "the connection ended after {all:?}");
                all.push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
        };
        tokio::time::timeout(HANG, read).await.expect("the server does not answer");
        all
    }

    /// Sends bytes one at a time with pauses, until the server closes or all are sent; then everything it said.
    pub(crate) async fn drip(mut self, bytes: &[u8], pause: Duration) -> String {
        for byte in bytes {
            if self.0.write_all(&[*byte]).await.is_err() {
                break;
            }
            let mut answered = [0; 1];
            if tokio::time::timeout(pause, self.0.peek(&mut answered)).await.is_ok() {
                break;
            }
        }
        self.until_closed().await
    }
}
