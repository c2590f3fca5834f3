//! The protocol of Redis (RESP2 and RESP3) on a socket: commands out, replies in as parts in the order in which they come, within a
//! limit.

use crate::error::Trouble;
use bytes::{Buf as _, BytesMut};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The name of a command and its arguments.
pub type Command = Vec<Vec<u8>>;

/// A part of a reply. One that holds others is followed by them.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Nothing.
    Nil,
    /// A whole number.
    Int(i64),
    /// A number.
    Double(f64),
    /// Yes or no.
    Boolean(bool),
    /// A status, such as `OK`.
    Status(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A whole number that may be larger than others.
    BigNumber(String),
    /// So many replies follow.
    List(u32),
    /// So many keys with their values follow.
    Map(u32),
    /// So many replies follow.
    Set(u32),
    /// An error.
    Failure(String),
}

/// One whole reply.
pub type Reply = Vec<Part>;

/// What comes in: an answer, or something that nobody asked for (a message of a subscription).
#[derive(Debug)]
pub(crate) enum Frame {
    Answer(Reply),
    Push(Reply),
}

/// How deep replies may lie within each other: far beyond what commands answer.
const MAX_DEPTH: usize = 64;
/// Statuses, numbers, errors.
const MAX_LINE: usize = 64 * 1024;
/// What a part counts for beside its bytes: what it takes in memory.
const PART: usize = 32;

/// Writes commands one after the other.
pub(crate) fn encode<'a>(commands: impl IntoIterator<Item = &'a [Vec<u8>]>) -> Vec<u8> {
    let mut out = Vec::new();
    for command in commands {
        out.extend_from_slice(format!("*{}\r\n", command.len()).as_bytes());
        for argument in command {
            out.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
            out.extend_from_slice(argument);
            out.extend_from_slice(b"\r\n");
        }
    }
    out
}

/// Reads replies. What has come in but was not asked for stays in `buffer`.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    buffer: BytesMut,
    /// Bytes that came in since they were last asked for.
    received: usize,
    /// A frame was begun and not ended: what follows in the buffer is within it.
    begun: bool,
}

/// What is left of a reply's limit.
#[derive(Debug)]
pub(crate) struct Budget {
    left: usize,
    limit: usize,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Self { left: limit, limit }
    }

    fn take(&mut self, bytes: usize) -> Result<(), Trouble> {
        self.left = self.left.checked_sub(bytes).ok_or(Trouble::TooLarge(self.limit))?;
        Ok(())
    }
}

impl Reader {
    /// Whether nothing is left over.
    pub(crate) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// How many bytes came in since this was last asked.
    pub(crate) fn take_received(&mut self) -> usize {
        std::mem::take(&mut self.received)
    }

