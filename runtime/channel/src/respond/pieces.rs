//! Bodies that come in pieces.

use axum::body::Body;
use caisson_capability::BodyStream;
use futures_util::{StreamExt as _, stream};
use std::task::{Poll, ready};

/// The pieces as a body. An error ends the connection at once, and with it all that has not been written yet; it is held back
/// for one poll, so that what the service has sent before goes out first.
pub(super) fn body(mut pieces: BodyStream) -> Body {
    let mut held = None;
    Body::from_stream(stream::poll_fn(move |context| {
        if let Some(error) = held.take() {
            return Poll::Ready(Some(Err(error)));
        }
        match ready!(pieces.poll_next_unpin(context)) {
            Some(Err(error)) => {
                held = Some(error);
                context.waker().wake_by_ref();
                Poll::Pending
            }
            piece => Poll::Ready(piece),
        }
    }))
}
