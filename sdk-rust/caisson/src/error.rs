//! The error of services.

use crate::Field;
use crate::bindings::caisson::{capability, service};
use std::fmt;

/// What an error is of, in kinds that every channel and every capability share.
pub use crate::bindings::caisson::capability::types::ErrorKind;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error as a value: what the caller is told, and what the operator's log says besides.
///
/// `?` turns any other error into one. What it says is for the log only, and the caller reads that the service failed;
/// JSON that could not be read is the exception: it is the caller's (`invalid-input`). For that reason this type is no
/// [`std::error::Error`] itself.
///
/// ```
/// use caisson::{Error, ErrorKind};
///
/// fn amount(text: &str) -> Result<u32, Error> {
///     Ok(text.parse::<u32>()?)
/// }
/// assert_eq!(amount("many").unwrap_err().kind(), ErrorKind::Internal);
///
/// fn price(text: &str) -> Result<u32, Error> {
///     text.parse().map_err(|error| Error::invalid(format!("the price {text:?} is no number: {error}")))
/// }
/// assert_eq!(price("low").unwrap_err().kind(), ErrorKind::InvalidInput);
/// ```
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    detail: Option<String>,
    status: Option<u16>,
    retryable: bool,
    code: Option<String>,
    headers: Vec<Field>,
}

impl Error {
    /// An error of a kind. `message` is a text that the caller may read.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let retryable =
            matches!(kind, ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::QuotaExceeded);
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            detail: None,
            status: None,
            retryable,
            code: None,
            headers: Vec::new(),
        }))
    }

    /// The message makes no sense, or misses something (`invalid-input`).
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    /// There is no such thing (`not-found`).
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// The caller may not do that (`access-denied`).
    #[must_use]
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::AccessDenied, message)
    }

    /// It contradicts what is there already (`conflict`).
    #[must_use]
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, message)
    }

    /// It took too long (`timeout`).
    #[must_use]
    pub fn timeout(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Timeout, message)
    }

    /// It is not possible now and may be later (`unavailable`).
    #[must_use]
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// The service itself is at fault (`internal`).
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// Adds what only the operator's log says.
    #[must_use]
    pub fn detail(mut self, detail: impl fmt::Display) -> Self {
        self.0.detail = Some(detail.to_string());
        self
    }

    /// Answers with this HTTP status; otherwise it follows from the kind.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Sends this header with the error.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.headers.push((name.into(), value.into()));
        self
    }

    /// Says whether the same call may succeed later: a message of a broker is then delivered again.
    #[must_use]
    pub fn retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// The remote system's own code, as a capability would give it. For tests.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.0.code = Some(code.into());
        self
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What the caller may read.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The remote system's own code, when a capability failed and there is one: an SQLSTATE, a reply code of AMQP.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// The HTTP status, when one was chosen.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        self.0.status
    }

    /// What only the operator's log says.
    #[must_use]
    pub fn log_detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    pub(crate) fn of_capability(error: capability::types::Error) -> Self {
        let mut made = Self::new(error.kind, error.message).retryable(error.retryable);
        made.0.code = error.code;
        made
    }

    pub(crate) fn of_service(error: service::types::Error) -> Self {
        let service::types::Error { kind, status, message, detail, retryable, headers } = error;
        Self(Box::new(Inner { kind, message, detail, status, retryable, code: None, headers }))
    }

    pub(crate) fn into_service(self) -> service::types::Error {
        let Inner { kind, message, detail, status, retryable, code, headers } = *self.0;
        // A code has no place of its own in what a service answers; whoever reads the log wants to see it.
        let detail = match (detail, code) {
            (detail, None) => detail,
            (None, Some(code)) => Some(format!("code {code}")),
            (Some(detail), Some(code)) => Some(format!("{detail} (code {code})")),
        };
        service::types::Error { kind, status, message, detail, retryable, headers }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl<E: std::error::Error + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        let any: &(dyn std::error::Error + 'static) = &error;
        // An error of reading has a line; one of writing has none, and is the service's own.
        if let Some(json) = any.downcast_ref::<serde_json::Error>().filter(|json| json.line() > 0) {
            return Self::invalid(format!("the JSON is not what is expected: {json}"));
        }
        let mut detail = error.to_string();
        let mut cause = error.source();
        while let Some(because) = cause {
            detail.push_str(": ");
            detail.push_str(&because.to_string());
            cause = because.source();
        }
        Self::internal("the service failed").detail(detail)
    }
}
