//! Reads a request's body, never more of it than a limit says.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use caisson_capability::{Deadline, Error, ErrorKind, Fault};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use std::error::Error as StdError;
use std::time::Duration;

/// Most bytes set aside on the word of a `Content-Length` alone: a promise costs the client nothing.
const TRUSTED: u64 = 64 * 1024;

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// There is more of it than allowed.
    #[error("the body is larger than {limit} bytes (limit max_body_bytes)")]
    TooLarge {
        /// Most bytes allowed.
        limit: u64,
    },
    /// It did not arrive in time.
    #[error("the body did not arrive within {} ms (limit body_timeout)", after.as_millis())]
    TimedOut {
        /// How long it was waited for.
        after: Duration,
    },
    /// The request's deadline has passed before all of it was there.
    #[error("the body did not arrive in time (limit timeout_secs of the channel, or request_timeout_secs)")]
    Late,
    /// The connection ended in the middle of it, or its framing is wrong.
    #[error("the body could not be read to its end")]
    Broken(#[source] axum::Error),
}

impl From<axum::Error> for BodyError {
    fn from(error: axum::Error) -> Self {
        let mut cause: Option<&(dyn StdError + 'static)> = Some(&error);
        while let Some(current) = cause {
            if let Some(Self::TimedOut { after }) = current.downcast_ref() {
                return Self::TimedOut { after: *after };
            }
            cause = current.source();
        }
        Self::Broken(error)
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        let (kind, status) = match &error {
            BodyError::TooLarge { .. } => (ErrorKind::QuotaExceeded, 413),
            BodyError::TimedOut { .. } | BodyError::Late => (ErrorKind::Timeout, 408),
            BodyError::Broken(_) => (ErrorKind::InvalidInput, 400),
        };
        let mut answer = Self::new(kind, error.to_string()).fault(Fault::Caller).source(error);
        answer.status = Some(status);
        answer
    }
}

/// Reads a body to its end.
///
/// The time that it may take is kept by the connection that it comes from
/// ([`HttpOptions::body_timeout`](crate::HttpOptions)).
///
/// # Errors
///
/// [`BodyError`]. What was read until then is gone; an HTTP/1 connection is closed after the answer.
///
/// # Cancel safety
///
/// Dropping the future drops the body.
pub async fn collect(mut body: Body, limit: u64) -> Result<Bytes, BodyError> {
    if body.size_hint().lower() > limit {
        return Err(BodyError::TooLarge { limit });
    }
    // Most bodies come in one piece, which is then passed on without a copy.
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let mut read = 0_u64;
    while !body.is_end_stream() {
        let Some(frame) = body.frame().await else { break };
        // Trailers are of no use to a service.
        let Ok(data) = frame?.into_data() else { continue };
        read = read.saturating_add(data.len() as u64);
        if read > limit {
            return Err(BodyError::TooLarge { limit });
        }
        if first.is_empty() && rest.is_empty() {
            first = data;
            continue;
        }
        if rest.is_empty() {
            let expected = body.size_hint().lower().min(TRUSTED) as usize;
            rest.reserve(first.len() + data.len() + expected);
            rest.extend_from_slice(&std::mem::take(&mut first));
        }
        rest.extend_from_slice(&data);
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

/// Reads a body to its end, at most until the request's deadline. One that misses it is its sender's fault: no service has been
/// called yet.
///
/// # Errors
///
/// As [`collect`].
///
/// # Cancel safety
///
/// As [`collect`].
pub(crate) async fn arrived(body: Body, limit: u64, deadline: Deadline) -> Result<Bytes, Error> {
    match tokio::time::timeout_at(deadline.instant(), collect(body, limit)).await {
        Ok(read) => Ok(read?),
        Err(_) => Err(BodyError::Late.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use std::io;

    fn pieces(parts: &[&'static str]) -> Body {
        let parts: Vec<Result<&'static str, io::Error>> = parts.iter().map(|part| Ok(*part)).collect();
        Body::from_stream(stream::iter(parts))
    }

    #[tokio::test]
    async fn joins_pieces_in_order() {
        assert_eq!(collect(pieces(&[]), 0).await.unwrap(), "");
        assert_eq!(collect(pieces(&["one"]), 3).await.unwrap(), "one");
        assert_eq!(collect(pieces(&["one", "", "two", "three"]), 11).await.unwrap(), "onetwothree");
    }

    #[tokio::test]
    async fn stops_one_byte_over_the_limit() {
        let error = collect(pieces(&["one", "two"]), 5).await.unwrap_err();
        assert!(matches!(error, BodyError::TooLarge { limit: 5 }), "{error:?}");
        let error = Error::from(error);
        assert_eq!((error.status, error.fault), (Some(413), Fault::Caller));
        assert!(error.message.contains("5 bytes"), "{}", error.message);
    }

    #[tokio::test]
    async fn a_broken_body_is_the_callers_fault() {
        let parts: Vec<Result<&str, io::Error>> = vec![Ok("a"), Err(io::Error::other("secret"))];
        let error = Error::from(collect(Body::from_stream(stream::iter(parts)), 10).await.unwrap_err());
        assert_eq!((error.status, error.kind), (Some(400), ErrorKind::InvalidInput));
        assert!(!error.message.contains("secret"));
    }
}
