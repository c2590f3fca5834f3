//! The answer: its head within bounds, its body piece by piece, unpacked, within a bound as well.

use crate::error;
use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use bytes::{Bytes, BytesMut};
use caisson_capability::{Deadline, Error, Field};
use futures_util::TryStreamExt as _;
use http::{HeaderMap, HeaderValue, header};
use http_body_util::BodyDataStream;
use hyper::body::{Body as _, Incoming};
use std::fmt;
use std::io;
use std::pin::Pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio_util::io::StreamReader;

/// What the options say about answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) read_timeout: Duration,
    pub(crate) bytes: u64,
    pub(crate) header_bytes: usize,
    pub(crate) header_count: usize,
    pub(crate) compression: bool,
}

/// An answer whose body is still to come.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<Field>,
    pub(crate) body: Pieces,
}

/// The body of an answer.
pub(crate) struct Pieces {
    reader: Pin<Box<dyn AsyncRead + Send>>,
    packed: bool,
    left: u64,
    bounds: Bounds,
    deadline: Deadline,
    /// The request may be made twice.
    again: bool,
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pieces").field("packed", &self.packed).finish_non_exhaustive()
    }
}

impl Answer {
    /// Takes over what hyper read so far.
    pub(crate) fn new(
        answer: http::Response<Incoming>,
        bounds: Bounds,
        deadline: Deadline,
        again: bool,
    ) -> Result<Self, Error> {
        let (mut head, body) = answer.into_parts();
        let size: usize =
            head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if size > bounds.header_bytes || head.headers.len() > bounds.header_count {
            return Err(error::too_much(
                "the head of the answer is larger than header_bytes or header_count allow",
            ));
        }
        let declared = body.size_hint().exact();
        if declared.is_some_and(|size| size > bounds.bytes) {
            return Err(larger(bounds.bytes));
        }
        let stream = BodyDataStream::new(body).map_err(io::Error::other);
        let stream = StreamReader::new(stream);
        let packing =
            bounds.compression.then(|| packing(&head.headers)).flatten().filter(|_| declared != Some(0));
        let reader: Pin<Box<dyn AsyncRead + Send>> = match packing {
            Some(Packing::Gzip) => {
                let mut decoder = GzipDecoder::new(stream);
                decoder.multiple_members(true);
                Box::pin(decoder)
            }
            Some(Packing::Brotli) => Box::pin(BrotliDecoder::new(stream)),
            Some(Packing::Zstd) => {
                Box::pin(ZstdDecoder::with_params(stream, &[DParameter::window_log_max(WINDOW)]))
            }
            None => Box::pin(stream),
        };
        if packing.is_some() {
            head.headers.remove(header::CONTENT_ENCODING);
            head.headers.remove(header::CONTENT_LENGTH);
        }
        let packed = packing.is_some();
        let body = Pieces { reader, packed, left: bounds.bytes, bounds, deadline, again };
        Ok(Self { status: head.status.as_u16(), headers: fields(&head.headers), body })
    }
}

/// What RFC 8878 asks of those who decode, as a power of two: 8 MiB. A larger window is memory that the other side chooses.
const WINDOW: u32 = 23;

#[derive(Clone, Copy)]
enum Packing {
    Gzip,
    Brotli,
    Zstd,
}

/// How the body is compressed, if it is in one way that we asked for.
fn packing(headers: &HeaderMap) -> Option<Packing> {
    let mut all = headers.get_all(header::CONTENT_ENCODING).iter();
    let (Some(one), None) = (all.next(), all.next()) else { return None };
    match one.to_str().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => Some(Packing::Gzip),
        "br" => Some(Packing::Brotli),
        "zstd" => Some(Packing::Zstd),
        _ => None,
    }
}

fn fields(headers: &HeaderMap) -> Vec<Field> {
    // Headers of old servers are Latin-1, in which each byte is the character of its number.
    let text = |value: &HeaderValue| match str::from_utf8(value.as_bytes()) {
        Ok(text) => text.to_owned(),
        Err(_) => value.as_bytes().iter().map(|byte| char::from(*byte)).collect(),
    };
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

fn larger(limit: u64) -> Error {
    error::too_much(format!("the answer is larger than answer_bytes allows ({limit} bytes)"))
}

impl Pieces {
    /// The next piece, of at most `most` bytes; nothing at the end.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self, most: usize) -> Result<Option<Bytes>, Error> {
        let until = self.deadline.instant().min(tokio::time::Instant::now() + self.bounds.read_timeout);
        let mut piece = BytesMut::with_capacity(most.clamp(1, PIECE));
        let (late, packed) = (self.deadline.instant() <= until, self.packed);
        let reading = async {
            // Read up to the piece's capacity.
            self.reader.read_buf(&mut piece).await
        };
        let read = match tokio::time::timeout_at(until, reading).await {
            Ok(read) => read.map_err(|error| error::sent(error::body(&error, packed), self.again))?,
            Err(_) => {
                let option = if late { "timeout_secs" } else { "read_timeout_secs" };
                return Err(error::sent(error::late("the answer", option), self.again));
            }
        };
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| larger(self.bounds.bytes))?;
        Ok((read > 0).then(|| piece.freeze()))
    }

    /// All that is left.
    pub(crate) async fn collect(mut self) -> Result<Vec<u8>, Error> {
        let mut all = Vec::new();
        while let Some(piece) = self.next(PIECE).await? {
            all.extend_from_slice(&piece);
        }
        Ok(all)
    }
}

/// The largest piece.
pub(crate) const PIECE: usize = 64 << 10;
