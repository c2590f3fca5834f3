//! An answer that goes out while the service still makes it: a large export, server-sent events.
//!
//! ```
//! # use caisson::{Error, answer};
//! # async fn handle() -> Result<(), Error> {
//! let mut answer = answer::begin(200, &[("content-type", "text/csv")])?;
//! answer.write("id,name\n").await?;
//! answer.write("1,Ada\n").await?;
//! // What the service returns is not sent any more; an error cuts the connection.
//! # Ok(())
//! # }
//! ```

use crate::{Error, Result, host};

/// An answer that has begun.
#[derive(Debug)]
pub struct Answer(());

/// Sends the head.
///
/// # Errors
///
/// `invalid-input`: the answer has begun already, or nobody asked for one.
pub fn begin(status: u16, headers: &[(&str, &str)]) -> Result<Answer> {
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    host::begin_answer(status, &headers).map(|()| Answer(())).map_err(Error::of_service)
}

impl Answer {
    /// Sends a piece, and waits while the receiver is slow.
    ///
    /// # Errors
    ///
    /// `cancelled`: nobody reads any more; `quota-exceeded`: the piece is larger than the limit `answer_bytes`.
    pub async fn write(&mut self, piece: impl Into<Vec<u8>>) -> Result<()> {
        host::write_answer(piece.into()).await.map_err(Error::of_service)
    }
}
