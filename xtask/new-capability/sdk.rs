//! Questions and answers over connections of type `__name__`.
//!
//! ```
//! # use caisson::{Error, __name__};
//! # async fn handle() -> Result<(), Error> {
//! let answer = __name__::Connection::named("my-__name__").ask("How goes it?").await?;
//! # Ok(())
//! # }
//! ```

use crate::bindings::caisson::__name__::client;
use crate::{Error, Result};
use std::borrow::Cow;

/// A connection of the operator's, by its name.
#[derive(Clone, Debug)]
pub struct Connection(Cow<'static, str>);

impl Connection {
    /// The connection of this name. Whether there is one, and whether this service may use it, shows when it is used.
    #[must_use]
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        Self(name.into())
    }

    /// Asks a question, which is one line; answers the line that comes back.
    ///
    /// # Errors
    ///
    /// `access-denied`: a grant is missing, which the message names.
    pub async fn ask(&self, question: &str) -> Result<String> {
        client::ask(self.0.clone().into_owned(), question.to_owned()).await.map_err(Error::of_capability)
    }
}
