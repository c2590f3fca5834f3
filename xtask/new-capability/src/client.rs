//! The protocol: `auth TOKEN` is answered by `ok`, and each question after it by one line. Network connections are pooled.

use crate::config::Config;
use crate::{ASK, error};
use caisson_capability::{BoxFuture, Call, Connection, Error, Lease, Problem};
use std::fmt;
use std::sync::{Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// A connection: connects at first use, and keeps what is idle for the next call.
pub struct Client {
    config: Config,
    places: Semaphore,
    idle: Mutex<Vec<BufReader<TcpStream>>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Connection for Client {
    fn ping(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            // That it lets us in is all that can be known without asking something.
            let _place = self.places.acquire().await.map_err(|_| error::closed())?;
            self.connect().await.map(drop)
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.places.close();
            self.idle().clear();
        })
    }
}

/// Asks a question through all layers.
///
/// # Errors
///
/// `invalid-input`: it is not one line; what the layers and the server say.
///
/// # Cancel safety
///
/// Dropping the future closes the network connection that it uses.
pub async fn ask(lease: &Lease<Client>, question: &str) -> Result<String, Error> {
    let call = async |client: caisson_capability::Attempt<Client>| {
        client.sent(question.len());
        let answer = client.ask(question).await?;
        client.received(answer.len());
        Ok(answer)
    };
    lease.call(Call::of(ASK), call).await
}

impl Client {
    /// A client of options that have passed the schema.
    ///
    /// # Errors
    ///
    /// All that is wrong with them.
    pub fn new(config: Config) -> Result<Self, Vec<Problem>> {
        config.check()?;
        let places = Semaphore::new(usize::from(config.max_connections));
        Ok(Self { config, places, idle: Mutex::default() })
    }

    async fn ask(&self, question: &str) -> Result<String, Error> {
        if question.contains(['\n', '\r']) {
            return Err(error::no_line());
        }
        let _place = self.places.acquire().await.map_err(|_| error::closed())?;
        let idle = self.idle().pop();
        let mut line = match idle {
            Some(line) => line,
            None => self.connect().await?,
        };
        // Whatever is dropped or fails in here takes the network connection along: half an answer may be on it.
        let answer = self.exchange(&mut line, question).await?;
        let mut idle = self.idle();
        // Seen under the lock: `close` empties the pool after it has closed the places.
        if !self.places.is_closed() {
            idle.push(line);
        }
        Ok(answer)
    }

    async fn connect(&self) -> Result<BufReader<TcpStream>, Error> {
        let stream = TcpStream::connect(&self.config.address).await.map_err(error::away)?;
        let mut line = BufReader::new(stream);
        let greeting = format!("auth {}", self.config.token.expose());
        match self.exchange(&mut line, &greeting).await?.as_str() {
            "ok" => Ok(line),
            _ => Err(error::refused()),
        }
    }

    async fn exchange(&self, line: &mut BufReader<TcpStream>, question: &str) -> Result<String, Error> {
        let question = format!("{question}\n");
        line.get_mut().write_all(question.as_bytes()).await.map_err(error::away)?;
        let limit = self.config.answer_bytes;
        let mut answer = Vec::new();
        line.take(u64::from(limit) + 1).read_until(b'\n', &mut answer).await.map_err(error::away)?;
        match answer.pop() {
            Some(b'\n') => String::from_utf8(answer).map_err(|_| error::garbled()),
            Some(_) if answer.len() >= usize::try_from(limit).unwrap_or(usize::MAX) => {
                Err(error::too_long(limit))
            }
            _ => Err(error::away(std::io::ErrorKind::UnexpectedEof.into())),
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<BufReader<TcpStream>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
