//! Redis: any command, pipelines, scripts.
//!
//! ```
//! # use caisson::{Error, redis};
//! # use std::time::Duration;
//! # async fn handle() -> Result<(), Error> {
//! let cache = redis::Connection::named("cache");
//! if cache.get_text("greeting").await?.is_none() {
//!     cache.set_for("greeting", "hello", Duration::from_secs(60)).await?;
//! }
//! let all = cache.run(["HGETALL", "customer:1"]).await?;
//! let both = cache.pipeline().command(["INCR", "a"]).command(["INCR", "b"]).atomic().await?;
//! # Ok(())
//! # }
//! ```

use crate::bindings::caisson::redis::client::Part;
use crate::{Error, Result, host};
use std::borrow::Cow;
use std::time::Duration;

/// A connection of the operator's, by its name.
#[derive(Clone, Debug)]
pub struct Connection(Cow<'static, str>);

/// A reply of Redis (RESP3).
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Nothing.
    Nil,
    /// A number.
    Int(i64),
    /// A number with a fraction.
    Double(f64),
    /// Yes or no.
    Boolean(bool),
    /// A status, such as `OK`.
    Status(String),
    /// A string, which may be of any bytes.
    Bytes(Vec<u8>),
    /// A number of any size, by its digits.
    BigNumber(String),
    /// A list.
    List(Vec<Reply>),
    /// Keys and their values, in the order in which they came.
    Map(Vec<(Reply, Reply)>),
    /// A set.
    Set(Vec<Reply>),
    /// An error within a reply, as Redis words it.
    Failure(String),
}

/// Deepest nesting of replies that is read; no command of Redis comes near.
const DEEPEST: u32 = 64;

impl Reply {
    /// The bytes of a string or a status; nothing for other replies.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Status(text) | Self::BigNumber(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// A string as text; nothing for other replies and for what is not UTF-8.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.bytes().and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// A number; nothing for other replies.
    #[must_use]
    pub fn int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => self.text().and_then(|text| text.parse().ok()),
        }
    }

    /// The replies within a list or a set; nothing for others.
    #[must_use]
    pub fn items(&self) -> Option<&[Reply]> {
        match self {
            Self::List(items) | Self::Set(items) => Some(items),
            _ => None,
        }
    }

    fn read(parts: Vec<Part>) -> Result<Self> {
        let mut parts = parts.into_iter();
        let reply = Self::next(&mut parts, DEEPEST)?;
        if parts.next().is_some() { Err(malformed()) } else { Ok(reply) }
    }

    fn next(parts: &mut std::vec::IntoIter<Part>, depth: u32) -> Result<Self> {
        let depth = depth.checked_sub(1).ok_or_else(malformed)?;
        let part = parts.next().ok_or_else(malformed)?;
        let mut many = |count: u32| (0..count).map(|_| Self::next(parts, depth)).collect::<Result<Vec<_>>>();
        Ok(match part {
            Part::Nil => Self::Nil,
            Part::Int(value) => Self::Int(value),
            Part::Double(value) => Self::Double(value),
            Part::Boolean(value) => Self::Boolean(value),
            Part::Status(text) => Self::Status(text),
            Part::Bytes(bytes) => Self::Bytes(bytes),
            Part::BigNumber(digits) => Self::BigNumber(digits),
            Part::Failure(text) => Self::Failure(text),
            Part::List(count) => Self::List(many(count)?),
            Part::Set(count) => Self::Set(many(count)?),
            Part::Map(count) => {
                let pair = |_| Ok((Self::next(parts, depth)?, Self::next(parts, depth)?));
                Self::Map((0..count).map(pair).collect::<Result<Vec<_>>>()?)
            }
        })
    }

    /// A reply as the contract has it; for simulated hosts.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn write(self, parts: &mut Vec<Part>) {
        let count = |items: usize| u32::try_from(items).unwrap_or(u32::MAX);
        match self {
            Self::Nil => parts.push(Part::Nil),
            Self::Int(value) => parts.push(Part::Int(value)),
            Self::Double(value) => parts.push(Part::Double(value)),
            Self::Boolean(value) => parts.push(Part::Boolean(value)),
            Self::Status(text) => parts.push(Part::Status(text)),
            Self::Bytes(bytes) => parts.push(Part::Bytes(bytes)),
            Self::BigNumber(digits) => parts.push(Part::BigNumber(digits)),
            Self::Failure(text) => parts.push(Part::Failure(text)),
            Self::List(items) => {
                parts.push(Part::List(count(items.len())));
                items.into_iter().for_each(|item| item.write(parts));
            }
            Self::Set(items) => {
                parts.push(Part::Set(count(items.len())));
                items.into_iter().for_each(|item| item.write(parts));
            }
            Self::Map(pairs) => {
                parts.push(Part::Map(count(pairs.len())));
                for (key, value) in pairs {
                    key.write(parts);
                    value.write(parts);
                }
            }
        }
    }
}

