//! A small HTTP/1.1 client: enough to ask a server of ours something, with a connection that is kept.

use anyhow::{Context as _, Result, bail};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

const TIMEOUT: Duration = Duration::from_secs(20);

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// A connection to a server.
#[derive(Debug)]
pub(crate) struct Connection {
    address: String,
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Connects to `address`, e.g. `127.0.0.1:17010`.
    pub(crate) fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Self { address: address.to_owned(), stream: BufReader::new(stream) })
    }

    /// Sends a GET request and reads the answer.
    pub(crate) fn get(&mut self, path: &str) -> Result<Answer> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.read_answer().with_context(|| format!("GET {path} at {}", self.address))
    }

    /// Posts JSON and reads the answer.
    pub(crate) fn post(&mut self, path: &str, json: &str) -> Result<Answer> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{json}",
            self.address,
            json.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.read_answer().with_context(|| format!("POST {path} at {}", self.address))
    }

    fn read_answer(&mut self) -> Result<Answer> {
        let first = self.read_line()?;
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.with_context(|| format!("not an HTTP answer: {first:?}"))?;
        let (mut length, mut chunked) = (0, false);
        loop {
            let line = self.read_line()?.to_ascii_lowercase();
            match line.split_once(':') {
                Some(("content-length", value)) => length = value.trim().parse()?,
                Some(("transfer-encoding", value)) => chunked = value.contains("chunked"),
                Some(_) => {}
                None => break,
            }
        }
        let body = if chunked { self.read_chunks()? } else { self.read_bytes(length)? };
        Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
    }

    fn read_chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = self.read_line()?;
            let chunk = self.read_bytes(usize::from_str_radix(size.trim(), 16)?)?;
            self.read_line()?;
            if chunk.is_empty() {
                return Ok(body);
            }
            body.extend(chunk);
        }
    }

    fn read_bytes(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(body)
    }

    fn read_line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            bail!("the server closed the connection");
        }
        Ok(line.trim_end().to_owned())
    }
}

/// Sends one GET request on a connection of its own.
pub(crate) fn get(address: &str, path: &str) -> Result<Answer> {
    Connection::open(address)?.get(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn answer_to(sent: &'static str) -> Result<Answer> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let server = std::thread::spawn(move || -> std::io::Result<()> {
            let (mut stream, _) = listener.accept()?;
            let asked = stream.read(&mut [0; 1000])?;
            assert!(asked > 0);
            stream.write_all(sent.as_bytes())
        });
        let answer = get(&address, "/");
        server.join().expect("the server does not panic")?;
        answer
    }

    #[test]
    fn reads_a_body_of_known_length() {
        let answer = answer_to("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone").unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (404, "gone"));
    }

    #[test]
    fn reads_a_body_in_chunks() {
        let answer =
            answer_to("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
                .unwrap();
        assert_eq!(answer.body, "abc");
    }

    #[test]
    fn refuses_what_is_not_http() {
        assert!(answer_to("220 mail.example.com\r\n").is_err());
    }
}
