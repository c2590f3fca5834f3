//! Compression of answers: gzip, brotli, zstd.

use super::{one_piece, value_of};
use crate::accept;
use async_compression::Level;
use async_compression::tokio::bufread::{BrotliEncoder, GzipEncoder, ZstdEncoder};
use bytes::BytesMut;
use caisson_capability::{Body, BodyStream, Error, ErrorKind, Response};
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG};
use std::io;
use tokio::io::AsyncRead;
use tokio_util::io::{ReaderStream, StreamReader};

/// Smaller bodies become hardly smaller.
const MIN_BYTES: usize = 1_024;

/// Brotli's own default is for files that are compressed once and sent often.
const BROTLI_LEVEL: i32 = 4;

/// How a body is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Zstd,
    Brotli,
    Gzip,
}

impl Coding {
    /// In the order of our own preference: what costs the least for what it saves comes first.
    const ALL: [Self; 3] = [Self::Zstd, Self::Brotli, Self::Gzip];

    fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// The coding that the client likes best; nothing if it likes none, or likes it plain better.
    pub(super) fn choose(headers: &HeaderMap) -> Option<Self> {
        let wanted = accept::weighted(headers, ACCEPT_ENCODING);
        let named = |name: &str| {
            wanted
                .iter()
                .find(|(other, _)| other == name || (name == "gzip" && other == "x-gzip"))
                .map(|(_, weight)| *weight)
        };
        let any = named("*");
        let plain = named("identity").unwrap_or(0);
        let mut best = None;
        for coding in Self::ALL {
            let weight = named(coding.name()).or(any).unwrap_or(0);
            if weight > 0 && weight >= plain && best.is_none_or(|(_, other)| weight > other) {
                best = Some((coding, weight));
            }
        }
        best.map(|(coding, _)| coding)
    }
}

/// Whether an answer is of a kind and size that compression makes smaller.
pub(super) fn is_worth_it(response: &Response) -> bool {
    let headers = &response.headers;
    let large = response.body.whole().is_none_or(|bytes| bytes.len() >= MIN_BYTES);
    let untouched =
        [CONTENT_ENCODING, CONTENT_RANGE].iter().all(|name| value_of(headers, name.as_str()).is_none());
    let may = !value_of(headers, CACHE_CONTROL.as_str())
        .is_some_and(|value| value.to_ascii_lowercase().contains("no-transform"));
    let says_something = !matches!(response.status, 204 | 205 | 206 | 304);
    large
        && untouched
        && may
        && says_something
        && value_of(headers, CONTENT_TYPE.as_str()).is_some_and(is_text)
}

/// Types that are text, or made of it. Events are left alone: an encoder would hold them back.
fn is_text(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let applications = [
        "application/json",
        "application/xml",
        "application/javascript",
        "application/x-www-form-urlencoded",
        "application/x-ndjson",
        "application/yaml",
        "application/wasm",
        "image/svg+xml",
    ];
    (media_type.starts_with("text/") && media_type != "text/event-stream")
        || applications.contains(&&*media_type)
        || media_type.ends_with("+json")
        || media_type.ends_with("+xml")
}

/// The answer with its body coded. A whole body stays whole, so that its length is known.
pub(super) async fn compress(mut response: Response, coding: Coding) -> Result<Response, Error> {
    response.body = match response.body {
        Body::Whole(bytes) => {
            let mut coded = BytesMut::with_capacity(bytes.len() / 4);
            let mut pieces = encoder(one_piece(bytes), coding);
            while let Some(piece) = pieces.next().await {
                coded.extend_from_slice(&piece?);
            }
            coded.freeze().into()
        }
        Body::Stream(pieces) => Body::Stream(encoder(pieces, coding)),
    };
    for (name, value) in &mut response.headers {
        // Another form is another entity, to a strong tag.
        if name.eq_ignore_ascii_case(ETAG.as_str())
            && !value.starts_with("W/")
            && let Some(opaque) = value.strip_suffix('"')
        {
            *value = format!("{opaque}-{}\"", coding.name());
        }
    }
    response.headers.push((CONTENT_ENCODING.as_str().to_owned(), coding.name().to_owned()));
    Ok(response)
}

fn encoder(pieces: BodyStream, coding: Coding) -> BodyStream {
    let reader = StreamReader::new(pieces.map_err(io::Error::other));
    match coding {
        Coding::Zstd => read(ZstdEncoder::new(reader)),
        Coding::Brotli => read(BrotliEncoder::with_quality(reader, Level::Precise(BROTLI_LEVEL))),
        Coding::Gzip => read(GzipEncoder::new(reader)),
    }
}

fn read(reader: impl AsyncRead + Send + 'static) -> BodyStream {
    Box::pin(ReaderStream::new(reader).map_err(failed))
}

/// The stream's own error, if it is one.
fn failed(error: io::Error) -> Error {
    let kind = error.kind();
    match error.downcast::<Error>() {
        Ok(own) => own,
        Err(_) => Error::new(ErrorKind::Internal, "internal error")
            .detail(format!("the answer could not be compressed: {kind}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coding_follows_the_weights() {
        let cases = [
            ("", None),
            ("identity", None),
            ("gzip", Some(Coding::Gzip)),
            ("x-gzip", Some(Coding::Gzip)),
            ("gzip, deflate, br, zstd", Some(Coding::Zstd)),
            ("gzip;q=1, br;q=0.5", Some(Coding::Gzip)),
            ("*", Some(Coding::Zstd)),
            ("*;q=0.1, zstd;q=0", Some(Coding::Brotli)),
            ("gzip;q=0", None),
            ("*;q=0", None),
            ("identity;q=1, gzip;q=0.5", None),
            ("GZIP", Some(Coding::Gzip)),
            ("nonsense;;;=", None),
        ];
        for (value, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, value.parse().unwrap());
            assert_eq!(Coding::choose(&headers), expected, "{value}");
        }
        assert_eq!(Coding::choose(&HeaderMap::new()), None);
    }

    #[test]
    fn only_long_texts_are_compressed() {
        let cases = [
            ("text/plain; charset=utf-8", 1_024, None, true),
            ("application/problem+json", 1_024, None, true),
            ("text/plain", 1_023, None, false),
            ("image/png", 9_999, None, false),
            ("text/event-stream", 9_999, None, false),
            ("text/plain", 9_999, Some(("Content-Encoding", "gzip")), false),
            ("text/plain", 9_999, Some(("Cache-Control", "No-Transform")), false),
        ];
        for (content_type, length, other, expected) in cases {
            let headers = [("content-type", content_type)].into_iter().chain(other);
            let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            let response =
                Response { status: 200, headers, body: vec![b'x'; length].into(), ..Response::default() };
            assert_eq!(is_worth_it(&response), expected, "{content_type} {length} {other:?}");
        }
    }
}