fn malformed() -> Error {
    Error::internal("a reply of Redis does not hold together")
}

fn unexpected(command: &str, reply: &Reply) -> Error {
    Error::internal(format!("Redis did not answer {command} as expected")).detail(format!("{reply:?}"))
}

impl Connection {
    /// The connection of this name. Whether there is one, and whether this service may use it, shows when it is used.
    #[must_use]
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        Self(name.into())
    }

    /// Runs a command: its name and its arguments.
    ///
    /// # Errors
    ///
    /// `access-denied`: a grant is missing, which the message names, or a key is outside of it. The code is the first word of Redis'
    /// own error.
    pub async fn run<T: Into<Vec<u8>>>(&self, command: impl IntoIterator<Item = T>) -> Result<Reply> {
        let command = command.into_iter().map(Into::into).collect();
        Reply::read(host::redis::run(self.name(), command).await.map_err(Error::of_capability)?)
    }

    /// The value of a key; nothing when there is none.
    ///
    /// # Errors
    ///
    /// As [`Connection::run`].
    pub async fn get(&self, key: impl Into<Vec<u8>>) -> Result<Option<Vec<u8>>> {
        match self.run([b"GET".to_vec(), key.into()]).await? {
            Reply::Nil => Ok(None),
            Reply::Bytes(bytes) => Ok(Some(bytes)),
            other => Err(unexpected("GET", &other)),
        }
    }

    /// The value of a key as text; nothing when there is none.
    ///
    /// # Errors
    ///
    /// As [`Connection::run`]; `internal`: the value is not UTF-8.
    pub async fn get_text(&self, key: impl Into<Vec<u8>>) -> Result<Option<String>> {
        let value = self.get(key).await?.map(String::from_utf8).transpose();
        value.map_err(|error| Error::internal("the value of the key is no text").detail(error))
    }

    /// Sets the value of a key.
    ///
    /// # Errors
    ///
    /// As [`Connection::run`].
    pub async fn set(&self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Result<()> {
        self.run([b"SET".to_vec(), key.into(), value.into()]).await.map(drop)
    }

    /// Sets the value of a key for some time.
    ///
    /// # Errors
    ///
    /// As [`Connection::run`].
    pub async fn set_for(
        &self,
        key: impl Into<Vec<u8>>,
        value: impl Into<Vec<u8>>,
        time: Duration,
    ) -> Result<()> {
        let millis = time.as_millis().to_string().into_bytes();
        self.run([b"SET".to_vec(), key.into(), value.into(), b"PX".to_vec(), millis]).await.map(drop)
    }

    /// Deletes a key. Says whether it was there.
    ///
    /// # Errors
    ///
    /// As [`Connection::run`].
    pub async fn delete(&self, key: impl Into<Vec<u8>>) -> Result<bool> {
        let reply = self.run([b"DEL".to_vec(), key.into()]).await?;
        reply.int().map(|deleted| deleted > 0).ok_or_else(|| unexpected("DEL", &reply))
    }

    /// Adds to the number that a key holds; answers the sum.
    ///
    /// # Errors
    ///
    /// As [`Connection::run`].
    pub async fn increment(&self, key: impl Into<Vec<u8>>, by: i64) -> Result<i64> {
        let reply = self.run([b"INCRBY".to_vec(), key.into(), by.to_string().into_bytes()]).await?;
        reply.int().ok_or_else(|| unexpected("INCRBY", &reply))
    }

    /// Publishes a message to a channel of Redis; answers how many have received it.
    ///
    /// # Errors
    ///
    /// As [`Connection::run`].
    pub async fn publish(&self, channel: impl Into<Vec<u8>>, message: impl Into<Vec<u8>>) -> Result<i64> {
        let reply = self.run([b"PUBLISH".to_vec(), channel.into(), message.into()]).await?;
        reply.int().ok_or_else(|| unexpected("PUBLISH", &reply))
    }

    /// Commands that are sent in one go.
    pub fn pipeline(&self) -> Pipeline {
        Pipeline { connection: self.name(), commands: Vec::new() }
    }

    /// Runs a script, whose text is sent only when the server does not have it.
    ///
    /// # Errors
    ///
    /// As [`Connection::run`].
    pub async fn script<K: Into<Vec<u8>>, A: Into<Vec<u8>>>(
        &self,
        source: impl Into<String>,
        keys: impl IntoIterator<Item = K>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Reply> {
        let keys = keys.into_iter().map(Into::into).collect();
        let arguments = arguments.into_iter().map(Into::into).collect();
        let reply = host::redis::script(self.name(), source.into(), keys, arguments).await;
        Reply::read(reply.map_err(Error::of_capability)?)
    }

    fn name(&self) -> String {
        self.0.clone().into_owned()
    }
}

/// Commands that are sent in one go.
#[derive(Clone, Debug)]
#[must_use = "a pipeline does nothing until it runs"]
pub struct Pipeline {
    connection: String,
    commands: Vec<Vec<Vec<u8>>>,
}

impl Pipeline {
    /// Adds a command: its name and its arguments.
    pub fn command<T: Into<Vec<u8>>>(mut self, command: impl IntoIterator<Item = T>) -> Self {
        self.commands.push(command.into_iter().map(Into::into).collect());
        self
    }

    /// Runs them one after the other. A command that fails gives a [`Reply::Failure`] in its place.
    ///
    /// # Errors
    ///
    /// Nothing was run: as [`Connection::run`].
    pub async fn run(self) -> Result<Vec<Reply>> {
        self.go(false).await
    }

    /// Runs them as a transaction (MULTI, EXEC).
    ///
    /// # Errors
    ///
    /// Nothing was run: as [`Connection::run`].
    pub async fn atomic(self) -> Result<Vec<Reply>> {
        self.go(true).await
    }

    async fn go(self, atomic: bool) -> Result<Vec<Reply>> {
        let replies = host::redis::pipeline(self.connection, self.commands, atomic).await;
        replies.map_err(Error::of_capability)?.into_iter().map(Reply::read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Host;

    #[test]
    fn nested_replies_come_back_as_they_were() {
        let reply = Reply::List(vec![
            Reply::Map(vec![(Reply::Bytes(b"a".to_vec()), Reply::Set(vec![Reply::Int(1), Reply::Nil]))]),
            Reply::List(Vec::new()),
            Reply::Failure("ERR".to_owned()),
        ]);
        let mut parts = Vec::new();
        reply.clone().write(&mut parts);
        assert_eq!(Reply::read(parts).unwrap(), reply);
    }

    #[test]
    fn replies_that_do_not_hold_together_are_errors() {
        let deep = vec![Part::List(1); DEEPEST as usize + 1];
        for parts in [
            vec![],
            vec![Part::List(2), Part::Nil],
            vec![Part::Nil, Part::Nil],
            vec![Part::Map(1), Part::Nil],
            deep,
        ] {
            assert!(Reply::read(parts.clone()).is_err(), "{parts:?}");
        }
    }

    #[test]
    fn commands_are_what_redis_expects() {
        let host = Host::new().redis("cache", |command| match command {
            ["GET", "here"] => Ok(Reply::Bytes(b"value".to_vec())),
            ["GET", _] => Ok(Reply::Nil),
            ["SET", "key", "value", "PX", "1500"] => Ok(Reply::Status("OK".to_owned())),
            ["INCRBY", "n", "2"] => Ok(Reply::Int(7)),
            ["EVAL", "return 1", "1", "k", "a"] => Ok(Reply::Int(1)),
            other => Err(Error::invalid(format!("{other:?}"))),
        });
        let cache = Connection::named("cache");
        host.run(async {
            assert_eq!(cache.get_text("here").await.unwrap().as_deref(), Some("value"));
            assert_eq!(cache.get("gone").await.unwrap(), None);
            cache.set_for("key", "value", Duration::from_millis(1_500)).await.unwrap();
            assert_eq!(cache.increment("n", 2).await.unwrap(), 7);
            assert_eq!(cache.script("return 1", ["k"], ["a"]).await.unwrap(), Reply::Int(1));
            let both =
                cache.pipeline().command(["GET", "here"]).command(["GET", "gone"]).run().await.unwrap();
            assert_eq!(both.len(), 2);
        });
    }
}