    /// Reads one frame.
    ///
    /// # Cancel safety
    ///
    /// A frame that was begun is lost, and the connection with it: the next call says so.
    pub(crate) async fn frame<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        budget: &mut Budget,
    ) -> Result<Frame, Trouble> {
        if self.begun {
            return Err(Trouble::Lost(io::ErrorKind::TimedOut.into()));
        }
        let mut parts = Vec::new();
        let mut push = false;
        // How many replies are still to come, at each depth.
        let mut open: Vec<u64> = vec![1];
        while let Some(left) = open.last_mut() {
            if *left == 0 {
                open.pop();
                continue;
            }
            *left -= 1;
            let (part, children) = self.part(stream, budget, &mut push, parts.is_empty()).await?;
            parts.push(part);
            if children > 0 {
                if open.len() >= MAX_DEPTH {
                    return Err(Trouble::Protocol("replies lie too deep within each other"));
                }
                open.push(children);
            }
        }
        self.begun = false;
        Ok(if push { Frame::Push(parts) } else { Frame::Answer(parts) })
    }

    async fn part<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        budget: &mut Budget,
        push: &mut bool,
        first: bool,
    ) -> Result<(Part, u64), Trouble> {
        budget.take(PART)?;
        let line = self.line(stream).await?;
        self.begun = true;
        let (kind, rest) = line.split_first().ok_or(Trouble::Protocol("an empty line"))?;
        let part = match kind {
            b'+' => Part::Status(text(rest, budget)?),
            b'-' => Part::Failure(text(rest, budget)?),
            b'(' => Part::BigNumber(text(rest, budget)?),
            b':' => Part::Int(parse(rest)?),
            b',' => Part::Double(double(rest)?),
            b'_' => Part::Nil,
            b'#' => Part::Boolean(match rest {
                b"t" => true,
                b"f" => false,
                _ => return Err(Trouble::Protocol("a boolean that is neither t nor f")),
            }),
            b'$' | b'!' | b'=' => self.bulk(stream, budget, *kind, rest).await?,
            b'*' | b'%' | b'~' => return holder(*kind, rest, budget),
            b'>' if first => {
                *push = true;
                return holder(b'*', rest, budget);
            }
            _ => return Err(Trouble::Protocol("a part of no known kind")),
        };
        Ok((part, 0))
    }

    async fn bulk<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        budget: &mut Budget,
        kind: u8,
        length: &[u8],
    ) -> Result<Part, Trouble> {
        if length == b"-1" {
            return Ok(Part::Nil);
        }
        let length: usize = parse(length)?;
        budget.take(length)?;
        let whole = length.checked_add(2).ok_or(Trouble::TooLarge(budget.limit))?;
        while self.buffer.len() < whole {
            self.more(stream).await?;
        }
        let bytes = self.buffer.split_to(length);
        if self.buffer.get(..2) != Some(b"\r\n") {
            return Err(Trouble::Protocol("bytes that are longer than announced"));
        }
        self.buffer.advance(2);
        Ok(match kind {
            b'!' => Part::Failure(String::from_utf8_lossy(&bytes).into_owned()),
            // Verbatim text: three letters of its kind and a colon come first.
            b'=' => Part::Bytes(bytes.get(4..).unwrap_or_default().to_vec()),
            _ => Part::Bytes(bytes.to_vec()),
        })
    }

    async fn line<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> Result<Vec<u8>, Trouble> {
        let mut seen = 0;
        loop {
            let fresh = self.buffer.get(seen..).unwrap_or_default();
            if let Some(at) = fresh.iter().position(|byte| *byte == b'\n') {
                let mut line = self.buffer.split_to(seen + at + 1).to_vec();
                line.pop();
                if line.pop() != Some(b'\r') {
                    return Err(Trouble::Protocol("a line that does not end as lines do"));
                }
                return Ok(line);
            }
            seen = self.buffer.len();
            if seen > MAX_LINE {
                return Err(Trouble::Protocol("a line without an end"));
            }
            self.more(stream).await?;
        }
    }

    async fn more<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> Result<(), Trouble> {
        // Grows as bytes come, whatever was announced.
        self.buffer.reserve(16 * 1024);
        match stream.read_buf(&mut self.buffer).await {
            Ok(0) => Err(Trouble::Lost(io::ErrorKind::UnexpectedEof.into())),
            Ok(count) => {
                self.received = self.received.saturating_add(count);
                Ok(())
            }
            Err(error) => Err(Trouble::Lost(error)),
        }
    }
}

fn holder(kind: u8, count: &[u8], budget: &Budget) -> Result<(Part, u64), Trouble> {
    if count == b"-1" {
        return Ok((Part::Nil, 0));
    }
    let count: u32 = parse(count)?;
    let children = if kind == b'%' { u64::from(count) * 2 } else { u64::from(count) };
    // What cannot fit is refused before it comes.
    if children.saturating_mul(PART as u64) > budget.left as u64 {
        return Err(Trouble::TooLarge(budget.limit));
    }
    let part = match kind {
        b'%' => Part::Map(count),
        b'~' => Part::Set(count),
        _ => Part::List(count),
    };
    Ok((part, children))
}

