//! The other side of `http`: a path for each way in which it can misbehave.

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{StreamExt as _, stream};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::io::{self, Write as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// A server that ends with the test.
#[derive(Debug)]
pub(super) struct Upstream {
    pub(super) port: u16,
    task: JoinHandle<()>,
}

impl Upstream {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                // What could not be accepted was refused for want of files, or is gone.
                if let Ok((socket, _)) = listener.accept().await {
                    connections.spawn(serve(socket));
                }
            }
        });
        Self { port, task }
    }

    /// Connections that the host has not closed, as the system knows them: a server that waits for something else does not see that
    /// its client has gone.
    pub(super) fn open(&self) -> usize {
        let (remote, table) =
            (format!(":{:04X}", self.port), std::fs::read_to_string("/proc/net/tcp").unwrap());
        let open = table.lines().filter(|line| {
            let mut columns = line.split_whitespace().skip(2);
            // Established, or closed by the other side only.
            columns.next().is_some_and(|address| address.ends_with(&remote))
                && matches!(columns.next(), Some("01" | "08"))
        });
        open.count()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: TcpStream) {
    // Each connection is for one request: what is open afterwards is leaked.
    let serving =
        http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(socket), service_fn(answer));
    drop(serving.await);
}

async fn answer(request: Request<Incoming>) -> Result<Response<Body>, io::Error> {
    let path = request.uri().path().strip_prefix("/base").unwrap_or_default().to_owned();
    let piece = || Ok(Frame::data(Bytes::from_static(&[b'x'; 1_024])));
    let builder = Response::builder();
    let built = match path.as_str() {
        "/ok" => builder.body(whole("ok")),
        "/big" => builder.body(whole(vec![b'b'; 1 << 20])),
        "/endless" => builder.body(body(stream::repeat_with(piece))),
        "/stalls" => builder.body(body(stream::pending())),
        "/never" => std::future::pending().await,
        "/cut" => {
            let cut = stream::iter([piece(), Err(io::Error::other("cut"))]);
            builder.header("content-length", "5000").body(body(cut))
        }
        "/packed" => builder.header("content-encoding", "gzip").body(whole("this is no gzip")),
        "/bomb" => builder.header("content-encoding", "gzip").body(whole(bomb())),
        "/redirect" => builder.status(302).header("location", "/base/redirect").body(whole("")),
        "/heads" => {
            let builder =
                (0..500).fold(builder, |builder, number| builder.header(format!("x-{number}"), "y"));
            builder.body(whole("heads"))
        }
        "/garbage" => return Err(io::Error::other("no answer at all")),
        _ => {
            let sent = request.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
            builder.body(whole(sent.len().to_string()))
        }
    };
    built.map_err(io::Error::other)
}

fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

fn body(pieces: impl stream::Stream<Item = Result<Frame<Bytes>, io::Error>> + Send + 'static) -> Body {
    // Gives way after each piece: what is endless does not take the thread.
    let pieces = pieces.then(async |piece| {
        tokio::task::yield_now().await;
        piece
    });
    StreamBody::new(Box::pin(pieces)).boxed_unsync()
}

/// Small on its way and large at its end.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![0; 16 << 20]).unwrap();
    encoder.finish().unwrap()
}
