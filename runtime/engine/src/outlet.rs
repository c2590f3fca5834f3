//! Answers that go out while the guest still makes them.
//!
//! There is no task of its own for such a guest: whoever reads the body's pieces runs it by that, and whoever drops the body
//! stops it. The guest waits while a piece of its has not been taken, so that a slow reader costs no memory.

use bytes::Bytes;
use caisson_capability::{Body, BodyStream, BoxFuture, Error, Field, Response};
use futures_util::stream;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// Pieces between the guest and the reader. One: the guest makes the next while this one is sent.
const PIECES: usize = 1;

/// What runs a guest until it has answered.
pub(crate) type Run = BoxFuture<'static, Result<Response, Error>>;

/// Where a guest leaves the head of an answer that it begins before it has all of it. One for each invocation.
#[derive(Debug, Default)]
pub(crate) struct Outlet(Mutex<Option<Begun>>);

/// An answer that has begun.
#[derive(Debug)]
struct Begun {
    status: u16,
    headers: Vec<Field>,
    pieces: mpsc::Receiver<Bytes>,
}

impl Outlet {
    /// The guest has the head. What is sent through the sender is the body.
    pub(crate) fn begin(&self, status: u16, headers: Vec<Field>) -> mpsc::Sender<Bytes> {
        let (sender, pieces) = mpsc::channel(PIECES);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Begun { status, headers, pieces });
        sender
    }

    fn take(&self) -> Option<Begun> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Runs the guest until it has answered as a whole or begun to answer.
///
/// # Errors
///
/// What the guest's run ends with, when nothing has been sent.
///
/// # Cancel safety
///
/// Dropping the future or the body of the answer stops the guest.
pub(crate) async fn answer(mut run: Run, outlet: Arc<Outlet>) -> Result<Response, Error> {
    // The guest calls `begin` while it is polled, so there is something to find only after that.
    let early = poll_fn(|context| match (run.as_mut().poll(context), outlet.take()) {
        (Poll::Ready(ended), None) => Poll::Ready(Early::Ended(ended)),
        (Poll::Ready(ended), Some(begun)) => Poll::Ready(Early::Begun(begun, Some(ended))),
        (Poll::Pending, Some(begun)) => Poll::Ready(Early::Begun(begun, None)),
        (Poll::Pending, None) => Poll::Pending,
    })
    .await;
    let (Begun { status, headers, pieces }, ended) = match early {
        Early::Ended(ended) => return ended,
        Early::Begun(begun, ended) => (begun, ended),
    };
    let mut rest = Rest { pieces, run: Some(run), failed: None };
    if let Some(ended) = ended {
        rest.end(ended);
    }
    Ok(Response { status, headers, body: Body::Stream(rest.into_stream()), settlement: None })
}

/// What comes first.
enum Early {
    /// The guest has ended.
    Ended(Result<Response, Error>),
    /// It has begun to answer, and may have ended already.
    Begun(Begun, Option<Result<Response, Error>>),
}

/// What is still to come of a body.
struct Rest {
    pieces: mpsc::Receiver<Bytes>,
    /// Until the guest has ended.
    run: Option<Run>,
    failed: Option<Error>,
}

impl Rest {
    fn into_stream(mut self) -> BodyStream {
        Box::pin(stream::poll_fn(move |context| self.poll(context)))
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        if let Poll::Ready(Some(piece)) = self.pieces.poll_recv(context) {
            return Poll::Ready(Some(Ok(piece)));
        }
        if let Some(run) = &mut self.run
            && let Poll::Ready(ended) = run.as_mut().poll(context)
        {
            self.end(ended);
        }
        match self.pieces.poll_recv(context) {
            Poll::Ready(Some(piece)) => Poll::Ready(Some(Ok(piece))),
            Poll::Ready(None) if self.run.is_none() => Poll::Ready(self.failed.take().map(Err)),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    /// The guest has ended; what it sent before is still to be read.
    fn end(&mut self, ended: Result<Response, Error>) {
        self.run = None;
        self.failed = ended.err();
        self.pieces.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use caisson_capability::ErrorKind;
    use futures_util::StreamExt as _;
    use std::sync::atomic::{AtomicBool, Ordering};

    async fn pieces(response: Response) -> Vec<Result<Bytes, ErrorKind>> {
        let Body::Stream(stream) = response.body else { panic!("it is no stream") };
        stream.map(|piece| piece.map_err(|error| error.kind)).collect().await
    }

    fn guest(outlet: &Arc<Outlet>, sent: &'static [&'static str], end: Result<(), ErrorKind>) -> Run {
        let outlet = Arc::clone(outlet);
        Box::pin(async move {
            let sender = outlet.begin(201, vec![("a".to_owned(), "b".to_owned())]);
            for piece in sent {
                sender.send(Bytes::from_static(piece.as_bytes())).await.unwrap();
                tokio::task::yield_now().await;
            }
            end.map(|()| Response::default()).map_err(|kind| Error::new(kind, "x"))
        })
    }

    #[tokio::test]
    async fn a_whole_answer_passes_through() {
        let outlet = Arc::new(Outlet::default());
        let run = Box::pin(async { Ok(Response { status: 204, ..Response::default() }) });
        assert_eq!(answer(run, outlet).await.unwrap().status, 204);
    }

    #[tokio::test]
    async fn pieces_come_in_order_and_an_error_comes_last() {
        for (sent, end) in [
            (&["1", "2", "3"][..], Ok(())),
            (&["1", "2"], Err(ErrorKind::Timeout)),
            (&[], Ok(())),
            (&[], Err(ErrorKind::Internal)),
        ] {
            let outlet = Arc::new(Outlet::default());
            let response = answer(guest(&outlet, sent, end), Arc::clone(&outlet)).await.unwrap();
            assert_eq!((response.status, response.headers.len()), (201, 1));
            let mut expected: Vec<_> = sent.iter().map(|piece| Ok(Bytes::from(*piece))).collect();
            expected.extend(end.err().map(Err));
            assert_eq!(pieces(response).await, expected);
        }
    }

    #[tokio::test]
    async fn dropping_the_body_stops_the_guest() {
        struct Flag(Arc<AtomicBool>);
        impl Drop for Flag {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let (outlet, stopped) = (Arc::new(Outlet::default()), Arc::new(AtomicBool::new(false)));
        let (inner, flag) = (Arc::clone(&outlet), Flag(Arc::clone(&stopped)));
        let run = Box::pin(async move {
            let _sender = inner.begin(200, Vec::new());
            std::future::pending::<()>().await;
            drop(flag);
            Ok(Response::default())
        });
        let response = answer(run, outlet).await.unwrap();
        assert!(!stopped.load(Ordering::Relaxed));
        drop(response);
        assert!(stopped.load(Ordering::Relaxed));
    }
}