fn text(bytes: &[u8], budget: &mut Budget) -> Result<String, Trouble> {
    budget.take(bytes.len())?;
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

fn parse<T: std::str::FromStr>(bytes: &[u8]) -> Result<T, Trouble> {
    let number = std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok());
    number.ok_or(Trouble::Protocol("a number that is none"))
}

fn double(bytes: &[u8]) -> Result<f64, Trouble> {
    match bytes {
        b"inf" => Ok(f64::INFINITY),
        b"-inf" => Ok(f64::NEG_INFINITY),
        b"nan" | b"-nan" => Ok(f64::NAN),
        _ => parse(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(mut bytes: &[u8], limit: usize) -> Result<Frame, Trouble> {
        Reader::default().frame(&mut bytes, &mut Budget::new(limit)).await
    }

    #[tokio::test]
    async fn replies_come_as_parts_in_the_order_of_the_wire() {
        let bytes = |text: &str| Part::Bytes(text.as_bytes().to_vec());
        for (wire, parts) in [
            ("+OK\r\n", vec![Part::Status("OK".into())]),
            ("$3\r\na\r\n\r\n", vec![bytes("a\r\n")]),
            ("$0\r\n\r\n", vec![bytes("")]),
            ("$-1\r\n", vec![Part::Nil]),
            ("*-1\r\n", vec![Part::Nil]),
            ("_\r\n", vec![Part::Nil]),
            ("*0\r\n", vec![Part::List(0)]),
            (":-9223372036854775808\r\n", vec![Part::Int(i64::MIN)]),
            (",1.5\r\n", vec![Part::Double(1.5)]),
            (",-inf\r\n", vec![Part::Double(f64::NEG_INFINITY)]),
            ("#t\r\n", vec![Part::Boolean(true)]),
            ("(12345678901234567890123\r\n", vec![Part::BigNumber("12345678901234567890123".into())]),
            ("=6\r\ntxt:ab\r\n", vec![bytes("ab")]),
            ("!5\r\nERR x\r\n", vec![Part::Failure("ERR x".into())]),
            (
                "%1\r\n+a\r\n*1\r\n:1\r\n",
                vec![Part::Map(1), Part::Status("a".into()), Part::List(1), Part::Int(1)],
            ),
            ("~1\r\n:1\r\n", vec![Part::Set(1), Part::Int(1)]),
        ] {
            let Ok(Frame::Answer(read)) = read(wire.as_bytes(), 10_000).await else { panic!("{wire:?}") };
            assert_eq!(read, parts, "{wire:?}");
        }
        assert!(matches!(read(b">1\r\n:1\r\n", 10_000).await, Ok(Frame::Push(parts)) if parts.len() == 2));
    }

    #[tokio::test]
    async fn bytes_that_are_no_replies_are_refused() {
        let deep = "*1\r\n".repeat(100);
        let endless = format!("+{}", "x".repeat(100_000));
        for wire in [
            "\r\n",
            "HTTP/1.1 200 OK\r\n",
            "$5\r\nabc\r\nxx",
            ":1x\r\n",
            "$-2\r\n",
            "#x\r\n",
            "+a\n",
            "*1\r\n>1\r\n:1\r\n",
            "$99999999999999999999999\r\n",
            deep.as_str(),
            endless.as_str(),
        ] {
            assert!(matches!(read(wire.as_bytes(), 1 << 20).await, Err(Trouble::Protocol(_))), "{wire:?}");
        }
        assert!(matches!(read(b"$5\r\nab", 1 << 20).await, Err(Trouble::Lost(_))));
    }

    #[tokio::test]
    async fn what_is_larger_than_the_limit_is_refused_before_it_comes() {
        for wire in ["$1000000000\r\n", "*1000000000\r\n", "%4000000000\r\n", "$18446744073709551615\r\n"] {
            assert!(matches!(read(wire.as_bytes(), 1 << 20).await, Err(Trouble::TooLarge(_))), "{wire:?}");
        }
    }
}
